/** What somebody new to the board must be able to read in each message: the thing, the place, the cure. */
import assert from "node:assert/strict";
import { copyFileSync, chmodSync, cpSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { temporaryFolder } from "./programs.ts";
import { runBoard, type Architecture, type Told } from "./virtual-board.ts";

interface NewcomerRun {
  readonly arch: Architecture;
  /** The folder of the bundle for that architecture. */
  readonly bundle: string;
  readonly length: "short" | "long";
  /** s */
  readonly limit: number;
}

export async function runNewcomer(t: TestContext, { arch, bundle, length, limit }: NewcomerRun): Promise<Told> {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755); // a user of the board reads it too
  cpSync(bundle, join(folder, "bundle"), { recursive: true });
  const script = join(folder, "newcomer-inside.mjs");
  copyFileSync(join(import.meta.dirname, "../system/virtual-board/newcomer-inside.mjs"), script);
  return runBoard(t, { arch, limit, folder, programs: [[script, join(folder, "bundle"), folder, length]] });
}

const UART = String.raw`\/dev\/ttyS[01]`;

const SHORT: Readonly<Record<string, readonly RegExp[]>> = {
  "check: a typing error and a line that is not there": [
    /board-1\.yaml:6:\d+: drivers\[0\]\.pins\.pump\.pin: found "GPI017", but no line of the kernel is named GPI017/,
    /cure: did you mean GPIO17\?/,
    /board-1\.yaml:7:\d+: drivers\[0\]\.pins\.fan\.pin: found "GPIO99", but pinctrl-bcm2711 has no line 99[^]*it has lines 0 to 53/,
    /status 78$/,
  ],
  "sysfs: not in the group": [
    /pump: GPIO17 .*may not be used by lena, because of the rights of \/sys\/class\/gpio\/export.*`sudo usermod -aG gpio lena`/,
    new RegExp(`meter: ${UART} may not be used by lena, .*\`sudo usermod -aG dialout lena\``),
  ],
  "much at fault": [
    /fan: GPIO22 .*is in use by gpioset\. Stop that program/,
    /gone: There is no \/dev\/ttyUSB7\. Plug it in, or set path to one of those there are: .*\/dev\/ttyS0/,
    /probe: There is no USB serial port with vendorId 0403 \(ftdi\)\. Plug it in/,
    /odd: \/etc\/passwd is no serial port\. Set path to one of those there are/,
    new RegExp(`busy: ${UART} is in use by pinion-device \\(process \\d+\\)\\. Stop it \\(\`sudo systemctl stop`),
    /tank: There is no \/sys\/bus\/w1\/devices\. Put `dtoverlay=w1-gpio`/,
    /adc: There is no \/dev\/i2c-7\. .*(dtparam=i2c_arm=on|Buses here)/,
    /lamp: There is no PWM chip in \/sys\/class\/pwm\..*dtoverlay=pwm/,
  ],
  "held over sysfs, and a wrong baud rate": [
    /pump: GPIO22 .*is in use by gpioset\. Stop that program, .*overlay/,
    new RegExp(`meter: ${UART} brings lines that are no text, 3 lines in a row: check that baudRate \\(115200 here\\)`),
  ],
  "doctor: of the whole board": [
    /^ok {6}chip pinctrl-bcm2711: 54 lines, \/dev\/gpiochip\d$/m,
    /^ok {6}pump: GPIO17 = header 11 = pinctrl-bcm2711 line 17 = sysfs \d+, free$/m,
    /^error {3}fan: GPIO22 = header 15 = .*, held by gpioset\n {8}Stop gpioset, /m,
    /^ok {6}led: GPIO42 = "PWR_LED" = .*free$/m,
    /^error {3}typo: .*No line of the kernel is named PWR_LEF\n {8}Did you mean PWR_LED\?/m,
    new RegExp(`^ok {6}meter: ${UART}, free$`, "m"),
    /^error {3}gone: there is no \/dev\/ttyUSB7\n {8}Plug it in, or set the path to one of those/m,
    /^error {3}probe: no USB 0403:\* is plugged in$/m,
    /^error {3}tank: there is no \/sys\/bus\/w1\/devices\n {8}Put `dtoverlay=w1-gpio`/m,
    /^error {3}cannot connect to rs:\/\/127\.0\.0\.1:9: /m,
    /status 1$/,
  ],
  "doctor: a sound pin, as JSON": [
    /^\[\{.*\{?"check":"gpio","level":"ok","words":"chip pinctrl-bcm2711: /,
    /\{"check":"gpio","words":"pump: GPIO17 = header 11 = [^"]*, free","level":"ok"\}\]\nstatus 0$/,
  ],
};

const LONG: Readonly<Record<string, readonly RegExp[]>> = {
  "chardev: not in the group": [
    /pump: The GPIO lines may not be used by lena, because of the rights of \/dev\/gpiochip\d\. Run `sudo usermod -aG gpio lena`/,
  ],
  "check: for another machine": [
    /warning: pump: "GPI017" is taken for the kernel's name of a line \(or was GPIO17 meant\?\)[^]*status 0$/,
  ],
  "check: two names of one line": [
    /pins\.fan\.pin: found "pinctrl-bcm2711:17", but that is pinctrl-bcm2711 line 17, as pump is[^]*status 78$/,
  ],
  "check: a chip that is not there": [
    /pins\.pump\.pin: found 17, but there is no GPIO chip pinctrl-rp1[^]*one of: .*pinctrl-bcm2711[^]*status 78$/,
  ],
  "start: a typing error": [/driver gpio is faulted: No line of the kernel is named PWR_LEF\. Did you mean PWR_LED\?/],
  "doctor: for somebody without rights": [
    /^error {3}GPIO lines: lena may not use \/dev\/gpiochip\d: it is not in the group gpio\n {8}`sudo usermod -aG gpio lena`/m,
    /^error {3}GPIO lines: lena may not use \/sys\/class\/gpio\/export: it is not in the group gpio/m,
    new RegExp(`^error {3}meter: lena may not use ${UART}: it is not in the group dialout`, "m"),
    /status 1$/,
  ],
};

export async function assertNewcomer(t: TestContext, { facts, text }: Told, length: "short" | "long"): Promise<void> {
  assert.equal(facts.get("done"), true, text);
  for (const [name, words] of Object.entries(length === "short" ? SHORT : { ...SHORT, ...LONG })) {
    await t.test(name, () => {
      const said = facts.get(name);
      assert.ok(typeof said === "string", `it was not tried:\n${text}`);
      for (const one of words) assert.match(said, one);
    });
  }
}
