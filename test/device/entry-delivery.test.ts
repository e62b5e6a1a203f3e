/** `delivery` in the entry of a pin, port or sensor, as somebody writes it in board.yaml. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { formatProblems } from "@pinion/config";
import { readBoardConfig } from "../../device/board-config.ts";
import { durableStreams } from "../../device/delivery-config.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { serial } from "../../drivers/serial/serial.ts";
import { simulated } from "../../drivers/simulated.ts";
import { temporaryFolder } from "../support/programs.ts";

function read(t: TestContext, text: string): ReturnType<typeof readBoardConfig> {
  const file = join(temporaryFolder(t), "board.yaml");
  writeFileSync(file, text);
  return readBoardConfig(file, [gpio, serial, simulated], "host");
}

function durable(t: TestContext, text: string): readonly string[] {
  const found = read(t, text);
  assert.ok(found.ok, found.ok ? "" : formatProblems(found.problems));
  return [...durableStreams(found.board.config.delivery, found.board.drivers)].toSorted();
}

function wrong(t: TestContext, text: string): string {
  const found = read(t, text);
  assert.ok(!found.ok, "the configuration was accepted");
  return formatProblems(found.problems);
}

const PINS = `
  - use: gpio
    pins:
      door: { pin: GPIO27, direction: in, delivery: durable }
      relay: { pin: GPIO17, direction: out }
`;

test("a sensor says itself whether its readings are kept; the others keep the default of their kind", (t) => {
  const text = `
drivers:${PINS}  - use: simulated
    sensors:
      tank: { wave: sine, delivery: latest }
      kiln: { wave: sine }
`;
  assert.deepEqual(durable(t, text), ["door", "kiln"]);
});

test("a port says it for all its streams, a rule for its own", (t) => {
  const text = `
drivers:
  - use: serial
    ports:
      meter:
        path: /dev/ttyS9
        delivery: latest
        readings:
          - { stream: temperature, pointer: /t, delivery: durable }
          - { stream: level, pointer: /l }
`;
  assert.deepEqual(durable(t, text), ["temperature"]);
});

test("anything but durable and latest is refused where it stands", (t) => {
  assert.match(
    wrong(t, `drivers:${PINS.replace("durable", "sometimes")}`),
    /pins\.door\.delivery.*\n?.*sometimes[^]*durable/,
  );
  assert.match(
    wrong(t, "drivers:\n  - use: simulated\n    delivery: latest\n    sensors: { a: { wave: sine } }\n"),
    /delivery/,
  );
});

test("what is said twice is refused", (t) => {
  assert.match(
    wrong(t, `delivery: { door: latest }\ndrivers:${PINS}`),
    /delivery\.door.*\n?.*here and in the entry[^]*remove one of them/,
  );
});
