/** The dashboard without its document, and made-up boards, on one router core and one virtual clock. */
import { settle, VirtualClock } from "../support/virtual-clock.ts";
import { RouterHost } from "../support/router-host.ts";
import { testClient } from "../support/test-client.ts";
import type { Client } from "@pinion/wamp/client";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { act, type Request } from "../../router-bridge/dashboard/session/acting.ts";
import { FindingBoards } from "../../router-bridge/dashboard/session/finding-boards.ts";
import { Store } from "../../router-bridge/dashboard/state/store.ts";

const WALL = 1_700_000_000_000;

export class Bench {
  readonly clock = new VirtualClock(1_000);
  readonly host = new RouterHost(this.clock);
  changes = 0;
  readonly store = new Store(() => {
    this.changes += 1;
  });
  readonly client: Client;

  constructor() {
    this.client = testClient(this.clock, this.host.connector).client;
    const context = { client: this.client, store: this.store, timers: this.clock, now: this.now };
    new FindingBoards(context).start();
  }

  readonly now = (): number => WALL + this.clock.now();

  async settle(): Promise<void> {
    await settle();
    await settle();
  }

  act(request: Request): Promise<boolean> {
    return act({ client: this.client, store: this.store, now: this.now }, request);
  }

  /** The request that the switch of the first output makes. */
  request(action: string, ...args: readonly unknown[]): Request {
    const [board] = this.store.boards;
    const channel = board?.model.channels[0];
    const found = channel?.actions.find(({ name }) => name === action);
    if (!board || !channel || !found) throw new Error(`no board with an action ${action}`);
    return { board, channel, action: found, args };
  }
}

/** A board with one output, as a client of the same router; what it answers may be changed by the test. */
export class MadeUpBoard {
  level = 0;
  boot = "boot-1";
  /** ms that its clock is ahead of the page's. */
  ahead = 0;
  /** Runs in `set` before the level changes. */
  beforeSet: () => Promise<void> = () => Promise.resolve();
  set: (value: unknown) => unknown = (value) => {
    this.level = Number(value);
    return { pin: "relay", requested: value, readBack: this.level, previous: 0, t: 0 };
  };
  lastReadings: readonly unknown[] = [];
  readonly client: Client;
  readonly #bench: Bench;
  readonly #id: string;

  constructor(bench: Bench, id = "shed") {
    this.#bench = bench;
    this.#id = id;
    this.client = testClient(bench.clock, bench.host.connector).client;
    this.client.open();
  }

  describe(): object {
    const drivers = [gpio.describe({ pins: { relay: { pin: "GPIO17", direction: "out", title: "Relay" } } })];
    const startedAt = this.#bench.now() + this.ahead;
    return { id: this.#id, title: "Shed", boot: this.boot, startedAt, drivers, lastReadings: this.lastReadings };
  }

  async join(): Promise<void> {
    const { client } = this;
    const t = (): number => this.#bench.now() + this.ahead;
    await client.register("device.describe", () => this.describe());
    await client.register("device.health", () => ({ id: this.#id, boot: this.boot, t: t(), drivers: [] }));
    await client.register("device.gpio.get", () => ({ pin: "relay", value: this.level, t: t() }));
    await client.register("device.gpio.set", async ({ args }) => {
      await this.beforeSet();
      return this.set(args[1]);
    });
    await client.subscribe("device.discover", () => this.announce());
    await this.announce();
    await this.#bench.settle();
  }

  async announce(): Promise<void> {
    await this.client.publish("device.announce", [this.describe()]);
  }

  async reading(stream: string, value: unknown, kwargs: Record<string, unknown> = {}): Promise<void> {
    await this.client.publish(`sensor.${stream}`, [value], { boot: this.boot, ...kwargs });
    await this.#bench.settle();
  }
}
