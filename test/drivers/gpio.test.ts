import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChannelDescription } from "../../drivers/description.ts";
import type { DriverInstance } from "../../drivers/driver.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { DriverRig } from "../support/driver-rig.ts";
import { settle } from "../support/virtual-clock.ts";

const relay = { relay: { pin: 17, direction: "out" } } as const;
const contact = { contact: { pin: 27, direction: "in" } } as const;

async function opened(pins: object, more: object = {}): Promise<{ rig: DriverRig; driver: DriverInstance }> {
  const rig = new DriverRig();
  return { rig, driver: await rig.open(gpio, { pins, ...more }) };
}

/** Levels a line has been driven to, in order, without repetition. */
const driven = (rig: DriverRig, line: number): number[] =>
  rig.board.gpio
    .line(line)
    .history.filter(({ direction }) => direction === "out")
    .map(({ level }) => level);

test("an output is driven to its safe level from the very first moment", async () => {
  const { rig, driver } = await opened({ a: { pin: 5, direction: "out", safe: 1 }, b: { pin: 6, direction: "out" } });
  assert.deepEqual(driven(rig, 5), [1]);
  assert.deepEqual(driven(rig, 6), [0]);
  assert.deepEqual(rig.take("a"), [1]);
  assert.deepEqual(rig.take("b"), [0]);
  await driver.close();
});

test("with activeLow the safe level, calls and readings are logical, the wire is inverted", async () => {
  const { rig, driver } = await opened({ pump: { pin: 5, direction: "out", activeLow: true } });
  assert.deepEqual(driven(rig, 5), [1]);
  await driver.invoke("set", "pump", [1]);
  assert.equal(rig.board.gpio.line(5).level, 0);
  assert.deepEqual(rig.take("pump"), [0, 1]);
  await driver.close();
  assert.equal(rig.board.gpio.line(5).level, 1);
});

test("initial: keep leaves a driven output alone, and drives a line that is none to the safe level", async () => {
  const rig = new DriverRig();
  rig.board.gpio.line(5).drive(1);
  const keep = { direction: "out", initial: "keep" };
  const driver = await rig.open(gpio, { pins: { kept: { pin: 5, ...keep }, fresh: { pin: 6, ...keep } } });
  assert.equal(rig.board.gpio.line(5).level, 1);
  assert.equal(rig.board.gpio.line(5).history.length, 1);
  assert.deepEqual(driven(rig, 6), [0]);
  await driver.close();
});

test("set answers with a receipt and publishes a change once", async () => {
  const { rig, driver } = await opened(relay);
  rig.take("relay");
  const t = Date.UTC(2026, 0, 1);
  assert.deepEqual(await driver.invoke("set", "relay", [true]), {
    pin: "relay",
    requested: 1,
    readBack: 1,
    previous: 0,
    t,
  });
  assert.deepEqual(await driver.invoke("set", 17, [1]), { pin: "relay", requested: 1, readBack: 1, previous: 1, t });
  assert.deepEqual(rig.take("relay"), [1]);
  await driver.close();
});

test("a pin is found by name, number, GPIO name and header position, in any spelling", async () => {
  const { driver } = await opened(relay);
  for (const address of ["relay", 17, "17", "GPIO17", "gpio 17", "BCM17", "header 11", "pin 11", "PIN-11"]) {
    assert.equal(((await driver.invoke("toggle", address, [])) as { pin: string }).pin, "relay"); // receipts name their pin
  }
  await driver.close();
});

test("unknown_channel names the pins that are configured", async () => {
  const { driver } = await opened({ ...relay, ...contact });
  await assert.rejects(driver.invoke("set", "lamp", [1]), {
    code: "unknown_channel",
    message: 'There is no channel "lamp". Configured here: relay (17), contact (27).',
  });
  await driver.close();
});

test("invalid_argument says what a level may be", async () => {
  const { driver } = await opened(relay);
  await assert.rejects(driver.invoke("set", "relay", [2]), {
    code: "invalid_argument",
    message: "set: value cannot be 2. It must be 0, 1, true or false.",
  });
  await assert.rejects(driver.invoke("set", "relay", []), { code: "invalid_argument" });
  await assert.rejects(driver.invoke("set", -17, [1]), { code: "unknown_channel" });
  await driver.close();
});

test("not_an_output: an input cannot be set, and the outputs are named", async () => {
  const { driver } = await opened({ ...relay, ...contact });
  for (const [action, args] of [
    ["set", [1]],
    ["toggle", []],
    ["pulse", [10]],
  ] as const) {
    await assert.rejects(driver.invoke(action, "contact", args), {
      code: "not_an_output",
      message: /Outputs here: relay/,
    });
  }
  await driver.close();
});

test("a pulse ends by itself at the level before it", async () => {
  const { rig, driver } = await opened(relay);
  const receipt = (await driver.invoke("pulse", "relay", ["200ms"])) as { endsWith: number }; // declared so by the action
  assert.equal(receipt.endsWith, 0);
  await rig.clock.advance(199);
  assert.equal(rig.board.gpio.line(17).level, 1);
  await rig.clock.advance(1);
  assert.equal(rig.board.gpio.line(17).level, 0);
  assert.deepEqual(rig.take("relay"), [0, 1, 0]);
  await driver.close();
});

test("a pulse on an output that is at the pulse's level already ends at the safe level", async () => {
  const { rig, driver } = await opened(relay);
  await driver.invoke("set", "relay", [1]);
  await driver.invoke("pulse", "relay", [100]);
  await rig.clock.advance(100);
  assert.equal(rig.board.gpio.line(17).level, 0);
  await driver.close();
});

test("without a value a pulse leaves the safe level, whichever that is", async () => {
  const { rig, driver } = await opened({ reset: { pin: 5, direction: "out", safe: 1 } });
  await driver.invoke("pulse", "reset", [100]);
  assert.equal(rig.board.gpio.line(5).level, 0);
  await rig.clock.advance(100);
  assert.equal(rig.board.gpio.line(5).level, 1);
  await driver.close();
});

test("a second pulse counts from its own start and ends where the first would have", async () => {
  const { rig, driver } = await opened(relay);
  await driver.invoke("pulse", "relay", [100]);
  await rig.clock.advance(60);
  await driver.invoke("pulse", "relay", [100]);
  await rig.clock.advance(60);
  assert.equal(rig.board.gpio.line(17).level, 1);
  await rig.clock.advance(40);
  assert.equal(rig.board.gpio.line(17).level, 0);
  assert.deepEqual(driven(rig, 17), [0, 1, 0]);
  await driver.close();
});

test("a set ends a running pulse: its timer does nothing any more", async () => {
  const { rig, driver } = await opened(relay);
  await driver.invoke("pulse", "relay", [100]);
  await driver.invoke("set", "relay", [1]);
  await rig.clock.advance(1000);
  assert.equal(rig.board.gpio.line(17).level, 1);
  await driver.close();
});

test("a pulse longer than maxPulse is refused and moves nothing", async () => {
  const { rig, driver } = await opened({ relay: { pin: 17, direction: "out", maxPulse: "2s" } });
  await assert.rejects(driver.invoke("pulse", "relay", ["3s"]), { code: "invalid_argument", message: /at most 2s/ });
  await assert.rejects(driver.invoke("pulse", "relay", [0]), { code: "invalid_argument" });
  await assert.rejects(driver.invoke("pulse", "relay", ["soon"]), {
    code: "invalid_argument",
    message: /duration from 1ms/,
  });
  assert.deepEqual(driven(rig, 17), [0]);
  await driver.close();
});

test("the default longest pulse is 60 s", async () => {
  const { driver } = await opened(relay);
  await driver.invoke("pulse", "relay", ["60s"]);
  await assert.rejects(driver.invoke("pulse", "relay", [60_001]), { code: "invalid_argument" });
  await driver.close();
});

test("calls at the same time run one after the other, in order", async () => {
  const { rig, driver } = await opened(relay);
  const receipts = await Promise.all(Array.from({ length: 7 }, async () => driver.invoke("toggle", "relay", [])));
  assert.deepEqual(
    receipts.map((one) => (one as { previous: number }).previous),
    [0, 1, 0, 1, 0, 1, 0],
  ); // as declared
  assert.equal(rig.board.gpio.line(17).level, 1);
  await driver.close();
});

test("queue_full: more than 64 waiting calls on a pin are refused at once", async () => {
  const { driver } = await opened(relay);
  const outcomes = await Promise.allSettled(Array.from({ length: 80 }, async () => driver.invoke("get", "relay", [])));
  const refused = outcomes.filter((one) => one.status === "rejected");
  assert.equal(refused.length, 16);
  for (const { reason } of refused) assert.equal((reason as { code: string }).code, "queue_full"); // asserted here
  await driver.close();
});

test("close brings every output to its safe level, in the middle of a pulse too", async () => {
  const { rig, driver } = await opened({ ...relay, high: { pin: 5, direction: "out", safe: 1 } });
  await driver.invoke("pulse", "relay", [5000]);
  await driver.invoke("set", "high", [0]);
  await driver.close();
  assert.equal(rig.board.gpio.line(17).level, 0);
  assert.equal(rig.board.gpio.line(5).level, 1);
  assert.equal(rig.clock.pending, 0);
});

test("closed: a pin cannot be moved after close", async () => {
  const { rig, driver } = await opened(relay);
  await driver.close();
  await assert.rejects(driver.invoke("set", "relay", [1]), { code: "closed" });
  assert.equal(rig.board.gpio.line(17).level, 0);
});

test("an input reports a change once the line has been quiet, with the first edge's time", async () => {
  const { rig, driver } = await opened(contact);
  assert.deepEqual(rig.take("contact"), [0]);
  const line = rig.board.gpio.line(27);
  line.pull(1);
  for (const level of [0, 1, 0, 1] as const) {
    await rig.clock.advance(5);
    line.pull(level);
  }
  await rig.clock.advance(19);
  assert.deepEqual(rig.take("contact"), []);
  await rig.clock.advance(1);
  assert.deepEqual(
    rig.readings.map(({ value, t, at }) => ({ value, t, at })),
    [{ value: 1, t: Date.UTC(2026, 0, 1), at: 40 }],
  );
  await driver.close();
});

test("a spike that is over before the quiet time is not reported", async () => {
  const { rig, driver } = await opened(contact);
  rig.take("contact");
  rig.board.gpio.line(27).pull(1);
  await rig.clock.advance(3);
  rig.board.gpio.line(27).pull(0);
  await rig.clock.advance(500);
  assert.deepEqual(rig.take("contact"), []);
  await driver.close();
});

test("without debouncing every edge is reported", async () => {
  const { rig, driver } = await opened({ contact: { pin: 27, direction: "in", debounce: 0 } });
  rig.take("contact");
  for (const level of [1, 0, 1] as const) rig.board.gpio.line(27).pull(level);
  await settle();
  assert.deepEqual(rig.take("contact"), [1, 0, 1]);
  await driver.close();
});

test("edge: rising publishes only changes to 1, falling only changes to 0", async () => {
  const { rig, driver } = await opened({
    up: { pin: 5, direction: "in", edge: "rising" },
    down: { pin: 6, direction: "in", edge: "falling" },
  });
  rig.readings.length = 0;
  for (const level of [1, 0, 1, 0] as const) {
    rig.board.gpio.line(5).pull(level);
    rig.board.gpio.line(6).pull(level);
    await rig.clock.advance(50);
  }
  assert.deepEqual(rig.take("up"), [1, 1]);
  assert.deepEqual(rig.take("down"), [0, 0]);
  await driver.close();
});

test("an input sees what an output on the same wire does", async () => {
  const rig = new DriverRig();
  rig.board.gpio.wire(rig.board.gpio.line(17), rig.board.gpio.line(27));
  const driver = await rig.open(gpio, { pins: { ...relay, ...contact } });
  await driver.invoke("set", "relay", [1]);
  await rig.clock.advance(20);
  assert.deepEqual(rig.take("contact"), [0, 1]);
  await driver.close();
});

test("a chip that vanishes in use is noticed by the check read, said once, and taken up again at the safe level", async () => {
  const { rig, driver } = await opened(relay);
  await driver.invoke("set", "relay", [1]);
  rig.take("relay");
  rig.board.gpio.removeChip();
  await rig.clock.advance(120_000);
  assert.equal(driver.health().state, "faulted");
  await assert.rejects(driver.invoke("set", "relay", [1]), { code: "not_open" });
  rig.board.gpio.restoreChip();
  await rig.clock.advance(30_000);
  assert.equal(driver.health().state, "ok");
  assert.equal(rig.board.gpio.line(17).level, 0);
  assert.ok(rig.take("relay").filter((one) => one === "error").length <= 2);
  await driver.close();
});

test("io: a write that fails rejects, and the pin is reopened at its safe level", async () => {
  const { rig, driver } = await opened(relay);
  await driver.invoke("set", "relay", [1]);
  rig.board.gpio.line(17).fault("io", "write");
  await assert.rejects(driver.invoke("set", "relay", [0]), { code: "io" });
  rig.board.gpio.line(17).fault(undefined);
  await rig.clock.advance(1000);
  assert.equal(driver.health().state, "ok");
  assert.equal(rig.board.gpio.line(17).level, 0);
  await driver.close();
});

test("busy: a pin that another program holds leaves the others working, and is taken when it is free", async () => {
  const rig = new DriverRig();
  rig.board.gpio.line(27).holdBy("w1-gpio");
  const driver = await rig.open(gpio, { pins: { ...relay, ...contact } });
  assert.equal(driver.health().state, "degraded");
  assert.match(driver.health().cause ?? "", /contact: .*in use by w1-gpio/);
  await driver.invoke("set", "relay", [1]);
  await assert.rejects(driver.invoke("get", "contact", []), { code: "not_open", message: /w1-gpio/ });
  rig.board.gpio.line(27).holdBy(undefined);
  await rig.clock.advance(2000);
  assert.equal(driver.health().state, "ok");
  await driver.close();
});

test("when no pin at all can be opened, open rejects and lets go", async () => {
  const rig = new DriverRig();
  rig.board.gpio.line(17).holdBy("somebody");
  await assert.rejects(rig.open(gpio, { pins: relay }), { code: "busy" });
  assert.equal(rig.clock.pending, 0);
});

test("bad_config: a chip that is not there, and a line that the chip does not have", async () => {
  const rig = new DriverRig();
  await assert.rejects(rig.open(gpio, { chip: "pcf8574", pins: relay }), {
    code: "bad_config",
    message: /pinctrl-bcm2711/,
  });
  await assert.rejects(rig.open(gpio, { pins: { far: { pin: 400, direction: "out" } } }), {
    code: "bad_config",
    message: /0 to 57/,
  });
  assert.equal(rig.board.gpio.openLines, 0);
});

test("a wrong configuration is refused with place and reason for each fault", () => {
  const issues = gpio.check({
    pins: {
      power: { pin: "pin 1", direction: "out" },
      ground: { pin: "header 39", direction: "in" },
      nowhere: { pin: "pin 41", direction: "in" },
      twice: { pin: 17, direction: "out" },
      again: { pin: "header 11", direction: "in" },
      gpio5: { pin: 6, direction: "in" },
      mixed: { pin: 7, direction: "in", safe: 1 },
      other: { pin: 8, direction: "out", debounce: 5 },
      word: { pin: "seven teen", direction: "out" },
    },
  });
  assert.deepEqual(
    issues.map(({ path }) => path),
    [
      "/pins/power/pin",
      "/pins/ground/pin",
      "/pins/nowhere/pin",
      "/pins/again/pin",
      "/pins/mixed/safe",
      "/pins/other/debounce",
      "/pins/word/pin",
      "/pins/gpio5",
    ],
  );
  assert.match(issues[0]?.message ?? "", /3\.3 V/);
  assert.match(issues[1]?.message ?? "", /ground/);
  assert.match(issues[3]?.message ?? "", /used by twice/);
});

test("the schema's faults come with what is allowed", () => {
  const issues = gpio.check({
    pins: { "Bad-Name": relay.relay, a: { pin: 1, direction: "sideways", debounce: "ages" }, b: {} },
  });
  assert.deepEqual(
    issues.map(({ path }) => path),
    ["/pins/Bad-Name", "/pins/a/direction", "/pins/a/debounce", "/pins/b", "/pins/b"],
  );
  assert.match(issues[1]?.message ?? "", /"out" or "in".*"sideways"/);
});

test("the description says what a dashboard needs", () => {
  const { channels } = gpio.describe({ pins: { relay: { ...relay.relay, title: "Relay" }, ...contact } });
  const [output, input] = channels as [ChannelDescription, ChannelDescription]; // two pins were configured
  assert.deepEqual(output.aliases, [17, "GPIO17", "BCM17", "header 11", "pin 11"]);
  assert.deepEqual([output.role, input.role], ["output", "input"]);
  assert.deepEqual(Object.keys(output.actions), ["set", "get", "toggle", "pulse", "blink", "pwm", "renew"]);
  assert.deepEqual(Object.keys(input.actions), ["get"]);
  assert.equal(output.streams["relay"]?.kind, "state");
  assert.equal(output.details["safe"], 0);
});
