/** A board in memory: the runtime on a virtual clock, the mock board, and the real router core at the other end of a link. */
import { parseConfig } from "@pinion/config";
import { Client } from "@pinion/wamp/client";
import { deviceSchema, type DeviceConfig } from "../../device/config.ts";
import { journalSettings } from "../../device/delivery-config.ts";
import type { KernelClock } from "../../device/journal/boot-clocks.ts";
import { namingFor, type NamingMode } from "../../device/naming.ts";
import { planDrivers } from "../../device/plan.ts";
import { Runtime } from "../../device/runtime.ts";
import type { DriverDefinition, Log } from "../../drivers/driver.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { createMockBoard, type MockBoard } from "../../drivers/hardware/mock-board.ts";
import { RouterHost } from "../support/router-host.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { VirtualDisk } from "../support/virtual-disk.ts";
import { flaky } from "./flaky-driver.ts";

export const definitions: readonly DriverDefinition[] = [gpio, flaky];

export interface Rig {
  readonly clock: VirtualClock;
  readonly host: RouterHost;
  readonly board: MockBoard;
  readonly runtime: Runtime;
  readonly logged: string[];
  /** Starts the runtime and lets a second pass. */
  start(): Promise<void>;
  /** Another session in the realm, ready. */
  guest(): Promise<Client>;
}

export interface RigOptions {
  readonly clock?: VirtualClock;
  readonly host?: RouterHost;
  readonly id?: string;
  readonly naming?: NamingMode;
  readonly drivers?: string;
  readonly boot?: string;
  /** Streams that are journaled; left out: none. */
  readonly durable?: readonly string[];
  readonly disk?: VirtualDisk;
  readonly isSynced?: () => boolean;
  readonly kernel?: KernelClock;
  /** ms that the wall clock is wrong by. */
  readonly clockError?: () => number;
}

const PINS = `
drivers:
  - use: gpio
    checkInterval: 0
    pins:
      relay: { pin: GPIO17, direction: out }
      door: { pin: GPIO27, direction: in }
`;

export function boardConfigOf(text: string): DeviceConfig {
  const loaded = parseConfig(text, "board.yaml", deviceSchema(definitions));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.value as DeviceConfig; // what the schema describes
}

export function makeRig(options: RigOptions = {}): Rig {
  const clock = options.clock ?? new VirtualClock(1_000_000);
  const host = options.host ?? new RouterHost(clock);
  const time = { wall: () => 1_700_000_000_000 + clock.now() + (options.clockError?.() ?? 0), mono: clock.now };
  const board = createMockBoard({ time });
  const { drivers, findings } = planDrivers(boardConfigOf(options.drivers ?? PINS).drivers, definitions);
  if (findings.length > 0) throw new Error(JSON.stringify(findings));
  const logged: string[] = [];
  const note =
    (level: string) =>
    (message: string): void =>
      void logged.push(`${level} ${message}`);
  const log: Log = { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
  const runtime = new Runtime({
    naming: namingFor(options.naming ?? "single", options.id ?? "bench"),
    title: "Bench",
    version: "9.9.9",
    boot: options.boot ?? "boot1",
    drivers,
    board,
    client: clientOn(clock, host),
    router: { url: "memory:", realm: "realm1" },
    clock: time,
    timers: { after: (ms, run) => cancellation(clock, clock.setTimeout(run, ms)) },
    random: () => 0.5,
    log,
    logFor: () => log,
    delivery: {
      durable: new Set(options.durable ?? []),
      settings: journalSettings(boardConfigOf("drivers: []").journal),
      openPlace: () =>
        Promise.resolve({ disk: options.disk ?? new VirtualDisk(), directory: "/journal", release: () => undefined }),
    },
    kernel: options.kernel,
    isSynced: () => options.isSynced?.() ?? false,
    systemReport: () => ({}),
    processReport: () => ({ memory: { rss: 1, heapUsed: 1 }, loopLag: { mean: 0, max: 0 } }),
  });
  return {
    clock,
    host,
    board,
    runtime,
    logged,
    start: async () => {
      const started = runtime.start();
      await clock.advance(1_000);
      await started;
    },
    guest: async () => {
      const client = clientOn(clock, host);
      client.open();
      await clock.advance(100);
      return client;
    },
  };
}

function cancellation(clock: VirtualClock, id: number): () => void {
  return () => clock.clearTimeout(id);
}

function clientOn(clock: VirtualClock, host: RouterHost): Client {
  const { connector } = host;
  return new Client({ connect: connector, realm: "realm1", timers: clock, clock: clock.now, random: () => 0.5 });
}

/** The first argument of the answer. */
export async function answer(
  client: Client,
  procedure: string,
  args: readonly unknown[] = [],
  kwargs = {},
): Promise<unknown> {
  return (await client.call(procedure, args, kwargs)).args[0];
}

/** What is in `value` at a path, for assertions on answers whose shape is the thing under test. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Readonly<Record<string | number, unknown>>)[step]; // an object or list, indexed by what it may have
  }
  return here;
}
