import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createRequire } from "node:module";
import { EventEmitter } from "node:events";
import { DriverError } from "../../drivers/driver-error.ts";
import type { DriverInstance } from "../../drivers/driver.ts";
import type { MockPort } from "../../drivers/hardware/mock-serial.ts";
import { answerData, crc16, readQuestion, writeRegistersQuestion } from "../../drivers/modbus/modbus-frame.ts";
import { modbus } from "../../drivers/modbus/modbus.ts";
import { registersFor, registerTypes, registerValue } from "../../drivers/modbus/register-value.ts";
import { DriverRig } from "../support/driver-rig.ts";
import { SimulatedSlave, slavesOf, withSum } from "../support/simulated-slave.ts";

const PATH = "/dev/ttyUSB0";

async function opened(
  registers: object,
  ...slaves: readonly SimulatedSlave[]
): Promise<{ rig: DriverRig; driver: DriverInstance; port: MockPort }> {
  const rig = new DriverRig();
  const port = rig.board.serial.addPort(PATH);
  port.answers = slavesOf(...slaves);
  const driver = await rig.open(modbus, { path: PATH, registers });
  await rig.clock.advance(50);
  return { rig, driver, port };
}

test("check sums are those of modbus-serial, whatever the octets", () => {
  const octets = fc.uint8Array({ minLength: 1, maxLength: 60 });
  fc.assert(fc.property(octets, (some) => assert.equal(crc16(withSum(...some)), 0)));
  assert.equal(Buffer.from(readQuestion(1, "holding", 0, 1).octets).toString("hex"), "010300000001840a");
  assert.equal(
    Buffer.from(writeRegistersQuestion(17, 1, [10, 258]).octets).toString("hex"),
    "11100001000204000a0102c6f0",
  );
});

test("an answer with any bit wrong is refused", () => {
  const question = readQuestion(1, "holding", 0, 2);
  const answer = withSum(1, 3, 4, 0, 1, 2, 3);
  assert.deepEqual([...answerData(question, answer)], [0, 1, 2, 3]);
  const bit = fc.integer({ min: 0, max: answer.length * 8 - 1 });
  fc.assert(
    fc.property(bit, (at) => {
      const wrong = answer.slice();
      wrong[at >> 3] = (wrong[at >> 3] ?? 0) ^ (1 << (at & 7));
      assert.throws(() => answerData(question, wrong), DriverError);
    }),
  );
});

/** The part of modbus-serial's client that is asked here; its own types know no port but its own. */
interface ModbusRTU {
  setID(id: number): void;
  open(done: () => void): void;
  readHoldingRegisters(address: number, count: number): Promise<{ readonly buffer: Buffer }>;
  writeRegisters(address: number, values: readonly number[]): Promise<unknown>;
}

/** The client of modbus-serial on a port that keeps what is written, and is answered by hand. */
async function oracle(): Promise<{ client: ModbusRTU; written: Buffer[]; answer: (octets: Uint8Array) => void }> {
  const written: Buffer[] = [];
  const port = Object.assign(new EventEmitter(), {
    isOpen: true,
    open: (done: () => void) => done(),
    write: (octets: Buffer) => void written.push(Buffer.from(octets)),
  });
  // CommonJS; what it exports is the class
  const Library = createRequire(import.meta.url)("modbus-serial") as new (port: unknown) => ModbusRTU;
  const client = new Library(port);
  await new Promise<void>((resolve) => client.open(() => resolve()));
  return { client, written, answer: (octets) => void port.emit("data", Buffer.from(octets)) };
}

test("questions are modbus-serial's to the octet, and an answer is taken where it takes it, with the same data", async () => {
  const { client, written, answer } = await oracle();
  const slave = fc.integer({ min: 1, max: 247 });
  const address = fc.integer({ min: 0, max: 0xffff });
  const registers = fc.array(address, { minLength: 1, maxLength: 20 });
  const spoiled = fc.option(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 255 })), { freq: 2 });
  await fc.assert(
    fc.asyncProperty(slave, address, registers, spoiled, async (id, at, values, spoil) => {
      client.setID(id);
      written.length = 0;
      const reading = client.readHoldingRegisters(at, values.length);
      const question = readQuestion(id, "holding", at, values.length);
      assert.deepEqual([...(written[0] ?? [])], [...question.octets]);
      const octets = withSum(id, 3, values.length * 2, ...values.flatMap((one) => [one >> 8, one & 0xff]));
      if (spoil !== null) octets[spoil[0] % octets.length] = (octets[spoil[0] % octets.length] ?? 0) ^ spoil[1];
      answer(octets);
      const theirs = await reading.then(
        ({ buffer }) => [...buffer],
        () => "refused",
      );
      const ours = ((): number[] | string => {
        try {
          return [...answerData(question, octets)];
        } catch {
          return "refused";
        }
      })();
      assert.deepEqual(ours, theirs);
      const writing = client.writeRegisters(at, values.slice(0, 2).concat(values.slice(0, 2)).slice(0, 2));
      const pair = [values[0] ?? 0, values[1] ?? values[0] ?? 0];
      assert.deepEqual([...(written[1] ?? [])], [...writeRegistersQuestion(id, at, pair).octets]);
      answer(withSum(id, 16, at >> 8, at & 0xff, 0, 2));
      await writing;
    }),
  );
});

test("what is written into registers is read out of them, in every type and order of words", () => {
  const values = fc.integer({ min: -0x8000, max: 0x7fff });
  fc.assert(
    fc.property(values, fc.constantFrom(...registerTypes), fc.boolean(), (value, type, littleWords) => {
      if (type.startsWith("u") && value < 0) return;
      const spelling = { type, littleWords, allOnes: true };
      const octets = registersFor(value, spelling).flatMap((one) => [one >> 8, one & 0xff]);
      assert.equal(registerValue(Uint8Array.from(octets), spelling), value);
    }),
  );
});

test("registers of all tables and types become readings", async () => {
  const slave = new SimulatedSlave(7, [
    [0, 0xff38],
    [10, 0x4148],
    [11, 0],
    [20, 1],
    [21, 0],
    [30, 500],
  ]);
  slave.coils.add(3);
  const { rig, driver } = await opened(
    {
      a: { slave: 7, address: 0, type: "int16", factor: 0.1, unit: "°C" },
      b: { slave: 7, address: 10, type: "float32" },
      c: { slave: 7, address: 20, type: "uint32", wordOrder: "little" },
      d: { slave: 7, address: 30, table: "input", valid: { max: 100, outside: "clamp" } },
      e: { slave: 7, address: 3, table: "coil" },
      f: { slave: 7, address: 4, table: "discrete" },
    },
    slave,
  );
  assert.deepEqual(
    ["a", "b", "c", "d", "e", "f"].map((name) => rig.take(name)),
    [[-20], [12.5], [1], [100], [true], [false]],
  );
  assert.deepEqual(
    slave.asked.map((one) => one.slice(2, 4)),
    ["03", "03", "03", "04", "01", "02"],
  );
  await driver.close();
});

test("all bits set is an error, unless it is said to be a value", async () => {
  const slave = new SimulatedSlave(1, [[0, 0xffff]]);
  const { rig, driver } = await opened(
    { a: { slave: 1, address: 0 }, b: { slave: 1, address: 0, type: "int16", allOnes: true } },
    slave,
  );
  assert.deepEqual([rig.take("a"), rig.take("b")], [["error"], [-1]]);
  await driver.close();
});

test("a refusal of the slave is told in words, once, and does not leave it alone", async () => {
  const slave = new SimulatedSlave(1, [[0, 5]]);
  const { rig, driver } = await opened({ a: { slave: 1, address: 9 }, b: { slave: 1, address: 0 } }, slave);
  assert.match(rig.readings[0]?.cause ?? "", /Slave 1 refuses: it has no such address \(exception 2\)/);
  assert.deepEqual(rig.take("b"), [5]);
  await driver.close();
});

test("timeout: a dead slave costs three attempts once, then one now and then, and the others lose no reading", async () => {
  const [good, dead] = [new SimulatedSlave(1, [[0, 5]]), new SimulatedSlave(2, [[0, 6]])];
  dead.dead = true;
  const { rig, driver } = await opened(
    { dead: { slave: 2, address: 0, interval: "1s" }, good: { slave: 1, address: 0, interval: "1s" } },
    good,
    dead,
  );
  await rig.clock.advance(4000);
  assert.equal(dead.asked.length, 3);
  rig.readings.length = 0;
  await rig.clock.advance(600_000);
  const readings = rig.readings.filter(({ stream }) => stream === "good");
  assert.ok(readings.length > 590 && readings.every(({ quality }) => quality === undefined), String(readings.length));
  // 5 s, 10 s, ... 5 min apart
  assert.ok(dead.asked.length < 12, String(dead.asked.length));
  assert.equal(driver.health().state, "degraded");
  dead.dead = false;
  await rig.clock.advance(300_000);
  assert.equal(driver.health().state, "ok");
  await driver.close();
  assert.equal(rig.clock.pending, 0);
});

test("a torn answer is no answer, and the next attempt begins afresh", async () => {
  const slave = new SimulatedSlave(1, [[0, 5]]);
  const rig = new DriverRig();
  const port = rig.board.serial.addPort(PATH);
  let torn = 2;
  port.answers = (question) => ((torn -= 1) >= 0 ? slave.answers(question)?.slice(0, 4) : slave.answers(question));
  const driver = await rig.open(modbus, { path: PATH, registers: { a: { slave: 1, address: 0 } }, timeout: "100ms" });
  await rig.clock.advance(500);
  assert.deepEqual(rig.take("a"), [5]);
  await driver.close();
});

test("write scales, writes and reads back; what is not writable, or does not fit, is refused", async () => {
  const slave = new SimulatedSlave(1, [
    [0, 0],
    [2, 0],
    [3, 0],
  ]);
  const { rig, driver } = await opened(
    {
      target: { slave: 1, address: 0, type: "int16", factor: 0.1, writable: true },
      level: { slave: 1, address: 2, type: "float32", writable: true },
      pump: { slave: 1, address: 3, table: "coil", writable: true },
      fixed: { slave: 1, address: 0 },
    },
    slave,
  );
  const write = async (name: string, value: unknown): Promise<unknown> => {
    const answer = driver.invoke("write", name, [value]);
    await Promise.allSettled([answer, rig.clock.advance(100)]);
    return answer;
  };
  assert.match(JSON.stringify(await write("target", -21.5)), /"requested":-21.5,"readBack":-21.5/);
  assert.match(JSON.stringify(await write("level", 1.5)), /"readBack":1.5/);
  assert.match(JSON.stringify(await write("pump", true)), /"readBack":true/);
  assert.equal(slave.registers.get(0), 0x10000 - 215);
  await assert.rejects(write("fixed", 1), { code: "not_an_output" });
  await assert.rejects(write("target", 4000), { code: "invalid_argument", message: /-32768 to 32767/ });
  await assert.rejects(write("pump", 1), { code: "invalid_argument", message: /true or false/ });
  await driver.close();
});

test("not_open: without its port every register says so, and all is read when it is back", async () => {
  const slave = new SimulatedSlave(1, [[0, 5]]);
  const { rig, driver, port } = await opened({ a: { slave: 1, address: 0, interval: "1s" } }, slave);
  port.unplug();
  await rig.clock.advance(1000);
  port.replug(true);
  await rig.clock.advance(1000);
  assert.deepEqual(rig.take("a"), [5, "error", 5]);
  await driver.close();
});

test("what cannot be meant is refused with its place", () => {
  const check = (config: object) =>
    modbus.check({ path: PATH, ...config }).map(({ path, message }) => `${path}: ${message}`);
  assert.match(
    check({ registers: { a: { slave: 1, address: 0, table: "input", writable: true } } })[0] ?? "",
    /a\/writable: input registers/,
  );
  assert.match(
    check({ registers: { a: { slave: 1, address: 0, table: "coil", type: "int16" } } })[0] ?? "",
    /a\/type: is not for coil/,
  );
  assert.match(check({ registers: {} })[0] ?? "", /at least one/);
  assert.match(check({ usb: "ftdi", registers: { a: { slave: 1, address: 0 } } })[0] ?? "", /both path and usb/);
});
