import assert from "node:assert/strict";
import { test } from "node:test";
import { planDrivers } from "../../device/plan.ts";
import { drivingPart, safeOutputs } from "../../device/safe-outputs.ts";
import { loadDrivers } from "../../drivers/index.ts";
import { createMockBoard, type MockBoard } from "../../drivers/hardware/mock-board.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const PINS = {
  pump: { pin: 17, direction: "out", initial: "keep" },
  valve: { pin: 22, direction: "out", safe: 1 },
  door: { pin: 27, direction: "in", pull: "up" },
};

async function made(board: MockBoard): Promise<{ safe: boolean; said: string[] }> {
  const clock = new VirtualClock();
  const said: string[] = [];
  const quiet = (): void => undefined;
  const context = {
    clock: { wall: clock.now, mono: clock.now },
    timers: {
      after: (ms: number, run: () => void) => {
        const id = clock.setTimeout(run, ms);
        return () => clock.clearTimeout(id);
      },
    },
    random: () => 0.5,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    say: (words: string) => void said.push(words),
  };
  const entries = [
    { use: "gpio", pins: PINS },
    { use: "simulated", sensors: { a: { wave: "sine" } } },
  ];
  const planned = drivingPart(planDrivers(entries, await loadDrivers()).drivers);
  assert.deepEqual(
    planned.map(({ claims }) => claims.map(({ owner }) => owner)),
    [["pump", "valve"]],
  );
  return { safe: await safeOutputs(planned, board, context), said };
}

test("outputs that a killed process left as they were go to their safe level and stay there; inputs are left alone", async () => {
  const board = createMockBoard({ backend: "sysfs" });
  board.gpio.line(17).drive(1);
  board.gpio.line(22).drive(0);
  const { safe, said } = await made(board);
  assert.equal(safe, true);
  assert.deepEqual(said, ["pump: at its safe level", "valve: at its safe level"]);
  assert.deepEqual(
    [17, 22].map((line) => board.gpio.line(line).level),
    [0, 1],
  );
  assert.deepEqual([board.gpio.openLines, board.gpio.line(27).history.length], [0, 0]);
});

test("an output that cannot be reached is named, and the others are safe all the same", async () => {
  const board = createMockBoard();
  board.gpio.line(17).holdBy("somebody");
  const { safe, said } = await made(board);
  assert.equal(safe, false);
  assert.match(said[0] ?? "", /^pump: .*in use by somebody/);
  assert.equal(board.gpio.line(22).level, 1);
});
