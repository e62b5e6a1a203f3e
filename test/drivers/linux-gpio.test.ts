/** The sysfs side of the Linux board on a directory that looks like /sys/class/gpio; the kernel's part is played by a fake onoff. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { chooseGpioChip, listGpioChips } from "../../drivers/hardware/gpio-chips.ts";
import { gpioHolder } from "../../drivers/hardware/gpio-holder.ts";
import { LinuxGpio } from "../../drivers/hardware/linux-gpio.ts";

type Chips = Readonly<Record<string, readonly [label: string, base: number, ngpio: number]>>;

async function sysfs(t: TestContext, chips: Chips): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "pinion-gpio-"));
  t.after(async () => rm(root, { recursive: true }));
  await writeFile(join(root, "export"), "");
  await mkdir(join(root, "chip0"));
  for (const [dir, [label, base, ngpio]] of Object.entries(chips)) {
    await mkdir(join(root, dir));
    await writeFile(join(root, dir, "label"), `${label}\n`);
    await writeFile(join(root, dir, "base"), `${String(base)}\n`);
    await writeFile(join(root, dir, "ngpio"), `${String(ngpio)}\n`);
  }
  return root;
}

const boards: readonly (readonly [string, Chips, label: string, global: number])[] = [
  [
    "Pi 3, old kernel",
    { gpiochip0: ["pinctrl-bcm2835", 0, 54], gpiochip504: ["raspberrypi-exp-gpio", 504, 8] },
    "pinctrl-bcm2835",
    17,
  ],
  [
    "Pi 4, kernel 6.6 and later",
    { gpiochip512: ["pinctrl-bcm2711", 512, 58], gpiochip570: ["raspberrypi-exp-gpio", 570, 8] },
    "pinctrl-bcm2711",
    529,
  ],
  [
    "Pi 5",
    { gpiochip512: ["gpio-brcmstb@107d508500", 512, 32], gpiochip569: ["pinctrl-rp1", 569, 54] },
    "pinctrl-rp1",
    586,
  ],
];

for (const [name, chips, label, global] of boards) {
  test(`GPIO17 is found on a ${name} by the chip's label`, async (t) => {
    const root = await sysfs(t, chips);
    const chip = chooseGpioChip(await listGpioChips(root), undefined);
    assert.deepEqual([chip.label, chip.base + 17], [label, global]);
  });
}

test("bad_config: without a header chip, and for a label that is not there, the chips found are named", async (t) => {
  const chips = await listGpioChips(await sysfs(t, { gpiochip7: ["pl061", 7, 8], gpiochip99: ["gpio-sim", 99, 4] }));
  const named = /Set chip .*pl061 \(8 lines from 7\), gpio-sim \(4 lines from 99\)/;
  assert.throws(() => chooseGpioChip(chips, undefined), { code: "bad_config", message: named });
  assert.throws(() => chooseGpioChip(chips, "pinctrl-rp1"), { code: "bad_config", message: named });
  assert.equal(chooseGpioChip(chips, "gpio-sim").base, 99);
  assert.throws(() => chooseGpioChip([...chips, ...chips], "pl061"), { code: "bad_config", message: /Two GPIO chips/ });
});

test("no_such_device: a kernel without GPIO in sysfs", async () => {
  await assert.rejects(new LinuxGpio({ root: "/nonexistent/gpio" }).listChips(), {
    code: "no_such_device",
    message: /CONFIG_GPIO_SYSFS.*simulated board/,
  });
});

test("the holder of a line is read from the kernel's list", async (t) => {
  const root = await sysfs(t, {});
  const list = join(root, "debug");
  await writeFile(list, " gpio-529 (GPIO17              |w1-gpio             ) in  hi\n gpio-530 (GPIO18 )\n");
  assert.deepEqual(await Promise.all([529, 530, 531].map(async (line) => gpioHolder(list, line))), [
    "w1-gpio",
    undefined,
    undefined,
  ]);
  assert.equal(await gpioHolder("/nonexistent", 1), undefined);
});

/** A sysfs whose kernel is played here: exporting makes the line's files, onoff's part writes them. */
class FakeSysfs {
  readonly calls: string[] = [];
  readonly root: string;
  watcher: ((error: null, level: 0 | 1) => void) | undefined;
  /** What onoff's poller does when the kernel signals: reads within the callback, where a throw ends the process. */
  poll: () => void = () => undefined;
  edgeSticks = true;

  constructor(root: string) {
    this.root = root;
  }

  async exported(line: number, files: Readonly<Record<string, string>> = {}): Promise<void> {
    const dir = join(this.root, `gpio${String(line)}`);
    await mkdir(dir, { recursive: true });
    const all = { value: "0", direction: "in", active_low: "0", edge: "none", ...files };
    for (const [file, text] of Object.entries(all)) await writeFile(join(dir, file), text);
  }

  gpio(holders = join(this.root, "debug")): LinuxGpio {
    const { calls, root } = this;
    const self = (): FakeSysfs => this;
    class Gpio {
      readonly #dir: string;
      constructor(line: number, direction: string, edge = "none", options: object = {}) {
        calls.push(`open ${String(line)} ${direction} ${edge} ${JSON.stringify(options)}`);
        this.#dir = join(root, `gpio${String(line)}`);
        if (!("reconfigureDirection" in options)) this.setDirection(direction);
        if (self().edgeSticks) writeFileSync(join(this.#dir, "edge"), edge);
      }
      setDirection(direction: string): void {
        calls.push(`direction ${direction}`);
        writeFileSync(join(this.#dir, "direction"), direction === "in" ? "in" : "out");
        if (direction !== "in") writeFileSync(join(this.#dir, "value"), direction === "high" ? "1" : "0");
      }
      async read(): Promise<0 | 1> {
        return (await readFile(join(this.#dir, "value"), "utf8")).startsWith("1") ? 1 : 0;
      }
      async write(level: 0 | 1): Promise<void> {
        await writeFile(join(this.#dir, "value"), String(level));
      }
      readSync(): 0 | 1 {
        return readFileSync(join(this.#dir, "value"), "utf8").startsWith("1") ? 1 : 0;
      }
      watch(callback: (error: null, level: 0 | 1) => void): void {
        self().watcher = callback;
        self().poll = () => {
          const level = this.readSync();
          self().watcher?.(null, level);
        };
      }
      unwatchAll(): void {
        calls.push("unwatch");
        self().watcher = undefined;
      }
      unexport(): void {
        calls.push("unexport");
      }
    }
    return new LinuxGpio({ root, holders, loadOnoff: async () => ({ Gpio }) });
  }
}

async function fakePi(t: TestContext): Promise<FakeSysfs> {
  const fake = new FakeSysfs(await sysfs(t, { gpiochip512: ["pinctrl-bcm2711", 512, 58] }));
  await fake.exported(529);
  return fake;
}

const out = { line: 17, activeLow: false, consumer: "relay", initial: 1, keep: false } as const;

test("an output's first level is written with its direction, inverted for activeLow", async (t) => {
  const fake = await fakePi(t);
  const line = await fake.gpio().openOutput({ ...out, activeLow: true });
  assert.deepEqual(fake.calls, ['open 529 low none {"activeLow":false}', "direction low"]);
  assert.deepEqual([line.chip, line.global, await line.read()], ["pinctrl-bcm2711", 529, 1]);
  await line.write(0);
  assert.equal(await readFile(join(fake.root, "gpio529/value"), "utf8"), "1");
  assert.equal(await readFile(join(fake.root, "export"), "utf8"), "529");
});

test("keep does not touch the direction of a driven output", async (t) => {
  const fake = await fakePi(t);
  await fake.exported(529, { direction: "out", value: "1" });
  const line = await fake.gpio().openOutput({ ...out, initial: 0, keep: true });
  assert.deepEqual(fake.calls, ['open 529 out none {"activeLow":false,"reconfigureDirection":false}']);
  assert.equal(await line.read(), 1);
});

test("a closed output stays exported at its level, and is taken up again without a second export", async (t) => {
  const fake = await fakePi(t);
  const gpio = fake.gpio();
  for (let round = 0; round < 3; round += 1) {
    const line = await gpio.openOutput(out);
    await assert.rejects(gpio.openOutput({ ...out, consumer: "pump" }), { code: "busy", message: /in use by relay/ });
    await line.close();
    await line.close();
    await assert.rejects(line.write(0), { code: "not_open" });
  }
  assert.deepEqual(
    fake.calls.filter((call) => !call.startsWith("direction")),
    ['open 529 high none {"activeLow":false}'],
  );
});

test("an input is watched on its electrical edge and unexported once", async (t) => {
  const fake = await fakePi(t);
  const seen: number[] = [];
  const request = {
    line: 17,
    activeLow: true,
    consumer: "door",
    edge: "rising",
    onEdge: ({ level }: { level: number }) => void seen.push(level),
  } as const;
  const line = await fake.gpio().openInput(request);
  assert.deepEqual(fake.calls, ['open 529 in falling {"activeLow":false}', "direction in"]);
  fake.watcher?.(null, 0);
  await line.close();
  await line.close();
  fake.watcher?.(null, 0);
  assert.deepEqual([seen, fake.calls.filter((call) => call === "unexport").length], [[1], 1]);
});

test("io: a line whose edges cannot be watched is let go and said so", async (t) => {
  const fake = await fakePi(t);
  fake.edgeSticks = false;
  const request = { line: 17, activeLow: false, consumer: "door", edge: "both", onEdge: () => undefined } as const;
  const gpio = fake.gpio();
  await assert.rejects(gpio.openInput(request), { code: "io", message: /no interrupts/ });
  fake.edgeSticks = true;
  await (await gpio.openInput(request)).close();
});

test("bad_config: a line beyond the chip's last", async (t) => {
  const fake = await fakePi(t);
  await assert.rejects(fake.gpio().openOutput({ ...out, line: 58 }), { code: "bad_config", message: /0 to 57/ });
});

test("unavailable: a machine without the addon can load the board, and is told when a line is opened", async (t) => {
  const { root } = await fakePi(t);
  const gpio = new LinuxGpio({
    root,
    loadOnoff: async () => Promise.reject(new Error("Could not locate the bindings file.")),
  });
  await assert.rejects(gpio.openOutput(out), { code: "unavailable", message: /bindings file/ });
  assert.equal((await gpio.listChips()).length, 1);
});

test("aborted: what waits for the files of a fresh line is told to give up, and drives nothing", async (t) => {
  const fake = new FakeSysfs(await sysfs(t, { gpiochip512: ["pinctrl-bcm2711", 512, 58] }));
  const signal = { aborted: false };
  const opening = assert.rejects(fake.gpio().openOutput({ ...out, signal }), { code: "aborted" });
  signal.aborted = true;
  await opening;
  assert.deepEqual(fake.calls, []);
});

test("no_such_device: a line that is taken away while it is watched ends the watching, not the process", async (t) => {
  const fake = await fakePi(t);
  const seen: unknown[] = [];
  const request = {
    line: 17,
    activeLow: false,
    consumer: "door",
    edge: "both",
    onEdge: ({ level }: { level: number }) => void seen.push(level),
    onGone: ({ code }: { code: string }) => void seen.push(code),
  } as const;
  const line = await fake.gpio().openInput(request);
  fake.poll();
  await rm(join(fake.root, "gpio529"), { recursive: true });
  fake.poll();
  fake.poll();
  assert.deepEqual(seen, [0, "no_such_device"]);
  assert.equal(fake.calls.filter((call) => call === "unwatch").length, 1);
  await line.close();
});

test("a closed output that was taken away meanwhile is opened afresh, at the level asked for", async (t) => {
  const fake = await fakePi(t);
  const gpio = fake.gpio();
  await (await gpio.openOutput(out)).close();
  await rm(join(fake.root, "gpio529"), { recursive: true });
  // the kernel makes the files again when the line is exported again
  const exporting = gpio.openOutput(out);
  while (!fake.calls.includes("unexport")) await setImmediate();
  await fake.exported(529);
  assert.equal(await (await exporting).read(), 1);
  assert.equal(fake.calls.filter((call) => call.startsWith("open ")).length, 2);
});
