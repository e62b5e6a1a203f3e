import assert from "node:assert/strict";
import { test } from "node:test";
import type { DriverInstance } from "../../drivers/driver.ts";
import { DriverError } from "../../drivers/driver-error.ts";
import type { MockPort } from "../../drivers/hardware/mock-serial.ts";
import { serial } from "../../drivers/serial/serial.ts";
import { DriverRig } from "../support/driver-rig.ts";

const PATH = "/dev/ttyUSB0";

interface Opened {
  readonly rig: DriverRig;
  readonly driver: DriverInstance;
  readonly port: MockPort;
}

async function opened(settings: object = {}): Promise<Opened> {
  const rig = new DriverRig();
  const port = rig.board.serial.addPort(PATH, { byId: ["/dev/serial/by-id/usb-meter"] });
  const driver = await rig.open(serial, { ports: { meter: { path: PATH, ...settings } } });
  return { rig, driver, port };
}

const temperature = { readings: [{ stream: "temperature", match: "^T=(\\S+)" }] };

test("a port is opened with 9600 8N1 unless configured otherwise", async () => {
  const { driver, port } = await opened();
  const { onData: _, onClose: __, ...settings } = port.openedWith ?? assert.fail("not open");
  assert.deepEqual(settings, { path: PATH, baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1 });
  await driver.close();
});

test("without rules each line is a reading of the port's own stream, without its line ending", async () => {
  const { rig, driver, port } = await opened();
  for (const piece of ["he", "llo\r", "\nwor", "ld\n\n\r\n", "unfinished"]) port.feed(piece);
  assert.deepEqual(rig.take("meter"), ["hello", "world"]);
  await driver.close();
});

test("a UTF-8 character may arrive in two reads", async () => {
  const { rig, driver, port } = await opened();
  const bytes = new TextEncoder().encode("21 °C ✓\n");
  for (const byte of bytes) port.feed(Uint8Array.of(byte));
  assert.deepEqual(rig.take("meter"), ["21 °C ✓"]);
  await driver.close();
});

test("a rule's group is the value, scaled by factor and offset", async () => {
  const { rig, driver, port } = await opened({
    readings: [
      { stream: "celsius", match: "F=(?<value>[-0-9.]+)", factor: 0.5, offset: -16 },
      { stream: "whole", match: "\\d+" },
    ],
  });
  port.feed("F=52\n");
  assert.deepEqual([rig.take("celsius"), rig.take("whole")], [[10], [52]]);
  await driver.close();
});

test("a JSON pointer picks out of JSON lines, and other lines are counted", async () => {
  const { rig, driver, port } = await opened({
    readings: [
      { stream: "level", pointer: "/tanks/1/level" },
      { stream: "state", pointer: "/state", as: "text" },
    ],
  });
  port.feed('{"tanks":[{},{"level":"7.5"}],"state":"ok"}\nnoise\n{"tanks":[]}\n{"__proto__":1}\n[]\nnull\n');
  assert.deepEqual([rig.take("level"), rig.take("state")], [[7.5], ["ok"]]);
  assert.equal(driver.health().channels?.["meter"]?.counters?.["unmatched_lines"], 5);
  await driver.close();
});

test("numbers are read strictly: anything else is an error reading, said once until the next good one", async () => {
  const { rig, driver, port } = await opened(temperature);
  for (const text of ["21", "21.5", "+1e3", "-.5", "", "0x10", "1,5", "Infinity", "NaN", "12abc", "1e999", "7"]) {
    port.feed(`T=${text}\n`);
  }
  assert.deepEqual(rig.take("temperature"), [21, 21.5, 1000, -0.5, "error", 7]);
  assert.equal(driver.health().channels?.["meter"]?.counters?.["bad_values"], 6);
  await driver.close();
});

test("line_too_long: a line over maxLength is dropped, counted, said once, and the next one is read", async () => {
  const { rig, driver, port } = await opened({ ...temperature, framing: { delimiter: "\n", maxLength: 16 } });
  port.feed(`T=1\n${"x".repeat(100_000)}`);
  port.feed(`T=9\n${"y".repeat(17)}\nT=2\n`);
  const error = rig.readings.find(({ quality }) => quality === "error");
  assert.match(error?.cause ?? "", /line_too_long/);
  assert.deepEqual(rig.take("temperature"), [1, "error", 2]);
  assert.equal(driver.health().channels?.["meter"]?.counters?.["lines_too_long"], 2);
  await driver.close();
});

test("frames by length, by silence and by a longer delimiter", async () => {
  const byLength = await opened({ framing: { length: 3 }, encoding: "hex" });
  byLength.port.feed(Uint8Array.of(1, 2, 0xff, 4, 5));
  byLength.port.feed(Uint8Array.of(6, 7));
  assert.deepEqual(byLength.rig.take("meter"), ["0102ff", "040506"]);
  await byLength.driver.close();

  const byIdle = await opened({ framing: { idle: "10ms" } });
  byIdle.port.feed("ab");
  await byIdle.rig.clock.advance(9);
  byIdle.port.feed("c");
  await byIdle.rig.clock.advance(10);
  byIdle.port.feed("d");
  await byIdle.rig.clock.advance(10);
  assert.deepEqual(byIdle.rig.take("meter"), ["abc", "d"]);
  await byIdle.driver.close();

  const byText = await opened({ framing: { delimiter: "\r\n\r\n" } });
  byText.port.feed("a\r\nb\r\n\r");
  byText.port.feed("\r\n\r\nc\r\n\r\n");
  assert.deepEqual(byText.rig.take("meter"), ["a\r\nb\r\n\r", "c"]);
  await byText.driver.close();
});

test("write sends text in the port's encoding, lists and bytes as they are, and says how many", async () => {
  const { driver, port } = await opened({ encoding: "latin1" });
  const t = Date.UTC(2026, 0, 1);
  assert.deepEqual(await driver.invoke("write", "meter", ["°\n"]), { port: "meter", octets: 2, t });
  await driver.invoke("write", PATH, [[0, 255]]);
  await driver.invoke("write", "meter", [Uint8Array.of(7)]);
  assert.deepEqual(
    port.written.map((bytes) => [...bytes]),
    [[0xb0, 10], [0, 255], [7]],
  );
  await driver.close();
});

test("invalid_argument: text that the encoding cannot say", async () => {
  const latin = await opened({ encoding: "latin1" });
  await assert.rejects(latin.driver.invoke("write", "meter", ["✓"]), { code: "invalid_argument", message: /latin1/ });
  await latin.driver.close();
  const hex = await opened({ encoding: "hex" });
  await assert.rejects(hex.driver.invoke("write", "meter", ["0g"]), {
    code: "invalid_argument",
    message: /pairs of hex/,
  });
  await hex.driver.invoke("write", "meter", ["DE ad\n"]);
  assert.deepEqual([...(hex.port.written[0] ?? [])], [0xde, 0xad]);
  await hex.driver.close();
});

test("list tells the ports of the system and which are configured, by-id names included", async () => {
  const rig = new DriverRig();
  rig.board.serial.addPort(PATH, { byId: ["/dev/serial/by-id/usb-meter"], manufacturer: "FTDI" });
  rig.board.serial.addPort("/dev/ttyAMA0");
  const driver = await rig.open(serial, { ports: { meter: { path: "/dev/serial/by-id/usb-meter" } } });
  assert.deepEqual(await driver.invoke("list", undefined, []), [
    { path: PATH, byId: ["/dev/serial/by-id/usb-meter"], manufacturer: "FTDI", configured: "meter" },
    { path: "/dev/ttyAMA0", byId: [], configured: null },
  ]);
  await driver.close();
});

test("not_open: a write on an unplugged port fails at once and never comes out later", async () => {
  const { rig, driver, port } = await opened();
  port.unplug();
  await assert.rejects(driver.invoke("write", "meter", ["late"]), { code: "not_open", message: /unplugged/ });
  port.replug();
  await rig.clock.advance(1000);
  await driver.invoke("write", "meter", ["fresh"]);
  assert.equal(port.writtenText, "fresh");
  await driver.close();
});

test("writes that wait when the port goes fail and are not sent to the port that comes back", async () => {
  const { rig, driver, port } = await opened();
  port.stall(true);
  const writes = Promise.allSettled(
    ["one", "two", "three"].map(async (text) => driver.invoke("write", "meter", [text])),
  );
  await rig.clock.advance(1);
  port.unplug();
  port.replug();
  await rig.clock.advance(1000);
  port.stall(false);
  for (const outcome of await writes) {
    assert.equal(
      outcome.status === "rejected" && outcome.reason instanceof DriverError && outcome.reason.code,
      "not_open",
    );
  }
  assert.equal(port.writtenText, "");
  await driver.close();
});

test("timeout: a write that is not taken in time fails and the port is opened afresh", async () => {
  const { rig, driver, port } = await opened({ writeTimeout: "2s" });
  port.stall(true);
  const write = driver.invoke("write", "meter", ["stuck"]);
  const refused = assert.rejects(write, { code: "timeout" });
  await rig.clock.advance(2000);
  await refused;
  port.stall(false);
  await rig.clock.advance(1000);
  assert.equal(port.opens, 2);
  await driver.invoke("write", "meter", ["works"]);
  assert.equal(port.writtenText, "works");
  await driver.close();
});

test("queue_full: the 65th write that waits is refused", async () => {
  const { rig, driver, port } = await opened();
  port.stall(true);
  const writes = Array.from({ length: 66 }, async () => driver.invoke("write", "meter", ["x"]));
  const outcomes = Promise.allSettled(writes);
  await rig.clock.advance(1);
  port.stall(false);
  const refused = (await outcomes).filter((one) => one.status === "rejected");
  assert.equal(refused.length, 2);
  for (const { reason } of refused) assert.ok(reason instanceof DriverError && reason.code === "queue_full");
  await driver.close();
});

test("an unplugged port is tried again after 1 s, then 1.6 times as long each time, at most 30 s", async () => {
  const { rig, driver, port } = await opened();
  const attempts: number[] = [];
  let last = -1;
  port.unplug();
  for (let elapsed = 0; elapsed < 200_000; elapsed += 100) {
    const wait = rig.clock.untilNext ?? assert.fail("it has given up");
    if (last !== -1 && wait > last) attempts.push(wait);
    last = wait;
    await rig.clock.advance(Math.min(wait, 100));
  }
  assert.ok(attempts.every((wait) => wait <= 30_000));
  assert.equal(Math.round(attempts[0] ?? 0), 1600);
  assert.equal(attempts.at(-1), 30_000);
  port.replug();
  await rig.clock.advance(30_000);
  assert.equal(driver.health().state, "ok");
  await driver.close();
});

test("half a line from before the unplug is not glued to what comes after it", async () => {
  const { rig, driver, port } = await opened(temperature);
  port.feed("T=1");
  port.unplug();
  port.replug();
  await rig.clock.advance(1000);
  port.feed("5\nT=7\n");
  assert.deepEqual(rig.take("temperature"), ["error", 7]);
  await driver.close();
});

test("a port that is missing at the start is waited for, the others work", async () => {
  const rig = new DriverRig();
  const here = rig.board.serial.addPort("/dev/ttyUSB0");
  const late = rig.board.serial.addPort("/dev/ttyUSB1");
  late.unplug();
  const driver = await rig.open(serial, { ports: { here: { path: "/dev/ttyUSB0" }, late: { path: "/dev/ttyUSB1" } } });
  assert.equal(driver.health().state, "degraded");
  here.feed("x\n");
  late.replug();
  await rig.clock.advance(2000);
  late.feed("y\n");
  assert.deepEqual([rig.take("here"), rig.take("late")], [["x"], ["error", "y"]]);
  await driver.close();
});

test("a rule that is slow three times is switched off and health says so", async () => {
  const { rig, driver, port } = await opened(temperature);
  const mono = rig.clock.now;
  // Each look at the clock takes 200 ms, as if the line had been that hard to match.
  let looks = 0;
  const slow = new DriverRig();
  const slowPort = slow.board.serial.addPort(PATH);
  const config = { ports: { meter: { path: PATH, ...temperature } } };
  const context = slow.context(serial, config);
  const slowDriver = await serial.open(config, {
    ...context,
    clock: { wall: mono, mono: () => mono() + 200 * looks++ },
  });
  for (let line = 0; line < 4; line += 1) slowPort.feed("T=1\n");
  assert.deepEqual(slow.take("temperature"), [1, 1, 1, "error"]);
  assert.equal(slowDriver.health().state, "degraded");
  assert.match(slowDriver.health().cause ?? "", /switched off.*temperature/);
  port.feed("T=1\n");
  assert.equal(driver.health().state, "ok");
  await Promise.all([driver.close(), slowDriver.close()]);
});

test("a wrong configuration is refused with place and reason", () => {
  const issues = serial.check({
    ports: {
      a: {
        path: "/dev/x",
        readings: [{ stream: "s", match: "(a+)+b" }, { stream: "s", pointer: "level" }, { stream: "t" }],
      },
      b: { path: "/dev/x", framing: { delimiter: "→" } },
      c: {
        path: "/dev/y",
        readings: [
          { stream: "u", match: "(", pointer: "/x" },
          { stream: "v", pointer: "/x", as: "text", factor: 2 },
        ],
      },
    },
  });
  assert.deepEqual(
    issues.map(({ path }) => path),
    [
      "/ports/a/readings/0/match",
      "/ports/a/readings/1/pointer",
      "/ports/a/readings/2",
      "/ports/a/readings/1/stream",
      "/ports/b/path",
      "/ports/b/framing/delimiter",
      "/ports/c/readings/0",
      "/ports/c/readings/0/match",
      "/ports/c/readings/1",
    ],
  );
  const schema = serial.check({
    ports: { a: { path: "/dev/x", framing: { delimiter: "\n", maxLength: 0 }, parity: "strange" } },
  });
  assert.deepEqual(
    schema.map(({ path }) => path),
    ["/ports/a/framing/maxLength", "/ports/a/parity"],
  );
});

const garbage = Uint8Array.of(0xf8, 0x80, 0xe6, 0x06, 0xfe, 0x1e, 0x98, 0x0a);

test("a wrong baud rate is told after three lines that are no text: log, health and stream name the settings", async () => {
  const { rig, driver, port } = await opened(temperature);
  for (let line = 0; line < 3; line += 1) port.feed(garbage);
  const words = /brings lines that are no text, 3 lines in a row: check that baudRate \(9600 here\), .*parity \(none\)/;
  const { state, cause, counters } = driver.health().channels?.["meter"] ?? assert.fail("no health");
  assert.equal(state, "degraded");
  assert.match(cause ?? "", words);
  assert.equal(counters?.["unmatched_lines"], 3);
  assert.match(rig.logged.join("\n"), words);
  assert.match(rig.readings.find(({ stream }) => stream === "temperature")?.cause ?? "", words);
  port.feed(garbage);
  assert.equal(rig.logged.filter((line) => words.test(line)).length, 1, "it is told once");
  port.feed("T=21\n");
  assert.equal(driver.health().channels?.["meter"]?.state, "ok");
  await driver.close();
});

test("without rules lines that are no text are told too; a lone sign in another encoding is not", async () => {
  const { driver, port } = await opened();
  const state = (): string | undefined => driver.health().channels?.["meter"]?.state;
  for (let line = 0; line < 5; line += 1)
    port.feed(Uint8Array.of(...new TextEncoder().encode("21.5 outside "), 0xb0, 0x0a));
  assert.equal(state(), "ok");
  for (let line = 0; line < 3; line += 1) port.feed(garbage);
  assert.equal(state(), "degraded");
  await driver.close();
});

test("bytes that never end a line are told after a minute", async () => {
  const { rig, driver, port } = await opened(temperature);
  port.feed("T=2");
  await rig.clock.advance(61_000);
  port.feed("1");
  const { cause } = driver.health().channels?.["meter"] ?? {};
  assert.match(cause ?? "", /brought 4 bytes and never the end of a line \(framing\.delimiter\): check that baudRate/);
  port.feed("\n");
  assert.equal(driver.health().channels?.["meter"]?.state, "ok");
  await driver.close();
});

test("rules that fit none of fifty lines are told with the last line; one that fits is enough", async () => {
  const { driver, port } = await opened(temperature);
  for (let line = 0; line < 50; line += 1) port.feed("temp 21\n");
  const { cause } = driver.health().channels?.["meter"] ?? {};
  assert.match(cause ?? "", /no rule fits any of the 50 lines .*"temp 21": correct match/);
  port.feed("T=21\n");
  for (let line = 0; line < 60; line += 1) port.feed("temp 21\n");
  assert.equal(driver.health().channels?.["meter"]?.state, "ok");
  await driver.close();
});

test("what was doubtful before a port was lost is no doubt of the next connection", async () => {
  const { driver, port } = await opened(temperature);
  for (let line = 0; line < 3; line += 1) port.feed(garbage);
  port.unplug();
  assert.match(driver.health().channels?.["meter"]?.cause ?? "", /gone|lost|unplugged/);
  await driver.close();
});
