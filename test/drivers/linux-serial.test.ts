/** The real serialport against a real pseudo-terminal, made by socat. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SerialRequest } from "../../drivers/board.ts";
import { serial } from "../../drivers/serial/serial.ts";
import { linuxFiles } from "../../drivers/hardware/linux-files.ts";
import { createLinuxBoard } from "../../drivers/hardware/linux-board.ts";
import { Interlocks } from "../../drivers/interlock.ts";
import { newMemory } from "../../drivers/remembered.ts";
import { LinuxSerial } from "../../drivers/hardware/linux-serial.ts";

const socat = spawnSync("socat", ["-V"]).status === 0;
const skip = socat ? false : "socat is missing: install the Debian package socat";

async function until(what: string, done: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!done()) {
    if (performance.now() > deadline) assert.fail(`${what} did not come`);
    await sleep(10);
  }
}

interface Pty {
  readonly path: string;
  readonly far: ChildProcess;
  readonly received: Buffer[];
}

/** A pty whose far end is this process: what socat reads from the terminal comes on its output, and the other way. */
async function pty(t: TestContext): Promise<Pty> {
  const dir = await mkdtemp(join(tmpdir(), "pinion-pty-"));
  const path = join(dir, "port");
  const far = spawn("socat", [`pty,raw,echo=0,link=${path}`, "stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  const received: Buffer[] = [];
  far.stdout.on("data", (chunk: Buffer) => received.push(chunk));
  t.after(async () => {
    await unplug(far);
    await rm(dir, { recursive: true, force: true });
  });
  await until("the pty", () => existsSync(path));
  return { path, far, received };
}

async function unplug(far: ChildProcess): Promise<void> {
  if (far.exitCode !== null || far.signalCode !== null) return;
  const gone = once(far, "exit");
  far.kill("SIGKILL");
  await gone;
}

const settings = { baudRate: 115_200, dataBits: 8, parity: "none", stopBits: 1 } as const;
const ignored = { onData: () => undefined, onClose: () => undefined };

test("bytes go both ways unchanged", { skip }, async (t) => {
  const { path, far, received } = await pty(t);
  const got: number[] = [];
  const onData = (bytes: Uint8Array): void => void got.push(...bytes);
  const connection = await new LinuxSerial().open({ path, ...settings, ...ignored, onData });
  const all = Uint8Array.from({ length: 256 }, (_, index) => index);
  await connection.write(all);
  far.stdin?.write(all);
  await until("the bytes", () => got.length >= 256 && Buffer.concat(received).length >= 256);
  assert.deepEqual(got, [...all]);
  assert.deepEqual(new Uint8Array(Buffer.concat(received)), all);
  await connection.close();
  await connection.close();
  await assert.rejects(connection.write(all), { code: "not_open" });
});

test("busy: a port is opened exclusively, and free again after close", { skip }, async (t) => {
  const { path } = await pty(t);
  const serial = new LinuxSerial();
  const request: SerialRequest = { path, ...settings, ...ignored };
  const connection = await serial.open(request);
  await assert.rejects(serial.open(request), { code: "busy" });
  await connection.close();
  await (await serial.open(request)).close();
});

test("a port whose far end goes away says so once, and a write fails at once", { skip }, async (t) => {
  const { path, far } = await pty(t);
  const causes: Error[] = [];
  const onClose = (cause: Error): void => void causes.push(cause);
  const connection = await new LinuxSerial().open({ path, ...settings, ...ignored, onClose });
  await unplug(far);
  await until("the close", () => causes.length > 0);
  await assert.rejects(connection.write(Uint8Array.of(1)), { code: "not_open" });
  await connection.close();
  assert.equal(causes.length, 1);
});

test("no_such_device: a port that is missing, and a file that is no port", async (t) => {
  const serial = new LinuxSerial();
  await assert.rejects(serial.open({ path: "/dev/no-such-port", ...settings, ...ignored }), { code: "no_such_device" });
  const dir = await mkdtemp(join(tmpdir(), "pinion-file-"));
  t.after(async () => rm(dir, { recursive: true }));
  await writeFile(join(dir, "plain"), "x");
  await assert.rejects(serial.open({ path: join(dir, "plain"), ...settings, ...ignored }), { code: "no_such_device" });
});

test("ports are listed with their by-id names, with udev or without", async (t) => {
  const dev = await mkdtemp(join(tmpdir(), "pinion-dev-"));
  t.after(async () => rm(dev, { recursive: true }));
  await mkdir(join(dev, "serial/by-id"), { recursive: true });
  for (const name of ["ttyUSB0", "ttyACM1", "tty1", "null"]) await writeFile(join(dev, name), "");
  await symlink(join(dev, "ttyUSB0"), join(dev, "serial/by-id/usb-meter"));
  const ports = await new LinuxSerial({ dev }).list();
  if (existsSync("/bin/udevadm") || existsSync("/usr/bin/udevadm")) {
    assert.ok(ports.every(({ path }) => path.startsWith("/dev/")));
    return;
  }
  assert.deepEqual(ports, [
    { path: join(dev, "ttyACM1"), byId: [] },
    { path: join(dev, "ttyUSB0"), byId: [join(dev, "serial/by-id/usb-meter")] },
  ]);
});

test("files: small texts and directories, with named errors", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "pinion-file-"));
  t.after(async () => rm(dir, { recursive: true }));
  await writeFile(join(dir, "b"), "48312\n");
  await writeFile(join(dir, "a"), "x".repeat(100_000));
  assert.equal(await linuxFiles.readText(join(dir, "b")), "48312\n");
  assert.equal((await linuxFiles.readText(join(dir, "a"))).length, 65_536);
  assert.deepEqual(await linuxFiles.list(dir), ["a", "b"]);
  await assert.rejects(linuxFiles.readText(join(dir, "c")), { code: "no_such_device" });
  await assert.rejects(linuxFiles.readText(dir), { code: "io" });
});

test("the serial driver reads a real line, loses it and reads it again when it is back", { skip }, async (t) => {
  const { path, far } = await pty(t);
  const values: unknown[] = [];
  const states: unknown[] = [];
  const config = { ports: { meter: { path, readings: [{ stream: "level", pointer: "/level" }] } } };
  const quiet = (): void => undefined;
  const driver = await serial.open(config, {
    clock: { wall: () => Date.now(), mono: () => performance.now() },
    timers: {
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    interlock: (group) => new Interlocks().of(group),
    remembered: newMemory(),
    random: () => 0,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    signal: new AbortController().signal,
    board: createLinuxBoard(),
    publish: (stream, { value, quality }) => {
      if (stream === "level") values.push(quality === "error" ? "error" : value);
      else states.push(value);
    },
    failed: (error) => assert.fail(error),
  });
  t.after(async () => driver.close());
  far.stdin?.write('{"level": 1}\n{"lev');
  await until("the first reading", () => values.length === 1);
  await unplug(far);
  await until("the error reading", () => values.length === 2);
  await assert.rejects(driver.invoke("write", "meter", ["x"]), { code: "not_open" });
  const again = spawn("socat", [`pty,raw,echo=0,link=${path}`, "stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(async () => unplug(again));
  await until("the port's return", () => driver.health().state === "ok");
  again.stdin.write('{"level": 2}\n');
  await until("the second reading", () => values.length === 3);
  assert.deepEqual(values, [1, "error", 2]);
  assert.deepEqual(states, ["open", "lost", "open"]);
});

test("a device file that appears is noticed at once", { skip }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "pinion-dev-"));
  t.after(async () => rm(dir, { recursive: true, force: true }));
  let noticed = 0;
  const end = new LinuxSerial({ dev: dir }).watch(join(dir, "ttyUSB0"), () => (noticed += 1));
  await writeFile(join(dir, "unrelated"), "");
  await writeFile(join(dir, "ttyUSB1"), "");
  await until("the notice", () => noticed > 0);
  end();
  assert.doesNotThrow(() => new LinuxSerial({ dev: join(dir, "none") }).watch(join(dir, "none/x"), () => undefined)());
});

test("an adapter is found by its USB numbers, whatever it is called", { skip }, async (t) => {
  const { path } = await pty(t);
  const dir = await mkdtemp(join(tmpdir(), "pinion-usb-"));
  t.after(async () => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, "dev"));
  const device = join(dir, "sys/devices/usb1/1-1");
  await mkdir(join(device, "1-1:1.0/ttyUSB7"), { recursive: true });
  await mkdir(join(dir, "sys/class/tty/ttyUSB7"), { recursive: true });
  await symlink(join(device, "1-1:1.0/ttyUSB7"), join(dir, "sys/class/tty/ttyUSB7/device"));
  for (const [file, text] of [
    ["idVendor", "0403"],
    ["idProduct", "6001"],
    ["serial", "A50285BI"],
  ] as const)
    await writeFile(join(device, file), `${text}\n`);
  await symlink(path, join(dir, "dev/ttyUSB7"));
  const port = new LinuxSerial({ dev: join(dir, "dev"), sys: join(dir, "sys") });
  const request = { path: "usb:0403:*", ...settings, ...ignored };
  const connection = await port.open({ ...request, usb: { vendorId: "0403", serialNumber: "A50285BI" } });
  await connection.close();
  await assert.rejects(port.open({ ...request, usb: { vendorId: "1a86" } }), {
    code: "no_such_device",
    message: /ttyUSB7 \(vendorId 0403, productId 6001, serialNumber A50285BI\)/,
  });
});

test("a real line is asked and answers", { skip }, async (t) => {
  const { path, far, received } = await pty(t);
  const connection = await new LinuxSerial().open({ path, ...settings, ...ignored });
  await connection.write(Uint8Array.of(63));
  await connection.drain();
  await until("the question", () => Buffer.concat(received).toString() === "?");
  await connection.setBaudRate(9600);
  // a pseudo-terminal has no modem lines: that fails the call and nothing else
  await assert.rejects(connection.lines(), { code: /io|no_such_device/ });
  await connection.write(Uint8Array.of(33));
  await until("the rest", () => Buffer.concat(received).toString() === "?!");
  await connection.close();
  await assert.rejects(connection.drain(), { code: "not_open" });
  assert.equal(far.exitCode, null);
});

test("a port that another program has open without a lock is told of with what ends that", { skip }, async (t) => {
  const { path, far } = await pty(t);
  // socat keeps the terminal itself open beside its far end
  const shared = await new LinuxSerial().open({ path, ...settings, ...ignored });
  const pid = String(far.pid);
  assert.equal(shared.sharedWith, `socat (process ${pid}). Stop it: \`sudo kill ${pid}\`.`);
  await shared.close();
});
