/** Gaps that the board itself knows of: on the stream's own topic, with range and reason, and in its history. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "@pinion/wamp/client";
import { ReadingAccount } from "../support/reading-account.ts";
import { VirtualDisk } from "../support/virtual-disk.ts";
import { failure, script } from "./flaky-driver.ts";
import { answer, at, makeRig, type Rig } from "./rig.ts";

interface Told {
  readonly topic: string;
  readonly cause: unknown;
  readonly gap: Readonly<Record<string, unknown>>;
}

async function listen(client: Client): Promise<{ account: ReadingAccount; gaps: Told[] }> {
  const account = new ReadingAccount();
  const gaps: Told[] = [];
  await client.subscribe(
    "sensor.",
    (event) => {
      account.take(event);
      const { gap, cause } = event.kwargs;
      if (gap !== undefined) gaps.push({ topic: event.topic, cause, gap: gap as Told["gap"] }); // asserted by each test
    },
    { match: "prefix" },
  );
  return { account, gaps };
}

async function started(name: string, isDurable: boolean): Promise<{ rig: Rig; client: Client }> {
  const rig = makeRig({ drivers: `drivers: [{ use: flaky, name: ${name} }]`, durable: isDurable ? [name] : [] });
  await rig.start();
  return { rig, client: await rig.guest() };
}

function publish(name: string, count: number): void {
  for (let n = 0; n < count; n += 1) script(name).ctx?.publish(name, { value: n });
}

const byText = (a: unknown, b: unknown): number => JSON.stringify(a).localeCompare(JSON.stringify(b));
const rangeOf = ({ gap }: Told): unknown[] => [gap["boot"], gap["from"], gap["to"], gap["reason"]];

for (const isDurable of [true, false]) {
  const name = isDurable ? "gap_durable" : "gap_latest";
  test(`a driver that fails leaves one gap on its ${isDurable ? "durable" : "latest"} stream, at once, however often it is tried`, async () => {
    const { rig, client } = await started(name, isDurable);
    const { account, gaps } = await listen(client);
    publish(name, 2);
    for (let n = 0; n < 6; n += 1) script(name).openErrors.push(failure("io"));
    script(name).ctx?.failed(failure("no_such_device"));
    await rig.clock.advance(6_000);
    assert.deepEqual(gaps.map(rangeOf), [["boot1", 3, 3, "driver_fault"]]);
    assert.match(String(gaps[0]?.cause), /nothing is read: made-up no_such_device/);
    await rig.clock.advance(120_000);
    publish(name, 1);
    await rig.clock.advance(6_000);
    assert.equal(gaps.length, 1);
    const { undeclared, delivered, inGaps } = account.report([{ topic: `sensor.${name}`, boot: "boot1", seq: 4 }]);
    assert.deepEqual({ undeclared, delivered, inGaps }, { undeclared: 0, delivered: 3, inGaps: 1 });
    const page = await answer(client, "device.history", [name, 2]);
    assert.equal(at(page, "gaps", 0, "reason"), "driver_fault");
    assert.equal(at(page, "gaps", 0, "from"), 3);
    assert.equal(at(page, "readings", 0, "seq"), 4);
    assert.equal(at(page, "gaps", 1), undefined);
  });
}

test("a consumer that goes on from a cursor hears of the driver's failure and of the clock's step in their place", async () => {
  let error = 0;
  const rig = makeRig({
    drivers: "drivers: [{ use: flaky, name: gap_from }]",
    durable: ["gap_from"],
    clockError: () => error,
  });
  await rig.start();
  const heard: unknown[] = [];
  await (
    await rig.guest()
  ).subscribe("sensor.gap_from", ({ kwargs }) => void heard.push(kwargs["seq"]), {
    from: {},
    onReadingGap: ({ from, to, reason, cause, offset }) => void heard.push([from, to, reason, cause, offset]),
  });
  publish("gap_from", 1);
  await rig.clock.advance(1_000);
  script("gap_from").ctx?.failed(failure("io"));
  await rig.clock.advance(3_000);
  publish("gap_from", 1);
  error = 5_000;
  await rig.clock.advance(3_000);
  publish("gap_from", 1);
  await rig.clock.advance(3_000);
  const words = "made-up io. Check the wiring and the kernel's log (dmesg), then try again.";
  assert.deepEqual(heard, [1, [2, 2, "driver_fault", words, undefined], 3, [4, 4, "clock_step", undefined, 5_000], 5]);
});

test("a driver that never opens leaves a gap where its first reading would be", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: gap_never }]", durable: ["gap_never"] });
  script("gap_never").openErrors.push(failure("bad_config"));
  await rig.start();
  const page = await answer(await rig.guest(), "device.history", ["gap_never"]);
  assert.deepEqual([at(page, "gaps", 0, "from"), at(page, "gaps", 0, "to")], [1, 1]);
  assert.equal(at(page, "gaps", 0, "cause"), "made-up bad_config. Correct the configuration and start again.");
});

test("a gap that nobody heard of is told by the next run, with its cause", async () => {
  const disk = new VirtualDisk();
  const drivers = "drivers: [{ use: flaky, name: gap_kept }]";
  const first = makeRig({ drivers, durable: ["gap_kept"], disk });
  first.host.crash();
  await first.start();
  publish("gap_kept", 1);
  script("gap_kept").ctx?.failed(failure("io"));
  await first.clock.advance(3_000);
  disk.cutPower((bound) => bound);
  const second = makeRig({ drivers, durable: ["gap_kept"], disk, boot: "boot2" });
  const { gaps } = await listen(await second.guest());
  await second.start();
  await second.clock.advance(10_000);
  assert.deepEqual(gaps.map(rangeOf).toSorted(byText), [
    ["boot1", 2, 2, "driver_fault"],
    ["boot1", 3, null, "unclean_stop"],
  ]);
  assert.match(String(gaps.find(({ gap }) => gap["to"] === 2)?.cause), /made-up io/);
});

test("a clock that is set leaves a gap on each stream that has readings, with the offset, and loses none of them", async () => {
  let error = -1_000_000;
  const drivers =
    "drivers: [{ use: flaky, name: clock_one }, { use: flaky, name: clock_two }, { use: flaky, name: clock_none }]";
  const rig = makeRig({ drivers, durable: ["clock_one", "clock_none"], clockError: () => error });
  await rig.start();
  const { account, gaps } = await listen(await rig.guest());
  publish("clock_one", 2);
  publish("clock_two", 1);
  await rig.clock.advance(100);
  error = 0;
  await rig.clock.advance(3_000);
  publish("clock_one", 1);
  await rig.clock.advance(3_000);
  assert.deepEqual(
    gaps.map(({ topic, gap }) => [topic, gap["from"], gap["to"], gap["reason"], gap["offset"]]).toSorted(byText),
    [
      ["sensor.clock_one", 3, 3, "clock_step", 1_000_000],
      ["sensor.clock_two", 2, 2, "clock_step", 1_000_000],
    ],
  );
  assert.match(String(gaps[0]?.cause), /no reading is lost, but the clock was set by 1000000 ms/);
  const { undeclared, delivered } = account.report([{ topic: "sensor.clock_one", boot: "boot1", seq: 4 }]);
  assert.deepEqual({ undeclared, delivered }, { undeclared: 0, delivered: 4 });
});
