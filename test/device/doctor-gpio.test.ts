import assert from "node:assert/strict";
import { test } from "node:test";
import { findingLine } from "../../device/doctor/finding.ts";
import { doctorGpio } from "../../device/doctor-gpio.ts";
import { planDrivers } from "../../device/plan.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { createLinuxBoard } from "../../drivers/hardware/linux-board.ts";
import { createMockBoard } from "../../drivers/hardware/mock-board.ts";

const chips = [{ label: "pinctrl-rp1", base: 571, ngpio: 54 }];

const planned = (pins: object) => planDrivers([{ use: "gpio", pins }], [gpio]).drivers;

test("each configured pin is explained: free, held by the board itself, exported by somebody, or held by somebody else", async () => {
  const board = createMockBoard({ chips });
  board.gpio.line(18).holdBy("pinion/light");
  board.gpio.line(4).holdBy("w1-gpio");
  board.gpio.line(5).holdBy("sysfs");
  const pins = {
    relay: { pin: 17, direction: "out" },
    light: { pin: "pin 12", direction: "out" },
    probe: { pin: "GPIO4", direction: "in" },
    door: { pin: 5, direction: "in" },
  };
  const findings = await doctorGpio(board, planned(pins));
  assert.deepEqual(
    findings.map(({ level, words }) => [level, words]),
    [
      ["ok", "chip pinctrl-rp1: 54 lines, sysfs 571 to 624, mock/pinctrl-rp1"],
      ["ok", "relay: GPIO17 = header 11 = pinctrl-rp1 line 17 = sysfs 588, free"],
      ["ok", "light: GPIO18 = header 12 = pinctrl-rp1 line 18 = sysfs 589, held by pinion/light"],
      ["error", "probe: GPIO4 = header 7 = pinctrl-rp1 line 4 = sysfs 575, held by w1-gpio"],
      ["warning", "door: GPIO5 = header 29 = pinctrl-rp1 line 5 = sysfs 576, held by sysfs"],
    ],
  );
  const [, , , probe, door] = findings.map(findingLine);
  assert.match(probe ?? "", /^error {3}probe.*\n.*Stop w1-gpio, remove the overlay/);
  assert.match(door ?? "", /echo 576 > \/sys\/class\/gpio\/unexport/);
  assert.equal(board.gpio.openLines, 3, "nothing was taken");
});

test("without a configuration the whole header is explained, and what is held is no fault", async () => {
  const board = createMockBoard({ chips });
  board.gpio.line(14).holdBy("serial0");
  const findings = await doctorGpio(board, undefined);
  assert.equal(findings.length, 29);
  assert.deepEqual([...new Set(findings.map(({ level }) => level))], ["ok"]);
  assert.ok(findings.some(({ words }) => words.endsWith("held by serial0")));
});

test("a pin that cannot be resolved, and a machine without GPIO, are errors with their cure", async () => {
  const board = createMockBoard({ chips });
  const pins = { a: { pin: "pca9535:3", direction: "out" } };
  const [, wrong] = await doctorGpio(board, planned(pins));
  assert.deepEqual([wrong?.level, /pinctrl-rp1/.test(wrong?.cure ?? "")], ["error", true]);
  const bare = createLinuxBoard({ gpio: { backend: "sysfs", sysfs: { root: "/nonexistent" } } });
  const [none] = await doctorGpio(bare, undefined);
  assert.equal(none?.level, "error");
  assert.match(none?.cure ?? "", /simulated board/);
});
