/** What --check says of pins on the board itself, and of another machine's. */
import assert from "node:assert/strict";
import { formatProblems } from "@pinion/config";
import { test } from "node:test";
import { readBoardConfig, type BoardConfig } from "../../device/board-config.ts";
import { checkPins } from "../../device/pin-check.ts";
import { DriverError } from "../../drivers/driver-error.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { createMockBoard, type MockBoard } from "../../drivers/hardware/mock-board.ts";

const PI = { label: "pinctrl-rp1", base: 569, ngpio: 54, names: { 2: "GPIO2", 17: "GPIO17", 42: "PWR_LED" } };

const text = (pins: string): string => `router: { url: "rs://10.0.0.2:8080" }
drivers:
  - use: gpio
    pins:
${pins.replaceAll(/^/gm, "      ")}
`;

function boardOf(written: string): BoardConfig {
  const read = readBoardConfig({ file: "board.yaml", text: written }, [gpio], "pi");
  assert.ok(read.ok, read.ok ? "" : formatProblems(read.problems));
  return read.board;
}

const machine = (label = PI.label): MockBoard => createMockBoard({ chips: [{ ...PI, label }] });

/** The words at their place in the file, as a person gets them. */
async function problems(pins: string, here: MockBoard): Promise<string> {
  const written = text(pins);
  const { findings, warnings } = await checkPins(boardOf(written), here);
  assert.deepEqual(warnings, []);
  const again = readBoardConfig({ file: "board.yaml", text: written, further: findings }, [gpio], "pi");
  return again.ok ? "" : formatProblems(again.problems);
}

test("on the board a line that its kernel has not is an error at its place, with what there is", async () => {
  const wrong = await problems(
    "pump: { pin: banana, direction: out }\nfan: { pin: GPIO99, direction: out }\nled: { pin: PWR_LED, direction: out }",
    machine(),
  );
  assert.match(
    wrong,
    /board\.yaml:5:\d+: drivers\[0\]\.pins\.pump\.pin: found "banana", but no line of the kernel is named banana/,
  );
  assert.match(wrong, /cure: names here: GPIO2, GPIO17, PWR_LED/);
  assert.match(wrong, /pins\.fan\.pin: found "GPIO99", but pinctrl-rp1 has no line 99[\s\S]*it has lines 0 to 53/);
  assert.doesNotMatch(wrong, /pins\.led/);
});

test("on the board two pins that are one line under two names are an error", async () => {
  const wrong = await problems(
    'pump: { pin: 17, direction: out }\nfan: { pin: "pinctrl-rp1:17", direction: out }',
    machine(),
  );
  assert.match(wrong, /pins\.fan\.pin: found "pinctrl-rp1:17", but that is pinctrl-rp1 line 17, as pump is/);
});

test("on a machine that is not the board the same is a warning, and numbers need none", async () => {
  const desk = await checkPins(boardOf(text("pump: { pin: 17, direction: out }")), machine("INT34C5:00"));
  assert.deepEqual(desk.findings, []);
  for (const here of [undefined, withoutGpio("no_such_device")]) {
    const { findings, warnings } = await checkPins(
      boardOf(text("pump: { pin: GPI017, direction: out }\nfan: { pin: 22, direction: out }")),
      here,
    );
    assert.deepEqual(findings, []);
    assert.match(
      warnings.join("\n"),
      /^pump: "GPI017" is taken for the kernel's name of a line \(or was GPIO17 meant\?\)/,
    );
    assert.equal(warnings.length, 1);
  }
});

test("where the user may not look, that is told, and nothing is called wrong", async () => {
  const { findings, warnings } = await checkPins(
    boardOf(text("pump: { pin: 17, direction: out }")),
    withoutGpio("no_permission"),
  );
  assert.deepEqual(findings, []);
  assert.match(warnings[0] ?? "", /^the pins were not looked up: refused\. Add the process's user to the group/);
});

function withoutGpio(code: "no_such_device" | "no_permission"): MockBoard {
  const board = machine();
  board.gpio.listChips = async () => Promise.reject(new DriverError(code, "refused"));
  return board;
}
