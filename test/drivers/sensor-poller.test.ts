import assert from "node:assert/strict";
import { test } from "node:test";
import { DriverError } from "../../drivers/driver-error.ts";
import { pollOptions, type PollOptions } from "../../drivers/polling/poll-options.ts";
import { SensorPoller } from "../../drivers/polling/sensor-poller.ts";
import type { RawReading } from "../../drivers/reading.ts";
import { Sequence } from "../../drivers/sequence.ts";
import { simulated } from "../../drivers/simulated.ts";
import { w1 } from "../../drivers/sensors/w1.ts";
import { DriverRig } from "../support/driver-rig.ts";

type Config = Parameters<typeof pollOptions>[0];
type Read = () => Promise<RawReading>;

interface Polled {
  readonly rig: DriverRig;
  readonly poller: SensorPoller;
  readonly told: () => readonly (readonly [at: number, value: unknown])[];
}

function polled(
  config: Config,
  read: Read,
  enter?: <R>(task: () => Promise<R>) => Promise<R>,
  rig = new DriverRig(),
): Polled {
  const options: PollOptions = pollOptions(config, "1s");
  const ctx = rig.context(simulated, { sensors: { x: { wave: "constant" } } });
  const poller = new SensorPoller({ name: "x", options, read, ...(enter === undefined ? {} : { enter }) }, ctx);
  poller.start();
  const told = () =>
    rig.readings.map(({ at, value, quality = "good" }) => [at, quality === "good" ? value : quality] as const);
  return { rig, poller, told };
}

/** One value after the other; an error is thrown, the last one stays. */
function playing(...values: readonly (number | DriverError)[]): Read {
  let index = 0;
  return async () => {
    const value = values[Math.min(index, values.length - 1)];
    index += 1;
    if (typeof value !== "number") throw value;
    return { value };
  };
}

const broken = new DriverError("io", "no answer");
const never = async (): Promise<RawReading> => new Promise(() => undefined);

test("without a deadband each value is told, equal ones too", async () => {
  const { rig, poller, told } = polled({}, playing(1, 1, 2));
  await rig.clock.advance(3000);
  assert.deepEqual(told(), [
    [0, 1],
    [1000, 1],
    [2000, 2],
    [3000, 2],
  ]);
  await poller.stop();
});

test("with an absolute deadband only what differs by more than it from the last told is told", async () => {
  const { rig, poller, told } = polled({ deadband: 0.5 }, playing(10, 10.5, 10.4, 10.6, 11, 9));
  await rig.clock.advance(5000);
  assert.deepEqual(told(), [
    [0, 10],
    [3000, 10.6],
    [5000, 9],
  ]);
  await poller.stop();
});

test("a deadband in percent is one of the last value told", async () => {
  const { rig, poller, told } = polled({ deadband: "10%" }, playing(100, 109, 111, 121, 123));
  await rig.clock.advance(4000);
  assert.deepEqual(told(), [
    [0, 100],
    [2000, 111],
    [4000, 123],
  ]);
  await poller.stop();
});

test("a heartbeat tells an unchanged value after its time", async () => {
  const { rig, poller, told } = polled({ heartbeat: "3s" }, playing(7));
  await rig.clock.advance(7000);
  assert.deepEqual(told(), [
    [0, 7],
    [3000, 7],
    [6000, 7],
  ]);
  await poller.stop();
});

test("a throttle lets one reading through in its time, and the newest wins", async () => {
  const { rig, poller, told } = polled({ interval: "100ms", throttle: "250ms" }, playing(0, 1, 2, 3, 4, 5, 6, 7));
  await rig.clock.advance(549);
  assert.deepEqual(told(), [
    [0, 0],
    [250, 2],
    [500, 4],
  ]);
  await poller.stop();
  assert.equal(rig.clock.pending, 0);
});

test("a failed read is an error reading with its cause, and the polling goes on", async () => {
  const { rig, poller, told } = polled({}, playing(1, broken, 2));
  await rig.clock.advance(2000);
  assert.deepEqual(told(), [
    [0, 1],
    [1000, "error"],
    [2000, 2],
  ]);
  assert.match(rig.readings[1]?.cause ?? "", /no answer/);
  assert.deepEqual(poller.health, { state: "ok", counters: { failed_reads: 1, late_reads: 0 } });
  await poller.stop();
});

test("after three intervals without a good value it is called stale once, with its last value, until there is a good one", async () => {
  const { rig, poller, told } = polled(
    { interval: "10s" },
    playing(4, broken, broken, broken, broken, broken, 5, broken),
  );
  await rig.clock.advance(70_000);
  assert.deepEqual(told(), [
    [0, 4],
    [10_000, "error"],
    [20_000, "error"],
    [30_000, "stale"],
    [60_000, 5],
    [70_000, "error"],
  ]);
  assert.equal(rig.readings[3]?.value, 4);
  assert.match(rig.readings[3]?.cause ?? "", /no good value for 30 s.*no answer/);
  await poller.stop();
});

test("timeout: a read that never answers is told of in each turn, never started a second time, and does not hold up the end", async () => {
  let reads = 0;
  const { rig, poller, told } = polled({ interval: "10s" }, async () => ((reads += 1), never()));
  await rig.clock.advance(20_000);
  assert.deepEqual(told(), [
    [5000, "error"],
    [10_000, "error"],
    [20_000, "error"],
  ]);
  assert.match(rig.readings[0]?.cause ?? "", /x did not answer within 5s/);
  assert.equal(reads, 1);
  assert.equal(poller.health.state, "faulted");
  await poller.stop();
  assert.equal(rig.clock.pending, 0);
});

test("a read that answers at last is followed by the next one", async () => {
  let release = (_: RawReading): void => undefined;
  let reads = 0;
  const { rig, poller, told } = polled({ timeout: "100ms" }, async () => {
    reads += 1;
    return reads === 1 ? new Promise((resolve) => (release = resolve)) : { value: reads };
  });
  await rig.clock.advance(500);
  release({ value: 1 });
  await rig.clock.advance(500);
  assert.deepEqual(told(), [
    [100, "error"],
    [1000, 2],
  ]);
  await poller.stop();
});

test("jitter makes reads late by up to its time and keeps to the grid", async () => {
  const { rig, poller, told } = polled({ jitter: "200ms" }, playing(1));
  await rig.clock.advance(60_000);
  const late = told()
    .slice(1)
    .map(([at], index) => at - 1000 * (index + 1));
  assert.ok(late.every((ms) => ms >= 0 && ms < 200));
  assert.ok(new Set(late).size > 10);
  await poller.stop();
});

test("aligned reads are at multiples of the interval on the wall clock", async () => {
  const rig = new DriverRig();
  await rig.clock.advance(1234);
  const { poller, told } = polled({ interval: "10s", align: true }, playing(1), undefined, rig);
  await rig.clock.advance(30_000);
  assert.deepEqual(
    told().map(([at]) => at),
    [1234, 10_000, 20_000, 30_000],
  );
  await poller.stop();
});

test("a window tells least, greatest and mean of its good values, and of none that there was none", async () => {
  const values = [1, 5, broken, 3, broken, broken, broken, broken, 8];
  const { rig, poller } = polled({ window: { over: "4s", only: true } }, playing(...values));
  await rig.clock.advance(8000);
  const told = rig.readings.map(({ stream, at, value, quality }) => [
    stream,
    at,
    quality === "error" ? "error" : value,
  ]);
  assert.deepEqual(told, [
    ["x_min", 4000, 1],
    ["x_max", 4000, 5],
    ["x_mean", 4000, 3],
    ["x_min", 8000, "error"],
    ["x_max", 8000, "error"],
    ["x_mean", 8000, "error"],
  ]);
  await poller.stop();
});

test("what shares a bus is read one after the other, and the time of a read counts from its turn", async () => {
  const rig = new DriverRig();
  const bus = new Sequence("bus", 10);
  let reading = 0;
  let most = 0;
  const slow = async (): Promise<RawReading> => {
    reading += 1;
    most = Math.max(most, reading);
    await new Promise<void>((resolve) => void rig.clock.setTimeout(resolve, 750));
    reading -= 1;
    return { value: 1 };
  };
  const config = { interval: "10s", timeout: "1s" };
  const enter = async <R>(task: () => Promise<R>) => bus.runAnyway(task);
  const all = [1, 2, 3].map(() => polled(config, slow, enter, rig));
  await rig.clock.advance(3000);
  assert.equal(most, 1);
  assert.deepEqual(
    all[0]?.told().map(([at, value]) => [at, value]),
    [
      [750, 1],
      [1500, 1],
      [2250, 1],
    ],
  );
  await Promise.all(all.map(async ({ poller }) => poller.stop()));
});

test("jitter beyond the interval and a window shorter than it are refused", () => {
  const issues = w1.check({
    sensors: { a: { interval: "1s", jitter: "2s", window: { over: "500ms" }, valid: { min: 2, max: 1 } } },
  });
  assert.deepEqual(
    issues.map(({ path }) => path),
    ["/sensors/a/jitter", "/sensors/a/window/over", "/sensors/a/valid"],
  );
});
