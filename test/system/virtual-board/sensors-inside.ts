/**
 * Inside the virtual board, bundled: the drivers on a real kernel's chips and ports. Sets the registers of a simulated
 * LM75 and BMP280, plugs a USB adapter in and out, and prints what the drivers publish.
 */
import koffi from "koffi";
import { execFileSync } from "node:child_process";
import { existsSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { DriverContext, DriverDefinition, DriverInstance } from "../../../drivers/driver.ts";
import { claimedBoard } from "../../../drivers/claimed-board.ts";
import { createLinuxBoard } from "../../../drivers/hardware/linux-board.ts";
import { hwmon } from "../../../drivers/sensors/hwmon.ts";
import { iio } from "../../../drivers/sensors/iio.ts";
import { system } from "../../../drivers/sensors/system.ts";
import { Interlocks } from "../../../drivers/interlock.ts";
import { serial } from "../../../drivers/serial/serial.ts";

const published = new Map<string, unknown[]>();
const last = (stream: string): unknown => published.get(stream)?.at(-1);

function fact(name: string, value: unknown): void {
  process.stdout.write(`FACT ${JSON.stringify([name, value])}\n`);
}

async function until(what: string, done: () => boolean): Promise<void> {
  for (const end = performance.now() + 40_000; performance.now() < end; await sleep(50)) if (done()) return;
  throw new Error(`in vain: ${what}; published: ${JSON.stringify([...published])}`);
}

function context(definition: DriverDefinition, config: unknown): DriverContext {
  const say = (message: string): void => void process.stdout.write(`${message}\n`);
  return {
    clock: { wall: () => Date.now(), mono: () => performance.now() },
    timers: {
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    interlock: (group) => new Interlocks().of(group),
    random: () => 0,
    log: { debug: say, info: say, warn: say, error: say },
    signal: new AbortController().signal,
    board: claimedBoard(createLinuxBoard(), definition.plan(config)),
    publish: (stream, { value, quality }) => {
      published.set(stream, [...(published.get(stream) ?? []), quality === undefined ? value : quality]);
    },
    failed: (error) => say(error.message),
  };
}

const open = async (definition: DriverDefinition, config: unknown): Promise<DriverInstance> =>
  definition.open(config, context(definition, config));

interface StubBus {
  readonly number: number;
  readonly write: (chip: number, register: number, value: number, words: boolean) => void;
}

/** The stub's registers are written over SMBus (i2c-dev); the driver on top holds the address, so it is forced. */
function stubBus(): StubBus {
  execFileSync("modprobe", ["-a", "i2c-dev"]);
  execFileSync("modprobe", ["i2c-stub", "chip_addr=0x48,0x76"]);
  const root = "/sys/class/i2c-dev";
  const name = readdirSync(root).find((one) => /stub/i.test(readFileSync(`${root}/${one}/name`, "utf8"))) ?? "";
  koffi.struct("Smbus", { direction: "uint8_t", register: "uint8_t", size: "uint32_t", data: "uint8_t *" });
  const libc = koffi.load("libc.so.6");
  const choose = libc.func("int ioctl(int fd, unsigned long request, unsigned long chip)");
  const transfer = libc.func("ioctl", "int", ["int", "unsigned long", "Smbus *"]);
  const fd = openSync(`/dev/${name}`, "r+");
  const write = (chip: number, register: number, value: number, words: boolean): void => {
    const data = Buffer.from([value & 0xff, value >> 8, 0, 0]);
    const chosen: unknown = choose(fd, 0x0706, chip);
    const done: unknown = transfer(fd, 0x0720, { direction: 0, register, size: words ? 3 : 2, data });
    if (chosen !== 0 || done !== 0) throw new Error(`register ${String(register)} of ${String(chip)} was not written`);
  };
  return { number: Number(name.slice(4)), write };
}

async function chips(): Promise<void> {
  const { number, write } = stubBus();
  const attach = (chip: string, module: string, address: string): void => {
    execFileSync("modprobe", [module]);
    writeFileSync(`/sys/bus/i2c/devices/i2c-${String(number)}/new_device`, `${chip} ${address}`);
  };
  // 25.5 °C in half degrees, the high byte first
  write(0x48, 0, 0x8019, true);
  attach("lm75", "lm75", "0x48");
  write(0x76, 0xd0, 0x58, false);
  // calibration and raw temperature of the data sheet's example (BMP280, 8.1): 25.08 °C
  for (const [register, value] of [
    [0x88, 27_504],
    [0x8a, 26_435],
    [0x8c, 64_536],
  ] as const) {
    write(0x76, register, value & 0xff, false);
    write(0x76, register + 1, value >> 8, false);
  }
  for (const [register, value] of [
    [0xfa, 0x7e],
    [0xfb, 0xed],
    [0xfc, 0x00],
  ] as const)
    write(0x76, register, value, false);
  attach("bmp280", "bmp280-i2c", "0x76");
  const board = await open(hwmon, { sensors: { board: { chip: "lm75", input: "temp1", interval: "500ms" } } });
  const address = `${String(number)}-0076`;
  const air = await open(iio, { sensors: { air: { device: address, channel: "temp", interval: "500ms" } } });
  const machine = await open(system, {});
  await until(
    "the chips' readings",
    () => published.has("board") && published.has("air") && published.has("disk_used"),
  );
  fact("lm75", last("board"));
  fact("bmp280", last("air"));
  write(0x48, 0, 0x00d8, true);
  await until("the new temperature", () => last("board") === -40);
  fact("lm75 later", last("board"));
  writeFileSync(`/sys/bus/i2c/devices/i2c-${String(number)}/delete_device`, "0x48");
  await until("the missing chip", () => last("board") === "error");
  attach("lm75", "lm75", "0x48");
  await until("the chip that is back", () => last("board") === -40);
  fact("lm75 came back", true);
  fact("memory", last("memory_used"));
  await Promise.all([board.close(), air.close(), machine.close()]);
}

async function ports(): Promise<void> {
  const usb = (what: string): void => void execFileSync("rigctl", [what]);
  const uart = process.env["RIG_UART"] ?? "/dev/ttyS1";
  const driver = await open(serial, {
    ports: {
      line: { path: uart, baudRate: 115_200, requestTimeout: "10s" },
      plug: { usb: "ftdi", requestTimeout: "10s" },
    },
  });
  fact("uart", await driver.invoke("request", "line", ["hello\n"]));
  fact("before it is plugged in", driver.health().channels?.["plug"]?.cause);
  usb("usb-plug");
  await until("the adapter", () => last("plug_state") === "open");
  fact("adapter", await driver.invoke("request", "plug", ["ping\n"]));
  // somebody else keeps the old name taken
  openSync("/dev/ttyUSB0", "r+");
  usb("usb-unplug");
  await until("its loss", () => last("plug_state") === "lost");
  usb("usb-plug");
  await until("its return", () => last("plug_state") === "open");
  fact("its new name", existsSync("/dev/ttyUSB1"));
  fact("adapter again", await driver.invoke("request", "plug", ["pong\n"]));
  fact("states", published.get("plug_state"));
  await driver.close();
}

async function main(): Promise<void> {
  await chips();
  await ports();
  fact("done", true);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stdout.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
