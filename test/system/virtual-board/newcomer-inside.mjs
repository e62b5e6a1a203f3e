/**
 * Inside the virtual board: what the bundled device says to somebody who does it for the first time and does it wrong, and what
 * its doctor says about it, on real lines, ports, holders and rights. argv: folder of the bundle, folder for files, `short`
 * for one trial of each kind.
 * Each trial prints `FACT ["name", "what was said"]`; the outer test reads the words.
 */
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [, , bundle, folder, length] = process.argv;
const all = length !== "short";
const script = join(bundle, "pinion-device.cjs");
const uart = process.env.RIG_UART;
const LENA = { uid: 1500 };
const GPIO = 1501;
const DIALOUT = 20;

const fact = (name, value) => console.log(`FACT ${JSON.stringify([name, value])}`);

/** The chip anew, with names for two of its lines as a Raspberry Pi's kernel has them. */
function nameLines() {
  const chip = "/sys/kernel/config/gpio-sim/chip0";
  writeFileSync(join(chip, "live"), "0");
  for (const [line, name] of [
    [17, "GPIO17"],
    [22, "GPIO22"],
    [42, "PWR_LED"],
  ]) {
    execFileSync("mkdir", [join(chip, "bank0", `line${line}`)]);
    writeFileSync(join(chip, "bank0", `line${line}`, "name"), name);
  }
  writeFileSync(join(chip, "live"), "1");
}

/** Rights as Raspberry Pi OS gives them by udev, and somebody who has none of them. */
function prepare() {
  appendFileSync("/etc/passwd", `lena:x:${LENA.uid}:${LENA.uid}::/tmp:/bin/sh\n`);
  appendFileSync("/etc/group", `lena:x:${LENA.uid}:\ngpio:x:${GPIO}:\n`);
  if (!/^dialout:/m.test(readFileSync("/etc/group", "utf8"))) appendFileSync("/etc/group", `dialout:x:${DIALOUT}:\n`);
  const give = (group, mode, file) => {
    chownSync(file, 0, group);
    chmodSync(file, mode);
  };
  for (const name of readdirSync("/dev")) if (/^gpiochip\d/.test(name)) give(GPIO, 0o660, `/dev/${name}`);
  for (const name of ["export", "unexport"]) give(GPIO, 0o220, `/sys/class/gpio/${name}`);
  give(DIALOUT, 0o660, uart);
}

/** Starts the device, as root or as somebody; its words as they come. */
function device(args, { uid, groups = [] } = {}) {
  const who = groups.length > 0 ? ["--groups", groups.join()] : ["--clear-groups"];
  const as = uid === undefined ? [] : ["setpriv", "--reuid", String(uid), "--regid", String(uid), ...who];
  const [command, ...rest] = [...as, process.execPath, script, ...args];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"], cwd: folder });
  const one = { child, text: "" };
  one.ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? signal)));
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (one.text += chunk));
  return one;
}

/** Of the log the messages, of anything else all of it. */
const words = (text) =>
  text
    .split("\n")
    .map((line) => (line.startsWith("{") ? JSON.parse(line).msg : line))
    .join("\n");

let files = 0;
function config(drivers, board = "") {
  files += 1;
  const file = join(folder, `board-${files}.yaml`);
  writeFileSync(file, `router: { url: "rs://127.0.0.1:9" }\nboard: { ${board} }\ndrivers:\n${drivers}`);
  chmodSync(file, 0o644);
  return file;
}

async function until(what, test, limit = 60_000) {
  for (const end = performance.now() + limit; performance.now() < end; await sleep(50)) if (test()) return;
  throw new Error(`in vain: ${what}`);
}

/** Runs the board until it has said what is expected, or a while; what it said is the fact. */
async function started(name, file, { says, who } = {}) {
  const one = device(["--config", file], who);
  await until(name, () => says.test(words(one.text)), 40_000).catch(() => undefined);
  one.child.kill("SIGKILL");
  await one.ended;
  fact(name, words(one.text));
}

async function told(name, args, who) {
  const one = device(args, who);
  const status = await one.ended;
  fact(name, `${one.text}status ${status}`);
}

/** Another program that has a line: by the kernel's own interface, through the bundle's library. */
function holdLine(line, label) {
  const library = readdirSync(join(bundle, "native")).find((name) => name.startsWith("koffi"));
  const libc = createRequire(import.meta.url)(join(bundle, "native", library)).load("libc.so.6");
  const ioctl = libc.func("int ioctl(int fd, unsigned long request, void *octets)");
  const request = Buffer.alloc(592); // struct gpio_v2_line_request
  request.writeUInt32LE(line, 0);
  request.write(label, 256);
  request.writeUInt32LE(1 << 2, 288); // GPIO_V2_LINE_FLAG_INPUT
  request.writeUInt32LE(1, 560);
  const taken = readdirSync("/dev")
    .filter((name) => /^gpiochip\d/.test(name))
    .some((name) => {
      const fd = openSync(`/dev/${name}`, "r+");
      const info = Buffer.alloc(68);
      ioctl(fd, 0x8044b401, info);
      return info.toString("latin1", 32).startsWith("pinctrl-bcm2711") && ioctl(fd, 0xc250b407, request) === 0;
    });
  if (!taken) throw new Error("the line could not be taken");
}

const pins = (...lines) => `  - use: gpio\n    pins:\n${lines.map((line) => `      ${line}\n`).join("")}`;
const port = (text) => `  - use: serial\n    ports:\n      meter: { ${text} }\n`;

async function pinsAtFault() {
  const typos = config(pins("pump: { pin: GPI017, direction: out }", "fan: { pin: GPIO99, direction: out }"));
  await told("check: a typing error and a line that is not there", ["--check", "--config", typos]);
  for (const backend of all ? ["sysfs", "chardev"] : ["sysfs"]) {
    const free = config(
      pins("pump: { pin: GPIO17, direction: out }") + port(`path: ${uart}`),
      `gpioBackend: ${backend}`,
    );
    await started(`${backend}: not in the group`, free, {
      says: /meter: [^]*driver gpio waits for its rights/,
      who: LENA,
    });
  }
  if (!all) return;
  await told("check: for another machine", ["--check", "--files", folder, "--config", typos]);
  const twice = config(pins("pump: { pin: 17, direction: out }", 'fan: { pin: "pinctrl-bcm2711:17", direction: out }'));
  await told("check: two names of one line", ["--check", "--config", twice]);
  const rp1 = config("  - use: gpio\n    chip: pinctrl-rp1\n    pins: { pump: { pin: 17, direction: out } }\n");
  await told("check: a chip that is not there", ["--check", "--config", rp1]);
  await started("start: a typing error", config(pins("pump: { pin: PWR_LEF, direction: out }")), {
    says: /is faulted/,
  });
}

/** One board with all that is not there; the pin goes over the character device. */
async function muchAtFault() {
  const much = config(
    `${pins("fan: { pin: GPIO22, direction: out }")}  - use: serial
    ports: { gone: { path: /dev/ttyUSB7 }, probe: { usb: ftdi }, odd: { path: /etc/passwd }, busy: { path: ${uart} } }
  - use: w1
    sensors: { tank: {} }
  - use: i2c
    bus: 7
    devices: { adc: { address: 0x48 } }
    registers: { volt: { device: adc, register: 0 } }
  - use: gpio
    pins: {}
    pwm: { lamp: { channel: 0 } }
`,
    "gpioBackend: chardev",
  );
  await started("much at fault", much, {
    says: /(?=[^]*fan: )(?=[^]*gone: )(?=[^]*probe: )(?=[^]*odd: )(?=[^]*busy: )(?=[^]*tank: )(?=[^]*adc: )(?=[^]*lamp: )/,
  });
}

/** It has the port, and its device another speed; meanwhile a second board is started. */
async function portAtFault() {
  const line = config(
    `${pins("pump: { pin: GPIO22, direction: out }", "light: { pin: 5, direction: out }")}${port(`path: ${uart}, baudRate: 115200, readings: [{ stream: temperature, match: "^T=(\\\\S+)" }]`)}`,
    "gpioBackend: sysfs",
  );
  const holder = device(["--config", line], { ...LENA, groups: [GPIO, DIALOUT] });
  await until("the port to be open", () => /driver serial is open/.test(holder.text));
  for (let round = 0; round < 4; round += 1) execFileSync("rigctl", ["uart-send", "f880e606fe1e98f80a"]);
  await muchAtFault();
  await until("the wrong baud rate to be told", () => /no text/.test(holder.text)).catch(() => undefined);
  holder.child.kill("SIGKILL");
  await holder.ended;
  fact("held over sysfs, and a wrong baud rate", words(holder.text));
}

async function doctor() {
  const file = config(
    `${pins("pump: { pin: GPIO17, direction: out }", "fan: { pin: GPIO22, direction: out }", "led: { pin: PWR_LED, direction: out }", "typo: { pin: PWR_LEF, direction: out }")}  - use: serial
    ports: { meter: { path: ${uart} }, gone: { path: /dev/ttyUSB7 }, probe: { usb: ftdi } }
  - use: w1
    sensors: { tank: {} }
`,
  );
  await told("doctor: of the whole board", ["--doctor", "all", "--config", file]);
  const sound = config(pins("pump: { pin: GPIO17, direction: out }"));
  await told("doctor: a sound pin, as JSON", ["--doctor", "gpio", "--json", "--config", sound]);
  if (all) await told("doctor: for somebody without rights", ["--doctor", "all", "--config", file], LENA);
}

try {
  nameLines();
  if (existsSync("/sys/kernel/debug")) execFileSync("mount", ["-t", "debugfs", "none", "/sys/kernel/debug"]);
  prepare();
  holdLine(22, "gpioset");
  await pinsAtFault();
  await portAtFault();
  await doctor();
  fact("done", true);
} catch (error) {
  fact("failed", String(error.stack ?? error));
}
process.exit(0);
