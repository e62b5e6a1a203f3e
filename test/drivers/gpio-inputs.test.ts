/** Buttons, counters and what the kernel does for an input itself. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { test } from "node:test";
import type { Level } from "../../drivers/board.ts";
import type { DriverInstance } from "../../drivers/driver.ts";
import { EdgeCounter } from "../../drivers/gpio/edge-counter.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { DriverRig } from "../support/driver-rig.ts";

interface Opened {
  readonly rig: DriverRig;
  readonly driver: DriverInstance;
}

async function opened(pin: object, rig = new DriverRig()): Promise<Opened> {
  const driver = await rig.open(gpio, { checkInterval: 0, pins: { meter: { pin: 27, direction: "in", ...pin } } });
  return { rig, driver };
}

async function press({ rig }: Opened, down: number, up: number): Promise<void> {
  rig.board.gpio.line(27).pull(1);
  await rig.clock.advance(down);
  rig.board.gpio.line(27).pull(0);
  await rig.clock.advance(up);
}

async function pulses({ rig }: Opened, count: number): Promise<void> {
  for (let pulse = 0; pulse < count; pulse += 1) {
    rig.board.gpio.line(27).pull(1);
    await rig.clock.advance(0);
    rig.board.gpio.line(27).pull(0);
    await rig.clock.advance(0);
  }
}

test("a button tells press, hold and double, each once and with the time of its first edge", async () => {
  const board = await opened({ debounce: "10ms", button: { hold: "500ms", double: "200ms" } });
  await press(board, 100, 1000);
  assert.deepEqual(board.rig.take("meter_button"), ["press"]);
  await press(board, 800, 1000);
  assert.deepEqual(board.rig.take("meter_button"), ["hold"]);
  const start = board.rig.clock.now();
  await press(board, 100, 100);
  await press(board, 100, 1000);
  const double = board.rig.readings.find(({ stream }) => stream === "meter_button");
  assert.equal((double?.t ?? 0) - Date.UTC(2026, 0, 1), start + 200);
  assert.deepEqual(board.rig.take("meter_button"), ["double"]);
  await board.driver.close();
  assert.equal(board.rig.clock.pending, 0);
});

test("without double presses a press is told at its end, without holds it may last", async () => {
  const board = await opened({ debounce: 0, button: { hold: 0, double: 0, stream: "bell" } });
  await press(board, 5000, 1);
  assert.deepEqual(board.rig.take("bell"), ["press"]);
  await press(board, 1, 1);
  await press(board, 1, 1);
  assert.deepEqual(board.rig.take("bell"), ["press", "press"]);
  await board.driver.close();
});

test("a button whose line is lost while it is down forgets the press", async () => {
  const board = await opened({ debounce: 0, button: { hold: "1s" } });
  board.rig.board.gpio.line(27).pull(1);
  await board.rig.clock.advance(500);
  board.rig.board.gpio.line(27).takeAway();
  await board.rig.clock.advance(10_000);
  assert.deepEqual(board.rig.take("meter_button"), []);
  await board.driver.close();
});

test("a counter counts every edge over a back-end that numbers them, however fast, and publishes now and then", async () => {
  const board = await opened({ counter: { interval: "10s", factor: 0.5, unit: "l" } });
  board.rig.take("meter_count");
  await pulses(board, 1000);
  assert.deepEqual(board.rig.take("meter_count"), []);
  await board.rig.clock.advance(10_000);
  assert.deepEqual(board.rig.take("meter_count"), [500]);
  await board.rig.clock.advance(60_000);
  assert.deepEqual(board.rig.take("meter_count"), []);
  assert.deepEqual(await board.driver.invoke("count", "meter", []), {
    pin: "meter",
    count: 1000,
    value: 500,
    lossless: true,
    missed: 0,
    kept: false,
  });
  await board.driver.close();
});

test("over sysfs a counter says that it may lose counts", async () => {
  const board = await opened({ counter: {} }, new DriverRig({ backend: "sysfs" }));
  await pulses(board, 3);
  const answer = (await board.driver.invoke("count", "meter", [])) as { lossless: boolean; count: number }; // as described
  assert.deepEqual([answer.lossless, answer.count], [false, 3]);
  assert.ok(board.rig.logged.some((line) => /may miss some.*chardev/.test(line)));
  await board.driver.close();
});

test("a count is kept over runs, and starts at 0 and says so when what was kept is no count", async () => {
  const stored = new Map<string, string>();
  const run = async (): Promise<Opened> => {
    const rig = new DriverRig();
    rig.stored = stored;
    return opened({ counter: {} }, rig);
  };
  const first = await run();
  await pulses(first, 7);
  await first.driver.close();
  assert.equal(stored.get("gpio.meter.count"), "7");
  const second = await run();
  assert.deepEqual(second.rig.take("meter_count"), [7]);
  await pulses(second, 5);
  await second.rig.clock.advance(60_000);
  assert.equal(stored.get("gpio.meter.count"), "12");
  await second.driver.invoke("reset_count", "meter", [100]);
  assert.equal(stored.get("gpio.meter.count"), "100");
  await second.driver.close();
  stored.set("gpio.meter.count", "many");
  const third = await run();
  assert.ok(third.rig.logged.some((line) => /cannot be read.*many is no count/.test(line)));
  assert.deepEqual(third.rig.take("meter_count"), [0]);
  await third.driver.close();
});

test("unknown_action: an input without a counter does not count", async () => {
  const board = await opened({});
  await assert.rejects(board.driver.invoke("count", "meter", []), { code: "unknown_action", message: /counter: \{\}/ });
  await board.driver.close();
});

test("numbered edges are counted right whichever of them arrive", () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc.constantFrom("rising" as const, "falling" as const, "both" as const),
      (arrives, counted) => {
        const counter = new EdgeCounter(counted);
        counter.reopened(0);
        let last = 0;
        for (const [index, told] of arrives.entries()) {
          // the line was low, so that odd numbers are rising
          const level: Level = index % 2 === 0 ? 1 : 0;
          if (told) counter.edge({ level, seq: index + 1 });
          if (told) last = index + 1;
        }
        const rising = Math.ceil(last / 2);
        assert.equal(counter.count, { rising, falling: last - rising, both: last }[counted]);
      },
    ),
  );
});

test("a pull, a kernel's debounce and a drive reach the line", async () => {
  const rig = new DriverRig();
  const pins = {
    door: { pin: 27, direction: "in", pull: "up", kernelDebounce: "5ms", debounce: 0 },
    bus: { pin: 5, direction: "out", drive: "open-drain", pull: "up" },
  };
  const driver = await rig.open(gpio, { checkInterval: 0, pins });
  assert.deepEqual(rig.board.gpio.line(27).settings, { pull: "up", debounce: 5 });
  assert.deepEqual(rig.board.gpio.line(5).settings, { pull: "up", drive: "open-drain" });
  assert.deepEqual(rig.take("door"), [1]);
  for (const level of [0, 1, 0] as const) rig.board.gpio.line(27).pull(level);
  await rig.clock.advance(10);
  assert.deepEqual(rig.take("door"), [0]);
  await driver.close();
});

test("bad_config: what the board's way to the lines cannot do ends the open with the way out", async () => {
  const rig = new DriverRig({ backend: "sysfs" });
  const config = { pins: { door: { pin: 27, direction: "in", pull: "up" } } };
  await assert.rejects(rig.open(gpio, config), { code: "bad_config", message: /gpioBackend: chardev/ });
});

test("a line of the kernel's name and a line of another chip are opened there", async () => {
  const chips = [
    { label: "pinctrl-rp1", base: 571, ngpio: 54 },
    { label: "pca9535", base: 625, ngpio: 16, names: { 3: "RELAY_3" } },
  ];
  const rig = new DriverRig({ chips });
  const pins = { a: { pin: "RELAY_3", direction: "out" }, b: { pin: "pca9535:4", direction: "out", safe: 1 } };
  const driver = await rig.open(gpio, { checkInterval: 0, pins });
  await driver.invoke("set", "RELAY_3", [1]);
  assert.deepEqual(
    [3, 4].map((line) => rig.board.gpio.line(line, "pca9535").level),
    [1, 1],
  );
  assert.deepEqual(
    gpio.plan({ pins }).map((claim) => ("line" in claim ? [claim.chip, claim.line] : [])),
    [
      [undefined, "RELAY_3"],
      ["pca9535", 4],
    ],
  );
  await driver.close();
});
