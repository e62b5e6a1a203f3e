/** Power goes at each step of putting a release in place; the real launcher then finds what is left. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ReleaseStore } from "../../device/updating/release-store.ts";
import { temporaryFolder } from "../support/programs.ts";
import { install, makeRelease, PACKAGE_VERSION, releaseScene } from "../support/release-scene.ts";
import { PowerCut, VirtualReleaseDisk } from "../support/virtual-release-disk.ts";

const more = { "lib/deep/data.txt": "x".repeat(300) };

/** A board with these confirmed releases, everything on its disk. */
async function boardWith(versions: readonly string[]): Promise<{ disk: VirtualReleaseDisk; store: ReleaseStore }> {
  const disk = new VirtualReleaseDisk();
  const store = new ReleaseStore(disk);
  await disk.makeDirectory("releases");
  for (const version of versions) {
    await install(disk, store, makeRelease(version, more));
    await disk.remove("trial");
  }
  disk.settle();
  disk.steps = 0;
  return { disk, store };
}

/** The new release as `updates` does it; true when it came to its end. */
async function update({ disk, store }: Awaited<ReturnType<typeof boardWith>>, version: string): Promise<boolean> {
  try {
    await store.prune();
    await install(disk, store, makeRelease(version, more));
    return true;
  } catch (error) {
    if (error instanceof PowerCut) return false;
    throw error;
  }
}

/** mulberry32: the same for the same seed, so that what failed can be run again. */
function chanceOf(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % (bound + 1);
  };
}

async function everyStep(t: TestContext, before: readonly string[]): Promise<void> {
  const old = before.at(-1) ?? "package";
  const folder = temporaryFolder(t);
  const whole = await boardWith(before);
  await update(whole, "2.0.0");
  const seen = new Set<string>();
  for (let steps = 0; steps <= whole.disk.steps; steps += 1) {
    const board = await boardWith(before);
    board.disk.stepsLeft = steps;
    const isDone = await update(board, "2.0.0");
    assert.equal(isDone, steps === whole.disk.steps);
    const place = join(folder, String(steps));
    const scene = releaseScene(place);
    board.disk.leave(scene.state, chanceOf(steps * 7_919 + before.length));
    const ran = [scene.launch().ran];
    const context = `power gone at step ${String(steps)}: ${ran.join()}`;
    if (isDone) assert.equal(ran[0], "2.0.0", "what was told to be in place runs");
    assert.ok(ran[0] === old || ran[0] === "2.0.0", context);
    // the new one never proves itself here: the one before has to come back, and to stay
    while (ran.at(-1) === "2.0.0") ran.push(scene.launch().ran);
    assert.equal(ran.at(-1), old, ran.join());
    assert.ok(ran.length <= 4, ran.join());
    seen.add(ran[0] ?? "");
  }
  assert.deepEqual([...seen].toSorted(), [old, "2.0.0"].toSorted(), "both sides of the switch were met");
}

test("power cut at any step of the first update leaves a board that starts", (t) => everyStep(t, []));
test("power cut at any step of the second update leaves a board that starts", (t) => everyStep(t, ["1.1.0"]));
test("power cut at any step while old releases are pruned leaves a board that starts", (t) =>
  everyStep(t, ["1.1.0", "1.2.0", "1.3.0", "1.4.0"]));

test("three releases are kept, the current one and the one before among them", async () => {
  const board = await boardWith(["1.1.0", "1.2.0", "1.3.0", "1.4.0"]);
  await update(board, "2.0.0");
  const kept = await board.store.versions();
  assert.equal(kept.length, 3);
  assert.ok(kept.includes("2.0.0") && kept.includes("1.4.0"));
  assert.equal(await board.store.onTrial(), "2.0.0");
  assert.equal(PACKAGE_VERSION, "1.0.0");
});
