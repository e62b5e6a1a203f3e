import assert from "node:assert/strict";
import { test } from "node:test";
import { explainPin } from "../../drivers/gpio/explain-pin.ts";
import { createMockBoard } from "../../drivers/hardware/mock-board.ts";
import type { MockChip } from "../../drivers/hardware/mock-gpio.ts";

const boards: readonly (readonly [string, MockChip, string])[] = [
  [
    "a Pi 1 with an old kernel",
    { label: "pinctrl-bcm2835", base: 0, ngpio: 54 },
    "GPIO17 = header 11 = pinctrl-bcm2835 line 17 = sysfs 17, free",
  ],
  [
    "a Pi 4 after 6.6",
    { label: "pinctrl-bcm2711", base: 512, ngpio: 58 },
    "GPIO17 = header 11 = pinctrl-bcm2711 line 17 = sysfs 529, free",
  ],
  [
    "a Pi 5",
    { label: "pinctrl-rp1", base: 571, ngpio: 54 },
    "GPIO17 = header 11 = pinctrl-rp1 line 17 = sysfs 588, free",
  ],
];

for (const [name, chip, words] of boards) {
  test(`on ${name}, 17, GPIO17, pin 11 and the chip's own line are explained alike`, async () => {
    const { gpio } = createMockBoard({ chips: [chip] });
    for (const pin of [17, "17", "GPIO17", "pin 11", `${chip.label}:17`]) {
      assert.equal((await explainPin(gpio, pin)).words, words);
    }
    assert.equal(gpio.line(17).history.length, 0);
  });
}

test("who holds a line is said, and a line is found by the kernel's name for it", async () => {
  const chips = [
    { label: "pinctrl-rp1", base: 571, ngpio: 54, names: { 17: "GPIO17", 4: "ONE_WIRE" } },
    { label: "pca9535", base: 600, ngpio: 16, names: { 3: "RELAY_3" } },
  ];
  const { gpio } = createMockBoard({ chips });
  gpio.line(4).holdBy("w1-gpio");
  assert.deepEqual(
    await Promise.all(["ONE_WIRE", "RELAY_3", "pca9535:3", 17].map(async (pin) => (await explainPin(gpio, pin)).words)),
    [
      'GPIO4 = "ONE_WIRE" = header 7 = pinctrl-rp1 line 4 = sysfs 575, held by w1-gpio',
      '"RELAY_3" = pca9535 line 3 = sysfs 603, free',
      '"RELAY_3" = pca9535 line 3 = sysfs 603, free',
      "GPIO17 = header 11 = pinctrl-rp1 line 17 = sysfs 588, free",
    ],
  );
});

test("on another board the chip comes from the configuration, and its lines have no header", async () => {
  const { gpio } = createMockBoard({ chips: [{ label: "gpio-aggregator", base: 8, ngpio: 8 }] });
  assert.equal((await explainPin(gpio, 3, "gpio-aggregator")).words, "gpio-aggregator line 3 = sysfs 11, free");
});

test("a pin that cannot be resolved is explained with its cure", async () => {
  const { gpio } = createMockBoard();
  const wrong = await Promise.all(["pin 6", "NO_SUCH", "nope:1", 58].map(async (pin) => explainPin(gpio, pin)));
  assert.deepEqual(
    wrong.map(({ ok, cure }) => [ok, typeof cure]),
    Array.from({ length: 4 }, () => [false, "string"]),
  );
  assert.match(wrong[0]?.words ?? "", /ground/);
  assert.match(wrong[1]?.words ?? "", /NO_SUCH/);
});
