/* oxlint-disable max-lines, max-lines-per-function, typescript/no-floating-promises, typescript/restrict-template-expressions --
 * one board, one process, one order of events: `finish` and `powerOn` are started from events and end by themselves. */
// The host side of gpio-vm: starts the board (QEMU), carries its output, serves
// its disk and its serial devices, and does what the guest asks with rigctl.
// Everything it needs comes in RIG_* variables from the script gpio-vm.
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  createWriteStream,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { treeWithPwm } from "./device-tree.mjs";
import { VolatileDisk } from "./disk.mjs";
import { pluggableDevices } from "./usb-devices.mjs";

const env = process.env;
const run = env.RIG_RUN;
const arm = env.RIG_ARCH === "arm64";
const ARM_MACHINE = ["-machine", "virt,gic-version=3", "-cpu", "cortex-a72"];
const pwm = env.RIG_PWM ?? "";

/**
 * One without fast string moves (erms): where a processor has them, kernel and C library copy by `rep movsb`, which is emulated octet by
 * octet, a third of all the time.
 */
const X86_MACHINE = ["-machine", "q35", "-cpu", "Nehalem"];

function machineArgs() {
  if (!arm) return X86_MACHINE;
  const tree = pwm ? ["-dtb", treeWithPwm(join(env.RIG_RUN, "board.dtb"), ARM_MACHINE, Number(env.RIG_MEM))] : [];
  return [...ARM_MACHINE, ...tree];
}
const started = performance.now();
const since = () => ((performance.now() - started) / 1000).toFixed(3);
const log = (text) => appendFileSync(join(run, "ctl.log"), `${since()} ${text}\n`);
const say = (text) => process.stderr.write(`gpio-vm: ${text}\n`);

const sockets = env.RIG_SOCKETS;
const children = new Set();
const wait = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
let finished = false;
let boot = 0;

async function finish(status) {
  if (finished) return;
  finished = true;
  log(`end ${status}`);
  if ([70, 124, 125].includes(status)) {
    try {
      const lines = readFileSync(join(run, `console.${boot}.log`), "utf8")
        .trimEnd()
        .split("\n")
        .slice(-15);
      if (lines.join("").trim())
        say(`the end of the console:\n${lines.map((line) => `    ${line.trimEnd()}`).join("\n")}`);
    } catch {
      /* it never came so far */
    }
  }
  const ended = [...children].map(
    (child) =>
      new Promise((resolve) => {
        child.on("exit", resolve);
        kill(child);
      }),
  );
  await Promise.race([Promise.all(ended), wait(3000)]);
  // Let what the guest wrote reach our own stdout and stderr first.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(status)));
}

// Children that are shells lead a process group, so that what they started goes too.
function kill(child) {
  try {
    if (child.ownGroup) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    /* it has ended already */
  }
}

function start(command, args, options = {}) {
  const child = spawn(command, args, options);
  child.ownGroup = options.detached === true;
  children.add(child);
  child.on("exit", () => children.delete(child));
  child.on("error", (error) => {
    say(`${command}: ${error.message}`);
    finish(70);
  });
  return child;
}

const startShell = (command, stdio) =>
  start("setpriv", ["--pdeathsig", "KILL", "bash", "-c", command], { cwd: env.RIG_PROJECT, stdio, detached: true });

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void finish(130));
process.on("uncaughtException", (error) => {
  say(error.stack);
  finish(70);
});
setTimeout(() => {
  say(`timed out after ${env.RIG_TIMEOUT} s (boot ${boot})`);
  finish(124);
}, env.RIG_TIMEOUT * 1000);

// ---- serial devices --------------------------------------------------------
// QEMU connects to a socket of ours for each port; what is behind it is a
// command's stdin and stdout, or an echo.

function serialDevice(name, command) {
  const path = join(sockets, name);
  const received = createWriteStream(join(run, `${name}.rx`), { flags: "a" });
  const device = { path, socket: null, child: null };
  device.server = createServer((socket) => {
    device.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (data) => received.write(data));
    if (command) {
      device.child = startShell(command, ["pipe", "pipe", "inherit"]);
      device.child.stdin.on("error", () => {});
      socket.pipe(device.child.stdin);
      device.child.stdout.pipe(socket, { end: false });
    } else {
      socket.on("data", (data) => socket.write(data));
    }
    socket.on("close", () => {
      if (device.child) kill(device.child);
      device.child = null;
      device.socket = null;
    });
  });
  device.server.listen(path);
  return device;
}

const uart1 = serialDevice("ttyS1", env.RIG_UART1);
const usb0 = serialDevice("ttyUSB0", env.RIG_USB0);

// QEMU connects to a socket of ours for each device that is plugged in, as it does for the serial ones.
const pluggable = pluggableDevices();
for (const [name, { device }] of Object.entries(pluggable)) {
  if (device) createServer((socket) => device.plug(socket)).listen(join(sockets, name));
}

// ---- the data disk and the card --------------------------------------------

const seed = env.RIG_SEED ? Number(env.RIG_SEED) : Math.floor(Math.random() * 2 ** 31);
let disk = null;
if (env.RIG_DISK) {
  const image = join(run, "disk.img");
  const fd = openSync(image, "w");
  ftruncateSync(fd, env.RIG_DISK * 1024 * 1024);
  closeSync(fd);
  log(`disk seed ${seed}`);
  disk = new VolatileDisk(image, env.RIG_DISK * 1024 * 1024, seed);
  disk.listen(join(sockets, "disk"));
}

let card = null;
if (env.RIG_CARD) {
  const image = join(run, "card.img");
  copyFileSync(env.RIG_CARD, image);
  card = new VolatileDisk(image, statSync(image).size, seed + 1);
  card.listen(join(sockets, "card"));
}

// What the firmware would take from the card for the kernel: of it, what is for systemd. The rest is of a real board.
function wordsOfCard() {
  if (!card) return "";
  card.flush();
  const image = join(run, "card.img");
  const fd = openSync(image, "r");
  const table = Buffer.alloc(512);
  readSync(fd, table, 0, 512, 0);
  closeSync(fd);
  const drive = `${image}@@${table.readUInt32LE(446 + 8) * 512}`;
  const { stdout, stderr, status } = spawnSync("mtype", ["-i", drive, "::/cmdline.txt"], {
    encoding: "utf8",
    env: { ...env, MTOOLSRC: "/dev/null", MTOOLS_SKIP_CHECK: "1" },
  });
  if (status !== 0) throw new Error(`the card has no cmdline.txt any more, a real board would not start: ${stderr}`);
  log(`cmdline.txt: ${stdout.trimEnd()}`);
  const line = stdout.split("\n", 1)[0];
  if (!line.includes("root=")) throw new Error(`the card's cmdline.txt names no root, a real board would not start`);
  return line
    .split(" ")
    .filter((word) => /^(systemd\.|ds=)/.test(word))
    .map((word) => ` ${word}`)
    .join("");
}

// ---- QEMU's control socket -------------------------------------------------

class Qmp {
  constructor(socket) {
    this.socket = socket;
    this.waiting = [];
    this.events = [];
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      rest += chunk;
      for (let end; (end = rest.indexOf("\n")) >= 0; rest = rest.slice(end + 1))
        this.take(JSON.parse(rest.slice(0, end)));
    });
  }

  take(message) {
    if (message.event) {
      log(`qemu ${message.event} ${JSON.stringify(message.data ?? {})}`);
      this.events = this.events.filter((entry) => !(entry.test(message) && (entry.resolve(message), true)));
    } else if ("return" in message || message.error) {
      const { resolve, reject } = this.waiting.shift();
      if (message.error) reject(new Error(message.error.desc));
      else resolve(message.return);
    }
  }

  ask(execute, args) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    });
  }

  event(test) {
    return new Promise((resolve, reject) => {
      this.events.push({ test, resolve });
      setTimeout(() => reject(new Error("QEMU did not answer in ten seconds")), 10_000).unref();
    });
  }
}

// ---- what the guest can ask for --------------------------------------------

const words = {
  help: [
    () =>
      Object.entries(words)
        .map(([word, [, text]]) => `${word.padEnd(14)}${text}`)
        .join("\\n"),
    "this list",
  ],
  up: [
    (seconds) => {
      log(`boot ${boot} up, guest clock ${seconds} s`);
    },
    "(used by the guest itself)",
  ],
  end: [
    (status) => {
      setImmediate(() => void finish(Number(status)));
    },
    "(used by the guest itself)",
  ],
  time: [() => String(performance.now()), "the host's clock, in milliseconds"],
  log: [
    (...text) => {
      log(`guest ${text.join(" ")}`);
    },
    "TEXT: a line in ctl.log, safe over a power cut",
  ],
  "usb-plug": [
    async () => {
      await qmp.ask("chardev-add", {
        id: "usb0c",
        backend: { type: "socket", data: { addr: { type: "unix", data: { path: usb0.path } }, server: false } },
      });
      await qmp.ask("device_add", { driver: "usb-serial", id: "usb0", chardev: "usb0c" });
    },
    "plug in a USB serial adapter (FTDI)",
  ],
  "usb-unplug": [
    async () => {
      const gone = qmp.event((message) => message.event === "DEVICE_DELETED" && message.data.device === "usb0");
      await qmp.ask("device_del", { id: "usb0" });
      await gone;
      await qmp.ask("chardev-remove", { id: "usb0c" });
    },
    "pull it out",
  ],
  plug: [
    async (name) => {
      const { driver } = pluggable[name];
      const chardev = { chardev: `${name}c` };
      if (driver === "usb-redir") {
        const backend = {
          type: "socket",
          data: { addr: { type: "unix", data: { path: join(sockets, name) } }, server: false },
        };
        await qmp.ask("chardev-add", { id: chardev.chardev, backend });
      }
      await qmp.ask("device_add", { driver, id: name, ...(driver === "usb-redir" ? chardev : {}) });
    },
    `NAME: plug in one of ${Object.keys(pluggable).join(", ")}`,
  ],
  unplug: [
    async (name) => {
      const gone = qmp.event((message) => message.event === "DEVICE_DELETED" && message.data.device === name);
      await qmp.ask("device_del", { id: name });
      await gone;
    },
    "NAME: pull it out",
  ],
  set: [
    (name, what, ...values) => pluggable[name].set(what, ...values),
    Object.entries(pluggable)
      .filter(([, { help }]) => help)
      .map(([name, { help }]) => `${name} ${help}`)
      .join("; "),
  ],
  "uart-break": [
    () => qmp.ask("chardev-send-break", { id: "uart1" }).then(() => {}),
    "a break condition on /dev/ttyS1",
  ],
  "uart-send": [
    (hex) => {
      uart1.socket.write(Buffer.from(hex, "hex"));
    },
    "HEX: these bytes arrive on /dev/ttyS1",
  ],
  "usb-send": [
    (hex) => {
      usb0.socket.write(Buffer.from(hex, "hex"));
    },
    "HEX: these bytes arrive on /dev/ttyUSB0",
  ],
  cable: [
    (state) => qmp.ask("set_link", { name: "net0", up: state === "in" }).then(() => {}),
    "in|out: the network cable",
  ],
  freeze: [
    async (ms) => {
      await qmp.ask("stop");
      await wait(Number(ms));
      await qmp.ask("cont");
    },
    "MS: the whole board stands still",
  ],
  "power-cut": [
    (ms = "0") => {
      setTimeout(() => powerCut(), Number(ms));
    },
    "[MS]: cut the power, now or in MS milliseconds",
  ],
  reset: [
    () => {
      setTimeout(() => qmp.ask("system_reset").catch(() => {}), 1);
    },
    "the reset button",
  ],
  disk: [
    (what, value) => disk.fault(what, value),
    "errors none|read|write|flush, slow MS, cache on|off: faults of the data disk",
  ],
};

async function answer(line, socket) {
  const [word, ...args] = line.split(" ");
  log(`rigctl ${line}`);
  try {
    if (!Object.hasOwn(words, word)) throw new Error(`no such word: ${word}; try rigctl help`);
    socket.write(`ok ${(await words[word][0](...args)) ?? ""}\n`);
  } catch (error) {
    log(`failed: ${error.message}`);
    socket.write(`no ${error.message}\n`);
  }
}

// ---- one boot --------------------------------------------------------------

let qemu = null;
let qmp = null;
let cutting = false;

const listenOnce = (name, handler) =>
  new Promise((resolve) => {
    const path = join(sockets, name);
    rmSync(path, { force: true });
    const server = createServer((socket) => {
      socket.on("error", () => {});
      handler(socket);
      server.close();
    });
    server.listen(path, () => resolve(path));
  });

async function powerOn() {
  boot += 1;
  cutting = false;
  const guest = {
    RIG: 1,
    RIG_BOOT: boot,
    RIG_PROJECT: env.RIG_PROJECT,
    RIG_CHIPS: env.RIG_CHIPS,
    RIG_DISK: env.RIG_DISK,
    RIG_CARD: env.RIG_CARD,
    RIG_SYSTEMD: env.RIG_SYSTEMD,
    RIG_PWM: pwm,
    RIG_UART: arm ? "/dev/ttyS0" : "/dev/ttyS1",
    HOME: "/root",
    LANG: "C.UTF-8",
    RIG_PATH: arm ? "/usr/bin" : dirname(process.execPath),
  };
  for (const pair of (env.RIG_ENV ?? "").split("\n").filter(Boolean))
    guest[pair.slice(0, pair.indexOf("="))] = pair.slice(pair.indexOf("=") + 1);
  const quote = (value) => `'${String(value).replaceAll("'", "'\\''")}'`;
  writeFileSync(
    join(run, "guest.env"),
    Object.entries(guest)
      .map(([k, v]) => `${k}=${quote(v)}\n`)
      .join(""),
  );

  const out = await listenOnce("out", (socket) => socket.pipe(process.stdout, { end: false }));
  const err = await listenOnce("err", (socket) => socket.pipe(process.stderr, { end: false }));
  const ctl = await listenOnce("ctl", (socket) => {
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      rest += chunk;
      for (let end; (end = rest.indexOf("\n")) >= 0; rest = rest.slice(end + 1)) answer(rest.slice(0, end), socket);
    });
  });
  const greeted = new Promise((resolve) => {
    listenOnce("qmp", (socket) => {
      const control = new Qmp(socket);
      control.ask("qmp_capabilities").then(() => resolve(control));
    });
  });
  await wait(0);

  const share = (tag, path, more) => [
    "-fsdev",
    `local,id=${tag},path=${path.replaceAll(",", ",,")},security_model=none,multidevs=remap${more}`,
    "-device",
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
  ];
  const port = (id, name, path) => [
    "-chardev",
    `socket,id=${id},path=${path}`,
    "-device",
    `virtserialport,chardev=${id},name=${name}`,
  ];
  const forwards = (env.RIG_FWD ?? "")
    .split(" ")
    .filter(Boolean)
    .map((pair) => `,hostfwd=tcp:127.0.0.1:${pair.split(":")[0]}-10.0.2.15:${pair.split(":")[1]}`)
    .join("");
  // QEMU 7.2's emulation of two processors in two threads has a race with the
  // kernel patching its own code: about one boot in twenty dies ("Oops: int3") or
  // hangs. With one processor, or several taking turns, none did.
  const args = [
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-no-reboot",
    ...machineArgs(),
    "-accel",
    "tcg,thread=single",
    "-smp",
    env.RIG_CPUS,
    "-m",
    env.RIG_MEM,
    "-kernel",
    env.RIG_KERNEL,
    "-initrd",
    env.RIG_INITRAMFS,
    "-append",
    `console=${arm ? "ttyAMA0" : "ttyS0"} quiet panic=-1 mitigations=off net.ifnames=0${wordsOfCard()}`,
    "-device",
    "virtio-rng-pci",
    "-device",
    "i6300esb",
    "-device",
    "qemu-xhci",
    ...share("root", env.RIG_ROOT, ",readonly=on"),
    ...share("modules", env.RIG_MODULES, ",readonly=on"),
    ...share("project", env.RIG_PROJECT, ""),
    ...share("rig", run, ""),
    "-serial",
    `file:${join(run, `console.${boot}.log`)}`,
    "-chardev",
    `socket,id=uart1,path=${uart1.path}`,
    ...(arm ? ["-device", "pci-serial,chardev=uart1"] : ["-serial", "chardev:uart1"]),
    "-device",
    "virtio-serial-pci",
    ...port("ctl", "rig.ctl", ctl),
    ...port("out", "rig.out", out),
    ...port("err", "rig.err", err),
    "-netdev",
    `user,id=net0${forwards}`,
    "-device",
    "virtio-net-pci,netdev=net0",
    "-chardev",
    `socket,id=qmp,path=${join(sockets, "qmp")}`,
    "-mon",
    "chardev=qmp,mode=control",
    ...(env.RIG_RTC ? ["-rtc", `base=${env.RIG_RTC},clock=vm`] : []),
    ...(disk
      ? [
          "-blockdev",
          `driver=nbd,node-name=disk,server.type=unix,server.path=${join(sockets, "disk")},export=disk`,
          "-device",
          "virtio-blk-pci,drive=disk",
        ]
      : []),
    ...(env.RIG_SYSTEMD
      ? [
          "-blockdev",
          `driver=file,node-name=root,read-only=on,filename=${env.RIG_SYSTEMD}`,
          "-device",
          "virtio-blk-pci,drive=root",
        ]
      : []),
    ...(card
      ? [
          "-blockdev",
          `driver=nbd,node-name=card,server.type=unix,server.path=${join(sockets, "card")},export=disk`,
          "-device",
          "virtio-blk-pci,drive=card",
        ]
      : []),
  ];
  const messages = openSync(join(run, "qemu.log"), "a");
  // setpriv: should this process be killed, the board goes with it.
  qemu = start("setpriv", ["--pdeathsig", "KILL", arm ? "qemu-system-aarch64" : "qemu-system-x86_64", ...args], {
    stdio: ["ignore", messages, messages],
  });
  closeSync(messages);
  log(`boot ${boot}: QEMU is process ${qemu.pid}`);
  cutFromOutside(qemu, boot);
  qemu.on("exit", (code, signal) => stopped(code, signal));
  qmp = await greeted;
}

// QEMU ended without the guest reporting a status: a reset (-no-reboot turns it
// into an end), a power cut, a power-off, or a failure of QEMU.
function stopped(code, signal) {
  if (finished) return;
  log(`boot ${boot}: QEMU ended, code ${code} signal ${signal}${cutting ? " (power cut)" : ""}`);
  if (code !== 0 && !cutting) {
    say(`QEMU failed (code ${code}, signal ${signal}), see ${run}/qemu.log`);
    finish(70);
  } else if (boot >= Number(env.RIG_BOOTS)) {
    say(`the board went down in boot ${boot} without the command ending`);
    finish(125);
  } else {
    powerOn();
  }
}

function powerCut() {
  if (cutting || finished) return;
  cutting = true;
  log(`power cut: ${disk ? disk.powerCut() : "no disk"}${card ? `; of the card ${card.powerCut()}` : ""}`);
  qemu.kill("SIGKILL");
}

function cutFromOutside(machine, ofBoot) {
  const after = Number((env.RIG_CUTS ?? "").trim().split(/ +/)[ofBoot - 1] ?? 0);
  if (after > 0) setTimeout(() => machine === qemu && machine.exitCode === null && powerCut(), after);
}

if (env.RIG_HOST_CMD) {
  const host = startShell(env.RIG_HOST_CMD, ["ignore", "inherit", "inherit"]);
  host.on("exit", (code, signal) => log(`--host command ended, code ${code} signal ${signal}`));
}
await powerOn();
