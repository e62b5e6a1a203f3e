/** The I2C driver over the mock board, and the way to the kernel's i2c-dev over calls that a test answers. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { DriverError } from "../../drivers/driver-error.ts";
import type { I2cCalls, I2cMessage } from "../../drivers/hardware/i2c-calls.ts";
import { LinuxI2c } from "../../drivers/hardware/linux-i2c.ts";
import { i2c } from "../../drivers/i2c/i2c.ts";
import { numberTypes, registerNumber, sizeOf } from "../../drivers/i2c/register-number.ts";
import { DriverRig } from "../support/driver-rig.ts";
import { settle } from "../support/virtual-clock.ts";

const DEVICES = { memory: { address: 0x50, writable: true }, wide: { address: 0x51, registerSize: 2 } };

async function opened(registers: object = {}) {
  const rig = new DriverRig();
  const memory = rig.board.i2c.add(0x50, [[0, 0x19]]);
  const wide = rig.board.i2c.add(0x51, [[0x1234, 9]], 2);
  const driver = await rig.open(i2c, { devices: DEVICES, registers });
  return { rig, driver, memory, wide };
}

test("octets are written and read where the caller says, with a register of one byte or of two", async () => {
  const { driver, memory, wide } = await opened();
  const written = await driver.invoke("write_bytes", "memory", [[7, 8, 9], 4]);
  assert.deepEqual(memory.written, [[4, 7, 8, 9]]);
  assert.equal(Reflect.get(Object(written), "octets"), 3);
  const read = await driver.invoke("read_bytes", "memory", [4, 3]);
  assert.deepEqual(Reflect.get(Object(read), "data"), [0, 7, 8, 9]);
  await driver.invoke("write_bytes", "memory", [Uint8Array.of(1, 2)]);
  assert.deepEqual(memory.written.at(-1), [1, 2]);
  const far = await driver.invoke("read_bytes", "wide", [1, 0x1234]);
  assert.deepEqual([Reflect.get(Object(far), "data"), wide.written], [[9], [[0x12, 0x34]]]);
  await driver.close();
});

test("nothing is written to a device that is not writable, and nothing beyond what its registers can point at", async () => {
  const { driver, wide } = await opened();
  await assert.rejects(driver.invoke("write_bytes", "wide", [[1]]), {
    code: "not_an_output",
    message: /Set writable: true/,
  });
  assert.deepEqual(wide.written, []);
  for (const [length, register] of [
    [1, 256],
    [2, 255],
    [257, 0],
  ]) {
    await assert.rejects(driver.invoke("read_bytes", "memory", [length, register]), {
      code: "invalid_argument",
      message: /no registers beyond 0xff/,
    });
  }
  for (const length of [0, 1025, 1.5]) {
    await assert.rejects(driver.invoke("read_bytes", "wide", [length]), { code: "invalid_argument" });
  }
  await driver.close();
});

test("a register's reading has its type, order, factor and unit; a device that does not answer is told of and found again", async () => {
  const { driver, rig, memory } = await opened({
    board: { device: "memory", register: 0, type: "int16", factor: 1 / 256, interval: "1s" },
    low: { device: "memory", register: 0, type: "uint16", endian: "little", interval: "1s" },
  });
  memory.registers.set(1, 0x80);
  await rig.clock.advance(1000);
  assert.deepEqual([rig.take("board").at(-1), rig.take("low").at(-1)], [25.5, 0x8019]);
  memory.fault = new DriverError("no_such_device", "it does not answer");
  await rig.clock.advance(3000);
  assert.deepEqual([...new Set(rig.take("board"))], ["error"]);
  assert.match(driver.health().channels?.["memory"]?.cause ?? "", /does not answer/);
  assert.equal(driver.health().state, "degraded");
  memory.fault = undefined;
  await rig.clock.advance(1000);
  assert.deepEqual(rig.take("board"), [25.5]);
  assert.equal(driver.health().state, "ok");
  await driver.close();
  assert.equal(rig.board.i2c.openDevices, 0);
});

test("one transfer at a time on a bus, and more callers than 64 are refused", async () => {
  const { driver, rig } = await opened();
  let running = 0;
  let most = 0;
  rig.board.i2c.onTransfer = async () => {
    running += 1;
    most = Math.max(most, running);
    await settle();
    running -= 1;
  };
  const calls = Array.from({ length: 70 }, async (_, index) =>
    driver.invoke("read_bytes", index % 2 === 0 ? "memory" : "wide", [1]).then(
      () => "read",
      (error: unknown) => (error instanceof DriverError ? error.code : String(error)),
    ),
  );
  const outcomes = await Promise.all(calls);
  assert.equal(most, 1);
  assert.deepEqual([outcomes.filter((one) => one === "read").length, outcomes.at(-1)], [64, "queue_full"]);
  await driver.close();
});

test("mistakes in the configuration are named with their place", () => {
  const config = {
    devices: { a: { address: 0x20 }, b: { address: 0x20 }, c: { address: 0x30, registerSize: 2 } },
    registers: {
      x: { device: "nobody", register: 0 },
      y: { device: "a", register: 255, type: "uint16" },
      z: { device: "c", register: 255, type: "uint16" },
      c: { device: "c", register: 0 },
    },
  };
  assert.deepEqual(
    i2c.check(config).map(({ path }) => path),
    ["/devices/b/address", "/registers/x/device", "/registers/y/register", "/registers/c"],
  );
  assert.equal(i2c.check({ devices: {} })[0]?.path, "/devices");
  assert.equal(i2c.check({ devices: { a: { address: 0x80 } } })[0]?.path, "/devices/a/address");
});

test("every type of number is read in both orders", () => {
  const octets = Uint8Array.of(0x80, 0x01, 0x02, 0x03);
  const read = (little: boolean): number[] =>
    numberTypes.map((type) => registerNumber(octets.subarray(0, sizeOf(type)), type, little));
  assert.deepEqual(read(false).slice(0, 6), [0x80, -128, 0x8001, -32_767, 0x8001_0203, -2_147_417_597]);
  assert.deepEqual(read(true).slice(0, 6), [0x80, -128, 0x0180, 0x0180, 0x0302_0180, 0x0302_0180]);
  assert.throws(() => registerNumber(Uint8Array.of(0x7f, 0xc0, 0, 0), "float32", false), { code: "io" });
});

/** A kernel that knows one bus with one device; errors are played by their code. */
class FakeI2cKernel {
  readonly root: string;
  readonly opened: number[] = [];
  readonly closed: number[] = [];
  readonly transfers: I2cMessage[][] = [];
  openError: string | undefined;
  chooseError: string | undefined;
  transferError: string | undefined;

  constructor(t: TestContext) {
    this.root = mkdtempSync(join(tmpdir(), "pinion-i2c-"));
    t.after(() => rmSync(this.root, { recursive: true }));
    for (const [bus, name] of Object.entries({
      1: "bcm2835 (i2c@7e804000)",
      4: "i2c-tiny-usb at bus 001 device 002",
    })) {
      const dir = join(this.root, `class/i2c-dev/i2c-${bus}`);
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, "name"), `${name}\n`);
    }
  }

  readonly calls: I2cCalls = {
    open: (path) => {
      fail(this.openError ?? (/i2c-[14]$/.test(path) ? undefined : "ENOENT"));
      this.opened.push(10 + this.opened.length);
      return this.opened.at(-1) ?? 0;
    },
    close: (fd) => void this.closed.push(fd),
    choose: () => fail(this.chooseError),
    transfer: async (_fd, _address, messages) => {
      fail(this.transferError);
      this.transfers.push([...messages]);
    },
  };

  port(): LinuxI2c {
    return new LinuxI2c({ sys: this.root, loadCalls: async () => this.calls });
  }
}

function fail(code: string | undefined): void {
  if (code !== undefined) throw Object.assign(new Error(code), { code });
}

const REQUEST = { bus: 1, address: 0x48, consumer: "test" } as const;

test("a write and a read go to the kernel as one transfer, and a closed device gives its descriptor back once", async (t) => {
  const kernel = new FakeI2cKernel(t);
  const port = kernel.port();
  const device = await port.open(REQUEST);
  assert.equal((await device.transfer(Uint8Array.of(0), 2)).length, 2);
  await device.transfer(Uint8Array.of(1, 2), 0);
  await device.transfer(new Uint8Array(), 3);
  assert.deepEqual(
    kernel.transfers.map((messages) => messages.map(({ read, octets }) => [read, octets.length])),
    [
      [
        [false, 1],
        [true, 2],
      ],
      [[false, 2]],
      [[true, 3]],
    ],
  );
  await assert.rejects(port.open(REQUEST), { code: "busy", message: /0x48 of I2C bus 1 is in use by test/ });
  await Promise.all([device.close(), device.close()]);
  assert.deepEqual(kernel.closed, kernel.opened);
  await assert.rejects(device.transfer(new Uint8Array(), 1), { code: "not_open" });
  await (await port.open({ ...REQUEST, bus: "tiny-usb" })).close();
});

test("busy: an address that a driver of the kernel has is told with the driver's name and the way out", async (t) => {
  const kernel = new FakeI2cKernel(t);
  kernel.chooseError = "EBUSY";
  const place = join(kernel.root, "bus/i2c/devices/1-0048");
  mkdirSync(join(kernel.root, "bus/i2c/drivers/lm75"), { recursive: true });
  mkdirSync(place, { recursive: true });
  symlinkSync(join(kernel.root, "bus/i2c/drivers/lm75"), join(place, "driver"));
  await assert.rejects(kernel.port().open(REQUEST), {
    code: "busy",
    message:
      /0x48 of I2C bus 1 is in use by the kernel's driver lm75\. .*use: hwmon.*echo 1-0048 \| sudo tee .*lm75\/unbind/,
  });
  assert.deepEqual(kernel.closed, kernel.opened);
});

test("what the kernel refuses is told by its code, with what to do", async (t) => {
  const kernel = new FakeI2cKernel(t);
  const port = kernel.port();
  await assert.rejects(port.open({ ...REQUEST, bus: 7 }), {
    code: "no_such_device",
    message: /no \/dev\/i2c-7\. Buses here: 1 \(bcm2835 .*4 \(i2c-tiny-usb/,
  });
  await assert.rejects(port.open({ ...REQUEST, bus: "ch341" }), { code: "no_such_device", message: /Buses here/ });
  await assert.rejects(port.open({ ...REQUEST, bus: "i2c" }), { code: "no_such_device", message: /More than one/ });
  kernel.openError = "EACCES";
  await assert.rejects(port.open(REQUEST), { code: "no_permission", message: /i2c-1 may not be used by .*rights of/ });
  kernel.openError = undefined;
  const device = await port.open(REQUEST);
  for (const [code, expected, words] of [
    ["ENXIO", "no_such_device", /does not answer\. .*wiring/],
    ["EREMOTEIO", "no_such_device", /does not answer/],
    ["ETIMEDOUT", "timeout", /the bus hangs\. .*pull-ups/],
    ["EOPNOTSUPP", "unavailable", /only SMBus/],
    ["EIO", "io", /cannot be reached/],
  ] as const) {
    kernel.transferError = code;
    await assert.rejects(device.transfer(Uint8Array.of(0), 1), { code: expected, message: words });
  }
  await device.close();
  rmSync(join(kernel.root, "class"), { recursive: true });
  await assert.rejects(port.open({ ...REQUEST, bus: 7 }), { code: "no_such_device", message: /dtparam=i2c_arm=on/ });
});
