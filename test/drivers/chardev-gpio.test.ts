/** GPIO's character device with the kernel played in memory; the virtual board runs the same back-end on a real one. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { DriverError, type LineEdge } from "../../drivers/board.ts";
import { CharDeviceGpio } from "../../drivers/hardware/chardev-gpio.ts";
import { choosingGpio } from "../../drivers/hardware/choosing-gpio.ts";
import { LinuxGpio } from "../../drivers/hardware/linux-gpio.ts";
import { FakeGpioKernel } from "../support/fake-gpio-kernel.ts";

const header = Array.from({ length: 28 }, (_, line) => `GPIO${String(line)}`);

function pi5(t: TestContext): { kernel: FakeGpioKernel; gpio: CharDeviceGpio } {
  const kernel = new FakeGpioKernel(t);
  kernel.addChip("gpiochip0", "pinctrl-rp1", header, 571);
  kernel.addChip("gpiochip10", "gpio-brcmstb@107d508500", ["", "STATUS_LED", "SDA1"]);
  kernel.link("gpiochip4", "gpiochip0");
  return { kernel, gpio: deviceGpio(kernel) };
}

const deviceGpio = ({ devices, sysfs, calls }: FakeGpioKernel): CharDeviceGpio =>
  new CharDeviceGpio({ devices, sysfs, loadCalls: async () => calls });

const out = { line: 17, activeLow: false, consumer: "relay", initial: 0, keep: false } as const;
const input = { line: 27, activeLow: false, consumer: "door", edge: "both", onEdge: () => undefined } as const;

test("chips are found by label, and a second name of the same chip is not a second chip", async (t) => {
  const { gpio } = pi5(t);
  const chips = await gpio.listChips();
  assert.deepEqual(
    chips.map(({ label, ngpio }) => [label, ngpio]),
    [
      ["pinctrl-rp1", 28],
      ["gpio-brcmstb@107d508500", 3],
    ],
  );
});

test("a line is explained without being taken: name, sysfs number, device, free or held by whom", async (t) => {
  const { kernel, gpio } = pi5(t);
  const free = await gpio.explain({ line: 17 });
  assert.deepEqual(
    { ...free, device: "" },
    {
      backend: "chardev",
      chip: "pinctrl-rp1",
      line: 17,
      name: "GPIO17",
      global: 588,
      device: "",
      direction: "in",
      state: "free",
    },
  );
  kernel.line("pinctrl-rp1", 17).consumer = "w1-gpio";
  const held = await gpio.explain({ line: 17 });
  assert.deepEqual([held.state, held.holder], ["held", "w1-gpio"]);
  assert.equal((await gpio.explain({ line: "SDA1" })).line, 2);
  assert.equal((await gpio.explain({ chip: "gpiochip10", line: 1 })).name, "STATUS_LED");
  assert.equal(kernel.descriptors.size, 0);
});

test("an output gets its level together with its direction, and active-low is the kernel's own", async (t) => {
  const { kernel, gpio } = pi5(t);
  const line = await gpio.openOutput({ ...out, activeLow: true, drive: "open-drain", pull: "up" });
  const wire = kernel.line("pinctrl-rp1", 17);
  assert.deepEqual(wire.driven, [1]);
  assert.equal(wire.flags, (1n << 3n) | (1n << 1n) | (1n << 6n) | (1n << 8n));
  assert.equal(wire.consumer, "pinion/relay");
  await line.write(1);
  assert.deepEqual([await line.read(), wire.electrical], [1, 0]);
  assert.deepEqual([line.chip, line.global], ["pinctrl-rp1", 588]);
});

test("an output that is let go stays driven, and is taken up again without another level in between", async (t) => {
  const { kernel, gpio } = pi5(t);
  const first = await gpio.openOutput(out);
  await first.write(1);
  await first.close();
  await first.close();
  const wire = kernel.line("pinctrl-rp1", 17);
  assert.equal(wire.consumer, "pinion/relay");
  await assert.rejects(first.write(0), { code: "not_open" });
  const second = await gpio.openOutput({ ...out, keep: true });
  assert.equal(await second.read(), 1);
  assert.deepEqual(wire.driven, [0, 1, 1]);
});

test("keep leaves a line that is driven as it is, also an active-low one", async (t) => {
  const { kernel, gpio } = pi5(t);
  Object.assign(kernel.line("pinctrl-rp1", 17), { flags: 8n, electrical: 1 });
  Object.assign(kernel.line("pinctrl-rp1", 18), { flags: 8n, electrical: 1 });
  assert.equal(await (await gpio.openOutput({ ...out, keep: true })).read(), 1);
  assert.equal(await (await gpio.openOutput({ ...out, line: 18, activeLow: true, initial: 1, keep: true })).read(), 0);
  assert.deepEqual([kernel.line("pinctrl-rp1", 17).driven, kernel.line("pinctrl-rp1", 18).driven], [[1], [1]]);
});

test("edges come with the kernel's own number and time, and its debounce is asked for in microseconds", async (t) => {
  const { kernel, gpio } = pi5(t);
  const edges: LineEdge[] = [];
  const line = await gpio.openInput({ ...input, pull: "up", debounce: 5, onEdge: (edge) => edges.push(edge) });
  const wire = kernel.line("pinctrl-rp1", 27);
  assert.deepEqual([wire.debounceMicros, wire.flags], [5000, (1n << 2n) | (1n << 4n) | (1n << 5n) | (1n << 8n)]);
  const before = Date.now();
  kernel.move(wire, 1);
  kernel.move(wire, 0, 3);
  assert.deepEqual(
    edges.map(({ level, seq }) => [level, seq]),
    [
      [1, 1],
      [0, 5],
    ],
  );
  const [first] = edges;
  // stamped 5 ms, read at 7 ms of the kernel's clock
  assert.ok(first?.t !== undefined && first.t >= before - 3 && first.t <= Date.now() - 2);
  await line.close();
  await line.close();
  assert.deepEqual([wire.consumer, kernel.descriptors.size], ["", 0]);
  await assert.rejects(line.read(), { code: "not_open" });
});

test("busy: the holder of a line is named", async (t) => {
  const { kernel, gpio } = pi5(t);
  kernel.line("pinctrl-rp1", 17).consumer = "pump-controller";
  await assert.rejects(gpio.openOutput(out), {
    code: "busy",
    message: /GPIO17 \(pinctrl-rp1 line 17, sysfs 588\).*pump-controller/,
  });
  await gpio.openInput(input);
  await assert.rejects(gpio.openInput(input), { code: "busy", message: /in use by door of this process/ });
});

test("a line that an earlier run left exported in sysfs is given back there and taken", async (t) => {
  const { kernel, gpio } = pi5(t);
  kernel.line("pinctrl-rp1", 17).consumer = "sysfs";
  await assert.rejects(gpio.openOutput(out), { code: "busy" }); // nobody here plays what the write does
  assert.equal(readFileSync(join(kernel.sysfs, "unexport"), "utf8"), "588");
});

test("bad_config: a line that is not there is answered with what is", async (t) => {
  const { gpio } = pi5(t);
  await assert.rejects(gpio.openOutput({ ...out, line: 28 }), { code: "bad_config", message: /lines 0 to 27/ });
  await assert.rejects(gpio.openOutput({ ...out, line: "RELAY" }), {
    code: "bad_config",
    message: /Names here: GPIO0, .*SDA1/,
  });
  await assert.rejects(gpio.openOutput({ ...out, chip: "nope" }), {
    code: "bad_config",
    message: /pinctrl-rp1 \(28 lines\)/,
  });
  const twice = new FakeGpioKernel(t);
  twice.addChip("gpiochip0", "a", ["X1"]);
  twice.addChip("gpiochip1", "b", ["X1"]);
  await assert.rejects(deviceGpio(twice).explain({ line: "X1" }), { code: "bad_config", message: /a:0 or b:0/ });
});

test("no_permission: a device file that may not be opened is answered with the group", async (t) => {
  const { kernel, gpio } = pi5(t);
  kernel.refusal = "EACCES";
  await assert.rejects(gpio.openOutput(out), {
    code: "no_permission",
    message: /GPIO lines may not be used by \S+, because of the rights of .*gpiochip\d/,
  });
});

test("no_such_device: a chip that vanishes is told to whoever watches, once, and to whoever writes", async (t) => {
  const { kernel, gpio } = pi5(t);
  const causes: string[] = [];
  const watched = await gpio.openInput({ ...input, onGone: ({ code }) => causes.push(code) });
  const driven = await gpio.openOutput(out);
  kernel.vanish();
  kernel.vanish();
  assert.deepEqual(causes, ["no_such_device"]);
  await assert.rejects(driven.write(1), { code: "no_such_device" });
  await assert.rejects(watched.read(), { code: "no_such_device" });
  await Promise.all([watched.close(), driven.close()]);
  assert.equal(kernel.descriptors.size, 0, "a dead line would keep the chip's number from the new one");
});

test("unavailable: a machine without the library is told to install it or to go over sysfs", async (t) => {
  const { kernel } = pi5(t);
  const missing = new DriverError("unavailable", "The library koffi cannot be loaded", {
    cure: "set board.gpioBackend: sysfs",
  });
  const gpio = new CharDeviceGpio({ devices: kernel.devices, loadCalls: async () => Promise.reject(missing) });
  await assert.rejects(gpio.listChips(), { code: "unavailable", message: /gpioBackend: sysfs/ });
});

test("sysfs refuses what it cannot do, with the way out", async (t) => {
  const { kernel } = pi5(t);
  const gpio = new LinuxGpio({ root: kernel.sysfs });
  const wayOut = { code: "bad_config", message: /board\.gpioBackend: chardev/ };
  await assert.rejects(gpio.openOutput({ ...out, pull: "up" }), wayOut);
  await assert.rejects(gpio.openOutput({ ...out, drive: "open-source" }), wayOut);
  await assert.rejects(gpio.openInput({ ...input, debounce: 1 }), wayOut);
  await assert.rejects(gpio.explain({ line: "SDA1" }), wayOut);
});

test("auto takes sysfs where it is, and the character device where a pin needs it, counts, or sysfs is missing", async (t) => {
  const { kernel } = pi5(t);
  const { devices, sysfs, calls } = kernel;
  const chosen = async (options: object, root = sysfs): Promise<string> => {
    const chardev = { devices, sysfs: root, loadCalls: async () => calls };
    return (await choosingGpio({ sysfs: { root }, chardev, ...options }).explain({ line: 17 })).backend;
  };
  mkdirSync(sysfs, { recursive: true });
  writeFileSync(join(sysfs, "export"), "");
  assert.equal(await chosen({}), "sysfs");
  assert.equal(await chosen({ needs: ["pull"] }), "chardev");
  assert.equal(await chosen({ needs: ["numbered-edges"] }), "chardev");
  assert.equal(await chosen({ backend: "chardev" }), "chardev");
  assert.equal(await chosen({ backend: "sysfs", needs: ["numbered-edges"] }), "sysfs");
  assert.equal(await chosen({}, join(sysfs, "nowhere")), "chardev");
});
