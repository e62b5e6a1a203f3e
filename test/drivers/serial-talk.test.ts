/** Serial ports beyond lines: other frames, adapters that change their name, questions and answers, more ways to read a line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { DriverError } from "../../drivers/driver-error.ts";
import type { DriverInstance } from "../../drivers/driver.ts";
import type { MockPort } from "../../drivers/hardware/mock-serial.ts";
import { createFramer, type Framing } from "../../drivers/serial/framing.ts";
import { serial } from "../../drivers/serial/serial.ts";
import { DriverRig } from "../support/driver-rig.ts";
import { settle } from "../support/virtual-clock.ts";

const PATH = "/dev/ttyUSB0";

async function opened(settings: object = {}): Promise<{ rig: DriverRig; driver: DriverInstance; port: MockPort }> {
  const rig = new DriverRig();
  const port = rig.board.serial.addPort(PATH);
  const driver = await rig.open(serial, { ports: { meter: { path: PATH, ...settings } } });
  return { rig, driver, port };
}

const issuesOf = (port: object): readonly string[] =>
  serial.check({ ports: { meter: { path: PATH, ...port } } }).map(({ path, message }) => `${path}: ${message}`);

test("frames by length prefix, big and little, with bytes before the number and after what it counts", async () => {
  const config = { framing: { prefix: 2, at: 1, adds: 1, endian: "little", maxLength: 16 }, encoding: "hex" };
  const { rig, driver, port } = await opened(config);
  for (const byte of [0xaa, 2, 0, 1, 2, 0xee, 0xbb, 0, 0, 0xdd]) port.feed(Uint8Array.of(byte));
  port.feed(Uint8Array.of(0xaa, 0xff, 0xff, 1, 2));
  port.feed(Uint8Array.of(0xaa, 1, 0, 7, 8));
  assert.deepEqual(rig.take("meter"), ["aa02000102ee", "bb0000dd", "error", "aa01000708"]);
  await driver.close();
});

test("SLIP frames are unescaped; silence between two ENDs is no frame", async () => {
  const { rig, driver, port } = await opened({ framing: "slip", encoding: "hex" });
  port.feed(Uint8Array.of(0xc0, 1, 0xdb, 0xdc, 0xdb));
  port.feed(Uint8Array.of(0xdd, 2, 0xc0, 0xc0, 3, 0xc0));
  assert.deepEqual(rig.take("meter"), ["01c0db02", "03"]);
  await driver.close();
});

test("a regular expression separates frames, also when it comes in pieces", async () => {
  const { rig, driver, port } = await opened({ framing: { pattern: ";\\s?", maxLength: 8 } });
  port.feed("a;b; c");
  port.feed("d;123456789;e;");
  assert.deepEqual(rig.take("meter"), ["a", "b", "cd", "error", "e"]);
  await driver.close();
});

test("however the bytes are cut, the frames are the same, and none is longer than allowed", () => {
  const framings: readonly Framing[] = [
    { by: "prefix", size: 1, at: 0, adds: 0, littleEndian: false, maxLength: 20 },
    { by: "slip", maxLength: 20 },
    { by: "pattern", pattern: "\n", maxLength: 20 },
    { by: "delimiter", delimiter: Uint8Array.of(10), maxLength: 20 },
  ];
  const octets = fc.array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(10, 0xc0, 0xdb, 3)), {
    maxLength: 80,
  });
  const run = (framing: Framing, bytes: readonly number[], cut: number): readonly (readonly number[])[] => {
    const frames: number[][] = [];
    const sink = { frame: (one: Uint8Array) => void frames.push([...one]), tooLong: () => undefined };
    const framer = createFramer(framing, sink, { after: () => () => undefined });
    for (let at = 0; at < bytes.length; at += cut) framer.push(Uint8Array.from(bytes.slice(at, at + cut)));
    return frames;
  };
  fc.assert(
    fc.property(octets, fc.integer({ min: 1, max: 7 }), fc.constantFrom(...framings), (bytes, cut, framing) => {
      // too long a prefixed frame ends what came with it: how much that is depends on the cut
      if (framing.by === "prefix" && bytes.some((byte) => byte > 19)) return;
      const whole = run(framing, bytes, bytes.length + 1);
      assert.deepEqual(run(framing, bytes, cut), whole);
      assert.ok(whole.every((frame) => frame.length <= 20));
    }),
    { numRuns: 300 },
  );
});

test("the only FTDI is opened, lost, and found again under another name as soon as it appears", async () => {
  const rig = new DriverRig();
  const ftdi = { vendorId: "0403", productId: "6001", serialNumber: "A1" };
  const first = rig.board.serial.addPort("/dev/ttyUSB0", ftdi);
  rig.board.serial.addPort("/dev/ttyUSB1", { vendorId: "1A86", productId: "7523" });
  const driver = await rig.open(serial, { ports: { meter: { usb: "ftdi" } } });
  assert.equal(first.opens, 1);
  first.unplug();
  await rig.clock.advance(20_000);
  const second = rig.board.serial.addPort("/dev/ttyUSB2", ftdi);
  second.replug(true);
  await settle();
  assert.equal(second.opens, 1);
  second.feed("hello\n");
  assert.deepEqual(
    [rig.take("meter"), rig.take("meter_state")],
    [
      ["error", "hello"],
      ["open", "lost", "open"],
    ],
  );
  await driver.close();
  assert.equal(rig.board.serial.watchers, 0);
});

test("no_such_device: none or two adapters that fit are told with what there is", async () => {
  const rig = new DriverRig();
  for (const [index, serialNumber] of ["A1", "A2"].entries())
    rig.board.serial.addPort(`/dev/ttyUSB${String(index)}`, { vendorId: "0403", productId: "6001", serialNumber });
  const driver = await rig.open(serial, {
    ports: { a: { usb: "0403:6001" }, b: { usb: { serialNumber: "A2" } }, c: { usb: "pico" } },
  });
  const { channels = {} } = driver.health();
  assert.match(channels["a"]?.cause ?? "", /more than one.*ttyUSB0.*A1.*ttyUSB1.*A2/);
  assert.equal(channels["b"]?.state, "ok");
  assert.match(channels["c"]?.cause ?? "", /no USB serial port with vendorId 2e8a.*There are/);
  const list = await driver.invoke("list", undefined, []);
  assert.deepEqual(Array.isArray(list) && list.map((one: { configured: unknown }) => one.configured), ["a", "a"]);
  await driver.close();
});

test("path or usb: one of them, and not the same adapter twice", () => {
  const check = (ports: object) => serial.check({ ports }).map(({ path, message }) => `${path}: ${message}`);
  assert.deepEqual(check({ a: {} }), ["/ports/a: needs path or usb"]);
  assert.deepEqual(check({ a: { path: PATH, usb: "ftdi" } }), ["/ports/a: has both path and usb; choose one"]);
  assert.match(check({ a: { usb: "ftdi" }, b: { usb: { vendorId: "0403" } } })[0] ?? "", /b\/usb.*used by a/);
  assert.match(check({ a: { usb: "nobody" } })[0] ?? "", /ftdi, ch340/);
});

test("request answers the first frame that matches, which is also read as usual", async () => {
  const { rig, driver, port } = await opened();
  port.answers = () => "noise\nV=12.5\nV=13\n";
  const answer = await driver.invoke("request", "meter", ["V?\n", "^V="]);
  assert.deepEqual(answer, { port: "meter", answer: "V=12.5", t: Date.UTC(2026, 0, 1) });
  assert.deepEqual(rig.take("meter"), ["noise", "V=12.5", "V=13"]);
  await assert.rejects(driver.invoke("request", "meter", ["x", "(a+)+"]), { code: "invalid_argument" });
  await driver.close();
});

test("timeout: a request without an answer ends in its time, and the next one is sent after it", async () => {
  const { rig, driver, port } = await opened({ requestTimeout: "500ms" });
  const first = driver.invoke("request", "meter", ["1\n"]);
  const second = driver.invoke("request", "meter", ["2\n", undefined, "2s"]);
  const failed = assert.rejects(first, { code: "timeout", message: /500ms/ });
  await rig.clock.advance(499);
  assert.equal(port.writtenText, "1\n");
  await rig.clock.advance(1);
  await failed;
  assert.equal(port.writtenText, "1\n2\n");
  port.feed("late\n");
  assert.match(JSON.stringify(await second), /"answer":"late"/);
  await driver.close();
  assert.equal(rig.clock.pending, 0);
});

test("queue_full: the 65th request is refused, and those that wait hear of it when the port goes", async () => {
  const { driver, port, rig } = await opened();
  const waiting = Array.from({ length: 64 }, async () =>
    driver.invoke("request", "meter", ["?\n"]).catch((error: unknown) => error),
  );
  await settle();
  await assert.rejects(driver.invoke("request", "meter", ["?\n"]), { code: "queue_full" });
  assert.equal(port.writtenText, "?\n");
  port.unplug();
  await rig.clock.advance(0);
  const outcomes = await Promise.all(waiting);
  assert.ok(outcomes.every((error) => error instanceof DriverError && error.code === "not_open"));
  await driver.close();
});

test("a write waits for the end of a break, and the end of the port ends the break", async () => {
  const { rig, driver, port } = await opened();
  assert.match(JSON.stringify(await driver.invoke("break", "meter", ["100ms"])), /"duration":100,/);
  const written = driver.invoke("write", "meter", ["x"]);
  await rig.clock.advance(99);
  assert.deepEqual([port.writtenText, port.controls], ["", [{ break: true }]]);
  await rig.clock.advance(1);
  await written;
  assert.deepEqual(port.controls, [{ break: true }, { break: false }]);
  await driver.invoke("break", "meter", []);
  await driver.close();
  assert.equal(rig.clock.pending, 0);
});

test("modem lines and speed are read and set", async () => {
  const { driver, port } = await opened();
  port.inputs = { cts: true, dsr: true, dcd: false };
  const t = Date.UTC(2026, 0, 1);
  assert.deepEqual(await driver.invoke("modem", "meter", []), { port: "meter", cts: true, dsr: true, dcd: false, t });
  await driver.invoke("set_modem", "meter", [false, null]);
  await driver.invoke("baud", "meter", [115_200]);
  assert.deepEqual(port.controls, [{ dtr: false }, { baudRate: 115_200 }]);
  await driver.close();
});

test("raw tells the octets as they come, beside the lines", async () => {
  const { rig, driver, port } = await opened({ raw: true });
  port.feed("a");
  port.feed(Uint8Array.of(0xff, 10));
  assert.deepEqual(rig.take("meter_raw"), ["61", "ff0a"]);
  assert.equal(rig.take("meter").length, 1);
  await driver.close();
});

test("one line gives several readings: by group, by column", async () => {
  const match = "^T=(\\S+) H=(?<h>\\S+)$";
  const { rig, driver, port } = await opened({
    readings: [
      { stream: "t", match, group: 1 },
      { stream: "h", match, group: "h" },
      { stream: "second", column: 2, separator: ";" },
    ],
  });
  port.feed("T=21 H=40\n1; 2.5;3\n");
  assert.deepEqual([rig.take("t"), rig.take("h"), rig.take("second")], [[21], [40], [2.5]]);
  await driver.close();
});

test("NMEA sentences give their fields; a wrong check sum, or none, gives nothing", async () => {
  const { rig, driver, port } = await opened({
    readings: [
      { stream: "latitude", nmea: "GGA", field: "latitude" },
      { stream: "satellites", nmea: "GGA", field: "satellitesInView" },
      { stream: "speed", nmea: "RMC", field: "speedKnots", factor: 1.852, unit: "km/h" },
    ],
  });
  port.feed("$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n");
  port.feed("$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n");
  port.feed(
    "$GPGGA,123519,4907.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n$GPGGA,123519,4807.038,N\r\n$nonsense*00\r\n",
  );
  const [latitude] = rig.take("latitude");
  assert.ok(typeof latitude === "number" && Math.abs(latitude - 48.1173) < 1e-4);
  assert.deepEqual(rig.take("satellites"), [8]);
  const [speed] = rig.take("speed");
  assert.ok(typeof speed === "number" && Math.abs(speed - 41.48) < 0.01);
  assert.equal(driver.health().channels?.["meter"]?.counters?.["unmatched_lines"], 3);
  await driver.close();
});

test("valid: a value outside is an error, or is cut and told as clamped", async () => {
  const { rig, driver, port } = await opened({
    readings: [
      { stream: "a", match: "\\d+", valid: { max: 100 } },
      { stream: "b", match: "\\d+", valid: { max: 100, outside: "clamp" } },
    ],
  });
  port.feed("150\n");
  const [a, b] = ["a", "b"].map((name) => rig.readings.find(({ stream }) => stream === name));
  assert.deepEqual([a?.quality, b?.quality, b?.value], ["error", "clamped", 100]);
  await driver.close();
});

test("rules that cannot be meant are refused with their place", () => {
  assert.match(
    issuesOf({ readings: [{ stream: "a", match: "x", column: 1 }] })[0] ?? "",
    /match and column; choose one/,
  );
  assert.match(
    issuesOf({ readings: [{ stream: "a", column: 1, group: 1 }] })[0] ?? "",
    /group: is for rules with match/,
  );
  assert.match(issuesOf({ readings: [{ stream: "a", nmea: "GGA" }] })[0] ?? "", /needs field/);
  assert.match(issuesOf({ framing: { pattern: "(a+)+" } })[0] ?? "", /framing\/pattern: cannot be used/);
  assert.match(issuesOf({ readings: [{ stream: "meter_state", match: "x" }] })[0] ?? "", /published by meter/);
});
