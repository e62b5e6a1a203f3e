/** Journal, session and consumer together: what is delivered when the link comes and goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorUri, type Dict } from "@pinion/wamp";
import { Client } from "@pinion/wamp/client";
import { DurableDelivery, deliveryDefaults, type DeliveryLimits } from "../../device/durable-delivery.ts";
import { BootClocks } from "../../device/journal/boot-clocks.ts";
import { Journal } from "../../device/journal/journal.ts";
import { journalDefaults } from "../../device/journal/journal-limits.ts";
import { namingFor } from "../../device/naming.ts";
import { RouterHost } from "../support/router-host.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { VirtualDisk } from "../support/virtual-disk.ts";

interface Heard {
  readonly value: unknown;
  readonly kwargs: Dict;
}

const silent = (): void => undefined;

class Bench {
  readonly clock = new VirtualClock(1_000);
  readonly disk = new VirtualDisk();
  readonly host: RouterHost;
  readonly heard: Heard[] = [];
  readonly logged: string[] = [];
  readonly #board: Client;
  readonly #limits: DeliveryLimits;
  readonly #seqs = new Map<string, number>();
  #boot = "";
  #running: { journal: Journal; delivery: DurableDelivery } | undefined;

  constructor(limits: Partial<DeliveryLimits>, mayPublish: () => boolean = () => true) {
    this.#limits = { ...deliveryDefaults, ...limits };
    this.host = new RouterHost(this.clock, {
      authorizer: {
        authorize: (_, action) =>
          action !== "publish" || mayPublish()
            ? { allowed: true }
            : { allowed: false, reason: ErrorUri.notAuthorized, words: "not yet" },
      },
    });
    this.#board = this.client();
    this.#board.onState(({ state }) => {
      if (state === "ready") this.delivery.ready();
    });
  }

  get journal(): Journal {
    return this.#started.journal;
  }

  get delivery(): DurableDelivery {
    return this.#started.delivery;
  }

  client(): Client {
    const { clock, host } = this;
    return new Client({ connect: host.connector, realm: "realm1", timers: clock, clock: clock.now, random: () => 0.5 });
  }

  async start(): Promise<this> {
    const consumer = this.client();
    consumer.open();
    const heard = consumer.subscribe(
      "sensor.",
      ({ args, kwargs }) => void this.heard.push({ value: args[0], kwargs }),
      { match: "prefix" },
    );
    await this.clock.advance(100);
    await heard;
    await this.boot("boot1");
    this.#board.open();
    await this.clock.advance(100);
    return this;
  }

  /** A process starts on this disk. */
  async boot(boot: string): Promise<void> {
    this.#running?.delivery.stop();
    this.#boot = boot;
    this.#seqs.clear();
    const { clock, disk } = this;
    const note = (message: string): void => void this.logged.push(message);
    const parts = {
      clock: { wall: () => 1_700_000_000_000 + clock.now(), mono: clock.now },
      timers: {
        after: (ms: number, run: () => void) => {
          const id = clock.setTimeout(run, ms);
          return () => clock.clearTimeout(id);
        },
      },
      log: { debug: silent, info: silent, warn: note, error: note },
    };
    const clocks = new BootClocks({ boot, clock: parts.clock });
    const journal = await Journal.open({
      ...parts,
      clocks,
      disk,
      boot,
      streams: ["kiln", "tank"],
      limits: journalDefaults,
    });
    const naming = namingFor("single", "bench");
    const delivery = new DurableDelivery({ ...parts, client: this.#board, naming, journal, limits: this.#limits });
    this.#running = { journal, delivery };
  }

  read(count: number, stream = "kiln"): void {
    for (let n = 0; n < count; n += 1) {
      const seq = (this.#seqs.get(stream) ?? 0) + 1;
      this.#seqs.set(stream, seq);
      const now = this.clock.now();
      this.delivery.reading(stream, { value: seq, t: now, mono: now, boot: this.#boot, seq, quality: "good" });
    }
  }

  /** Until it is so, at most a minute. */
  async until(isSo: () => boolean): Promise<void> {
    for (let step = 0; step < 6_000 && !isSo(); step += 1) await this.clock.advance(10);
    assert.ok(isSo(), "it came to be");
  }

  get #started(): { journal: Journal; delivery: DurableDelivery } {
    if (this.#running === undefined) throw new Error("the bench has not been started");
    return this.#running;
  }
}

function bench(limits: Partial<DeliveryLimits> = {}, mayPublish: () => boolean = () => true): Promise<Bench> {
  return new Bench(limits, mayPublish).start();
}

const valuesOf = (heard: readonly Heard[]): readonly unknown[] => heard.map(({ value }) => value);

test("a reading leaves the journal only after PUBLISHED", async () => {
  const at = await bench();
  at.read(3);
  assert.equal(at.journal.pending, 3);
  await at.clock.advance(10);
  assert.deepEqual(valuesOf(at.heard), [1, 2, 3]);
  assert.equal(at.journal.pending, 0);
});

test("what was made without a session follows in order, marked, after a new reading that did not wait for it", async () => {
  const at = await bench();
  at.host.crash();
  await at.clock.advance(10);
  at.read(50);
  at.host.restart();
  await at.clock.advance(60_000);
  at.heard.length = 0;
  at.host.crash();
  await at.clock.advance(10);
  at.read(30);
  at.host.restart();
  await at.until(() => at.heard.length > 0);
  at.read(1);
  await at.clock.advance(60_000);
  const live = at.heard.filter(({ kwargs }) => kwargs["replayed"] !== true);
  const replayed = at.heard.filter(({ kwargs }) => kwargs["replayed"] === true);
  assert.deepEqual(valuesOf(live), [81]);
  assert.ok(at.heard.findIndex(({ value }) => value === 81) < at.heard.findIndex(({ value }) => value === 80));
  assert.deepEqual(
    valuesOf(replayed),
    Array.from({ length: 30 }, (_, index) => 51 + index),
  );
  assert.ok(replayed.every(({ kwargs }) => kwargs["quality"] === "replayed"));
});

test("the backlog is sent at a bounded rate", async () => {
  const at = await bench({ rate: 20 });
  at.host.crash();
  await at.clock.advance(10);
  at.read(100);
  at.host.restart();
  await at.until(() => at.heard.length > 0);
  await at.clock.advance(2_000);
  assert.ok(
    at.heard.length >= 38 && at.heard.length <= 44,
    `${String(at.heard.length)} of 100 in two seconds at 20 a second`,
  );
  await at.clock.advance(4_000);
  assert.equal(at.heard.length, 100);
});

test("what a slow router has not acknowledged is not sent beyond the bound, and none of it is lost", async () => {
  const at = await bench({ live: 8 });
  at.read(40);
  await at.clock.advance(10_000);
  assert.deepEqual(
    valuesOf(at.heard).toSorted((a, b) => Number(a) - Number(b)),
    Array.from({ length: 40 }, (_, index) => index + 1),
  );
  assert.equal(at.journal.pending, 0);
});

test("after a kill the next run delivers what was on disk, and tells the gap at the end", async () => {
  const at = await bench();
  at.host.crash();
  await at.clock.advance(10);
  at.read(5);
  await at.clock.advance(2_100);
  at.read(4);
  at.disk.cutPower((bound) => bound);
  await at.boot("boot2");
  at.host.restart();
  await at.clock.advance(60_000);
  const replayed = at.heard.filter(({ kwargs }) => kwargs["boot"] === "boot1" && kwargs["gap"] === undefined);
  assert.deepEqual(valuesOf(replayed), [1, 2, 3, 4, 5]);
  const gap = at.heard.find(({ kwargs }) => kwargs["gap"] !== undefined);
  const { id, found, ...told } = (gap?.kwargs["gap"] ?? {}) as Dict; // the event's own shape; nothing in it fails below
  assert.deepEqual(told, { boot: "boot1", from: 6, to: null, reason: "unclean_stop" });
  assert.ok(typeof id === "string" && typeof found === "number");
  assert.match(String(gap?.kwargs["cause"]), /readings from 6 on/);
});

test("what reaches the disk while the backlog is on its way is not forgotten until the next session", async () => {
  const at = await bench({ rate: 20 });
  at.host.crash();
  await at.clock.advance(10);
  at.read(100);
  await at.clock.advance(2_100);
  at.read(3);
  at.host.restart();
  await at.until(() => at.delivery.report().delivered > 0);
  assert.ok(at.delivery.report().delivered < 50, "the three are not on disk yet");
  await at.clock.advance(8_000);
  assert.deepEqual([at.journal.pending, at.delivery.report().delivered], [0, 103]);
});

test("a session that ends is no refusal", async () => {
  const at = await bench();
  at.read(2);
  at.host.crash();
  await at.clock.advance(1_000);
  assert.equal(at.delivery.report().refused, undefined);
  assert.deepEqual(at.logged, []);
});

test("a router that refuses readings is told of once, and tried again until it takes them", async () => {
  let allowed = false;
  const at = await bench({}, () => allowed);
  at.read(2);
  await at.clock.advance(30_000);
  assert.equal(at.logged.filter((line) => line.includes("does not take readings of kiln")).length, 1);
  assert.match(at.delivery.report().refused ?? "", /not_authorized/);
  assert.equal(at.journal.pending, 2);
  allowed = true;
  await at.clock.advance(120_000);
  assert.equal(at.journal.pending, 0);
  assert.equal(at.delivery.report().refused, undefined);
});
