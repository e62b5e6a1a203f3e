/** What is known of the clocks of earlier runs when the clock is set in a later one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceivedEvent } from "@pinion/wamp/client";
import { BootClocks, wallOffset } from "../../device/journal/boot-clocks.ts";
import { VirtualDisk } from "../support/virtual-disk.ts";
import { script } from "./flaky-driver.ts";
import { answer, at, makeRig, type Rig, type RigOptions } from "./rig.ts";

const WRONG = -50_000_000;

/** One run of the process that makes a reading; the router is there when `link` says so. */
async function run(options: RigOptions & { readonly boot: string; readonly link: boolean }): Promise<Rig> {
  const rig = makeRig({
    drivers: "drivers: [{ use: flaky, name: aged }]",
    durable: ["aged"],
    kernel: { id: "one", origin: 0 },
    ...options,
  });
  if (!options.link) rig.host.crash();
  await rig.start();
  script("aged").ctx?.publish("aged", { value: 1 });
  await rig.clock.advance(5_000);
  return rig;
}

const byText = (a: unknown, b: unknown): number => JSON.stringify(a).localeCompare(JSON.stringify(b));

async function end(rig: Rig): Promise<void> {
  const stopped = rig.runtime.stop();
  await rig.clock.advance(5_000);
  await stopped;
}

async function told(rig: Rig): Promise<ReceivedEvent[]> {
  const heard: ReceivedEvent[] = [];
  await (await rig.guest()).subscribe("device.clock", (event) => void heard.push(event));
  await rig.clock.advance(5_000);
  return heard;
}

const stepsOf = (heard: readonly ReceivedEvent[]): unknown[] =>
  heard.map(({ args, kwargs }) => [kwargs["boot"], args[0]]).toSorted(byText);

test("a clock that is set puts right the readings of the runs before, too, whoever was there to hear it", async () => {
  const disk = new VirtualDisk();
  let error = WRONG;
  const clockError = (): number => error;
  await end(await run({ disk, clockError, boot: "b1", link: false }));
  const second = await run({ disk, clockError, boot: "b2", link: false });
  error = 0;
  await second.clock.advance(5_000);
  disk.cutPower((bound) => bound);
  const third = await run({ disk, clockError, boot: "b3", link: false });
  third.host.restart();
  assert.deepEqual(stepsOf(await told(third)), [
    ["b1", -WRONG],
    ["b2", -WRONG],
  ]);
  const page = await answer(await third.guest(), "device.history", ["aged"]);
  const right = [0, 1].map((index) => {
    const boot = at(page, "readings", index, "boot");
    const clocks = at(page, "clocks");
    assert.ok(Array.isArray(clocks));
    const steps: unknown = clocks
      .map((one: unknown) => (at(one, "boot") === boot ? at(one, "steps", 0) : undefined))
      .find(Boolean);
    assert.ok(Number(at(page, "readings", index, "mono")) < Number(at(steps, "mono")));
    return Number(at(page, "readings", index, "t")) + Number(at(steps, "offset")) > 1_700_000_000_000;
  });
  assert.deepEqual(right, [true, true]);
  await end(third);
  const fourth = await run({ disk, clockError, boot: "b4", link: true });
  assert.deepEqual(await told(fourth), [], "what was told is not told again");
});

test("a clock that is set while no process runs is noticed by the next one", async () => {
  const disk = new VirtualDisk();
  await end(await run({ disk, clockError: () => WRONG, boot: "b1", link: true }));
  const second = await run({ disk, boot: "b2", link: false });
  second.host.restart();
  assert.deepEqual(stepsOf(await told(second)), [["b1", -WRONG]]);
});

test("of runs under another kernel nothing is claimed", async () => {
  const disk = new VirtualDisk();
  await end(await run({ disk, clockError: () => WRONG, boot: "b1", link: true }));
  const second = await run({ disk, boot: "b2", link: false, kernel: { id: "two", origin: 0 } });
  second.host.restart();
  assert.deepEqual(await told(second), []);
});

test("a process that stands still between two looks at its clocks takes that for no step", () => {
  let now = 1_000;
  const stalls = [0, 600, 0, 0, 0, 0];
  const clock = {
    wall: () => {
      const wall = 50_000 + now;
      now += stalls.shift() ?? 0;
      return wall;
    },
    mono: () => now,
  };
  assert.equal(wallOffset(clock), 50_000);
  assert.equal(wallOffset(clock), 50_000, "it looks again");
  assert.equal(stalls.length, 3);
});

test("each step is told in the monotonic time of its own boot", () => {
  const wall = { at: 1_000_000 };
  const clocks = new BootClocks({
    boot: "late",
    kernel: { id: "k", origin: 700 },
    clock: { wall: () => wall.at, mono: () => 50 },
  });
  clocks.restoreHead({ kind: "head", boot: "early", next: [], clock: ["k", 200, 1_000_000 - 550] });
  clocks.compare();
  assert.deepEqual(clocks.untold(), [], "550 ms of that boot are 50 of this one");
  wall.at += 9_000;
  clocks.stepped(9_000);
  assert.deepEqual(clocks.untold(), [
    { boot: "early", offset: 9_000, mono: 550, t: 1_009_000 },
    { boot: "late", offset: 9_000, mono: 50, t: 1_009_000 },
  ]);
});
