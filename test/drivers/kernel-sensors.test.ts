/** The drivers over the kernel's files, each with the files as the kernel writes them. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DriverError } from "../../drivers/driver-error.ts";
import { linuxFiles } from "../../drivers/hardware/linux-files.ts";
import { hwmon } from "../../drivers/sensors/hwmon.ts";
import { iio } from "../../drivers/sensors/iio.ts";
import { led } from "../../drivers/sensors/led.ts";
import { power } from "../../drivers/sensors/power.ts";
import { system } from "../../drivers/sensors/system.ts";
import { w1 } from "../../drivers/sensors/w1.ts";
import { DriverRig } from "../support/driver-rig.ts";

const W1 = "/sys/bus/w1/devices";
const ID = "28-0316a2794bff";
const slave = (t: number, sum = "crc=c0 YES", octets = "59 01 55 05 7f a5 a5 66 c0"): string =>
  `${octets} : ${sum}\n${octets} t=${String(t)}\n`;

function rigWith(files: Readonly<Record<string, string>>): DriverRig {
  const rig = new DriverRig();
  for (const [path, content] of Object.entries(files)) rig.board.files.set(path, content);
  return rig;
}

test("w1: the only thermometer needs no id, and two do", async () => {
  const rig = rigWith({ [`${W1}/${ID}/w1_slave`]: slave(21_562), [`${W1}/w1_bus_master1/w1_master_slaves`]: ID });
  const driver = await rig.open(w1, { sensors: { tank: {} } });
  assert.deepEqual(rig.take("tank"), [21.562]);
  assert.equal(w1.describe({ sensors: { tank: {} } }).channels[0]?.streams["tank"]?.unit, "°C");
  rig.board.files.set(`${W1}/28-000000000001/w1_slave`, slave(1000));
  await assert.rejects(driver.invoke("read", "tank", []), {
    code: "no_such_device",
    message: /28-000000000001, 28-0316a2794bff/,
  });
  await driver.close();
});

test("w1: a wrong check sum, zeros only, -127, 127.937, and 85 °C out of the blue are errors; the polling goes on", async () => {
  const path = `${W1}/${ID}/w1_slave`;
  const rig = rigWith({ [path]: slave(85_000) });
  const driver = await rig.open(w1, { sensors: { tank: { interval: "1s" } } });
  const zeros = slave(0, "crc=00 YES", "00 00 00 00 00 00 00 00 00");
  for (const content of [
    slave(20_000),
    slave(20_000, "crc=c0 NO"),
    zeros,
    slave(-127_000),
    slave(127_937),
    slave(85_000),
    "",
    slave(80_000),
    slave(85_000),
  ]) {
    rig.board.files.set(path, content);
    await rig.clock.advance(1000);
  }
  const kinds = rig.readings.map(({ value, quality = "good" }) => (quality === "good" ? value : quality));
  assert.deepEqual(kinds, ["error", 20, "error", "error", "error", "error", "stale", 80, 85]);
  await driver.close();
});

test("w1: thermometers on one bus are read one at a time", async () => {
  const rig = new DriverRig();
  let reading = 0;
  let most = 0;
  const sensors = Object.fromEntries(
    [1, 2, 3].map((one) => [`t${String(one)}`, { id: `28-00000000000${String(one)}` }]),
  );
  for (const { id } of Object.values(sensors)) rig.board.files.set(`${W1}/${id}/w1_slave`, slave(1000));
  const readText = rig.board.files.readText.bind(rig.board.files);
  rig.board.files.readText = async (path) => {
    reading += 1;
    most = Math.max(most, reading);
    await new Promise<void>((resolve) => void rig.clock.setTimeout(resolve, 750));
    reading -= 1;
    return readText(path);
  };
  const driver = await rig.open(w1, { sensors });
  await rig.clock.advance(2250);
  assert.equal(most, 1);
  assert.deepEqual(
    rig.readings.map(({ at }) => at),
    [750, 1500, 2250],
  );
  await driver.close();
});

const IIO = "/sys/bus/iio/devices/iio:device0";

test("iio: processed values come in the units that people read", async () => {
  const rig = rigWith({
    [`${IIO}/name`]: "bme280\n",
    [`${IIO}/in_temp_input`]: "23450\n",
    [`${IIO}/in_humidityrelative_input`]: "41500\n",
    [`${IIO}/in_pressure_input`]: "101.325000000\n",
  });
  const config = {
    sensors: { t: { channel: "temp" }, h: { channel: "humidityrelative" }, p: { channel: "pressure", decimals: 2 } },
  };
  const driver = await rig.open(iio, config);
  assert.deepEqual([rig.take("t"), rig.take("h"), rig.take("p")], [[23.45], [41.5], [1013.25]]);
  assert.deepEqual(
    iio.describe(config).channels.map(({ value }) => value?.unit),
    ["°C", "%", "hPa"],
  );
  await driver.close();
});

test("iio: raw values take the offset and the scale of the channel, of its type, or of all differential ones", async () => {
  const rig = rigWith({
    [`${IIO}/name`]: "ads1115\n",
    [`${IIO}/in_voltage0_raw`]: "100\n",
    [`${IIO}/in_voltage0_scale`]: "2\n",
    [`${IIO}/in_voltage0_offset`]: "50\n",
    [`${IIO}/in_voltage1_raw`]: "100\n",
    [`${IIO}/in_voltage_scale`]: "0.125\n",
    [`${IIO}/in_voltage0-voltage1_raw`]: "-200\n",
    [`${IIO}/in_voltage-voltage_scale`]: "0.5\n",
  });
  const config = {
    sensors: {
      a: { channel: "voltage0" },
      b: { channel: "voltage1" },
      c: { channel: "voltage0-voltage1", factor: 10, offset: 1, unit: "bar" },
      d: { channel: "voltage0", read: "raw" },
    },
  };
  const driver = await rig.open(iio, config);
  assert.deepEqual([rig.take("a"), rig.take("b"), rig.take("c"), rig.take("d")], [[0.3], [0.0125], [0], [100]]);
  await driver.close();
});

test("iio: no_such_device names the devices and the channels that there are", async () => {
  const rig = rigWith({ [`${IIO}/name`]: "bmp280\n", [`${IIO}/in_temp_input`]: "1\n" });
  const driver = await rig.open(iio, {
    sensors: { a: { device: "bme680", channel: "temp" }, b: { channel: "pressure" } },
  });
  assert.match(rig.readings[0]?.cause ?? "", /bme680.*There are: bmp280 \(iio:device0\)/);
  assert.match(rig.readings[1]?.cause ?? "", /no channel pressure.*It has: temp/);
  await driver.close();
});

const HWMON = "/sys/class/hwmon/hwmon1";

test("hwmon: each type of sensor in its unit; a reported fault is an error", async () => {
  const rig = rigWith({
    [`${HWMON}/name`]: "ina226\n",
    [`${HWMON}/in1_input`]: "12034\n",
    [`${HWMON}/curr1_input`]: "250\n",
    [`${HWMON}/power1_input`]: "3009000\n",
    [`${HWMON}/fan1_input`]: "1450\n",
    [`${HWMON}/temp1_input`]: "36500\n",
    [`${HWMON}/temp1_fault`]: "1\n",
  });
  const inputs = ["in1", "curr1", "power1", "fan1", "temp1"];
  const config = {
    sensors: Object.fromEntries(inputs.map((input) => [`s_${input}`, { chip: "ina226", input, decimals: 3 }])),
  };
  const driver = await rig.open(hwmon, config);
  assert.deepEqual(
    inputs.map((input) => rig.take(`s_${input}`)[0]),
    [12.034, 0.25, 3.009, 1450, "error"],
  );
  await driver.close();
});

test("hwmon: two chips of one name must be told apart, and the message says how", async () => {
  const rig = rigWith({
    [`${HWMON}/name`]: "lm75",
    "/sys/class/hwmon/hwmon2/name": "lm75",
    "/sys/class/hwmon/hwmon2/temp1_input": "20000",
  });
  const driver = await rig.open(hwmon, {
    sensors: { a: { chip: "lm75", input: "temp1" }, b: { chip: "hwmon2", input: "temp1" } },
  });
  assert.match(rig.readings.find(({ stream }) => stream === "a")?.cause ?? "", /More than one.*hwmon1.*hwmon2/);
  assert.deepEqual(rig.take("b"), [20]);
  await driver.close();
});

test("power: the firmware's bits, now and since the start; only changes are told", async () => {
  const file = "/sys/devices/platform/soc/soc:firmware/get_throttled";
  const rig = rigWith({ [file]: "50000\n" });
  const sensors = {
    now: { what: "under_voltage", interval: "1s" },
    ever: { what: "under_voltage_since_start", interval: "1s" },
    hot: { what: "throttled", interval: "1s" },
  };
  const driver = await rig.open(power, { sensors });
  await rig.clock.advance(2000);
  rig.board.files.set(file, "50005\n");
  await rig.clock.advance(2000);
  assert.deepEqual([rig.take("now"), rig.take("ever"), rig.take("hot")], [[false, true], [true], [false, true]]);
  await driver.close();
});

test("power: without the firmware's file the kernel's chip tells of under-voltage, and of nothing else", async () => {
  const rig = rigWith({ [`${HWMON}/name`]: "rpi_volt\n", [`${HWMON}/in0_lcrit_alarm`]: "1\n" });
  const driver = await rig.open(power, {});
  assert.deepEqual([rig.take("under_voltage"), rig.take("throttled")], [[true], ["error"]]);
  await driver.close();
});

test("system: load, memory and disk as /proc and the file system have them", async () => {
  const rig = rigWith({
    "/proc/loadavg": "0.52 0.58 0.59 1/389 12345\n",
    "/proc/meminfo":
      "MemTotal:        1000 kB\nMemFree:  1 kB\nMemAvailable:     250 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
    "/proc/uptime": "350735.47 234388.90\n",
  });
  const whats = ["load_15", "memory_used", "memory_available", "swap_used", "disk_used", "uptime"];
  const driver = await rig.open(system, { sensors: Object.fromEntries(whats.map((what) => [`s_${what}`, { what }])) });
  assert.deepEqual(
    whats.map((what) => rig.take(`s_${what}`)[0]),
    [0.59, 75, 0.24, 0, 55.56, 350_735.47],
  );
  await driver.close();
});

test("valid: a value outside is an error, or is cut and told as clamped", async () => {
  const rig = rigWith({ [`${HWMON}/name`]: "x", [`${HWMON}/temp1_input`]: "150000" });
  const config = { input: "temp1", chip: "x" };
  const driver = await rig.open(hwmon, {
    sensors: { a: { ...config, valid: { max: 100 } }, b: { ...config, valid: { min: 0, max: 100, outside: "clamp" } } },
  });
  const [a, b] = ["a", "b"].map((name) => rig.readings.find(({ stream }) => stream === name));
  assert.equal(a?.quality, "error");
  assert.match(a?.cause ?? "", /150 is outside the valid range of at most 100/);
  assert.deepEqual([b?.quality, b?.value], ["clamped", 100]);
  await driver.close();
});

const LED = "/sys/class/leds/ACT";

test("led: set takes it from its trigger, blink gives it to the kernel's timer, and the end gives it back", async () => {
  const rig = rigWith({
    [`${LED}/trigger`]: "none timer [mmc0] heartbeat\n",
    [`${LED}/brightness`]: "0\n",
    [`${LED}/max_brightness`]: "255\n",
    [`${LED}/delay_on`]: "0",
    [`${LED}/delay_off`]: "0",
  });
  // the kernel shows the trigger that was written in brackets
  rig.board.files.onWrite = (path, text) => {
    if (path.endsWith("/trigger")) rig.board.files.set(path, `none timer [${text}]\n`);
  };
  const driver = await rig.open(led, { leds: { activity: { led: "ACT" } } });
  const on = await driver.invoke("set", "ACT", [true]);
  assert.deepEqual(
    { ...Object(on), t: 0 },
    { led: "activity", brightness: 255, maxBrightness: 255, trigger: "none", t: 0 },
  );
  await driver.invoke("blink", "activity", ["100ms", "1s"]);
  await assert.rejects(driver.invoke("set", "activity", [256]), { code: "invalid_argument" });
  await driver.close();
  assert.deepEqual(
    rig.board.files.written.map(({ path, text }) => [path.slice(LED.length + 1), text]),
    [
      ["trigger", "none"],
      ["brightness", "255"],
      ["trigger", "timer"],
      ["delay_on", "100"],
      ["delay_off", "1000"],
      ["trigger", "mmc0"],
    ],
  );
});

test("no_permission: an LED that may not be written says which files the group needs", async () => {
  const rig = rigWith({ [`${LED}/trigger`]: "[none]", [`${LED}/brightness`]: "0", [`${LED}/max_brightness`]: "1" });
  rig.board.files.writeText = async () => {
    throw new DriverError("no_permission", "EACCES");
  };
  const driver = await rig.open(led, { leds: { activity: { led: "ACT" } } });
  await assert.rejects(driver.invoke("set", "activity", [true]), { code: "no_permission", message: /udev rule/ });
  await driver.close();
});

test("not_claimed: a file that is claimed for reading cannot be written", async () => {
  const { board } = new DriverRig().context(iio, { sensors: { a: { channel: "temp" } } });
  await assert.rejects(board.files.writeText(`${IIO}/name`, "x"), { code: "not_claimed" });
  await assert.rejects(board.files.space("/"), { code: "not_claimed" });
});

test("real files are written in place, never made, and their disk can be asked", async () => {
  const dir = mkdtempSync(join(tmpdir(), "pinion-"));
  try {
    writeFileSync(join(dir, "brightness"), "255\n");
    await linuxFiles.writeText(join(dir, "brightness"), "0");
    assert.equal(readFileSync(join(dir, "brightness"), "utf8"), "055\n");
    await assert.rejects(linuxFiles.writeText(join(dir, "none"), "0"), { code: "no_such_device" });
    const { total, free, available } = await linuxFiles.space(dir);
    assert.ok(total > 0 && free <= total && available <= free);
    await assert.rejects(linuxFiles.space(join(dir, "none")), { code: "no_such_device" });
  } finally {
    rmSync(dir, { recursive: true });
  }
});
