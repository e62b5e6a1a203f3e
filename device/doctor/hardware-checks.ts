/** Checks of what the configured drivers will use: is it there, may it be opened, and who has it. */
import type { Claim } from "../../drivers/driver.ts";
import { kernelFileCure } from "../../drivers/hardware/kernel-file-cure.ts";
import type { PlannedDriver } from "../plan.ts";
import { error, ok, warning, type Finding } from "./finding.ts";
import { groupName, isMember, userName, type Machine } from "./machine.ts";

const BOOT_FILES = ["/boot/firmware/config.txt", "/boot/config.txt"];

export function checkHardware(machine: Machine, drivers: readonly PlannedDriver[]): readonly Finding[] {
  const claims = drivers.flatMap((driver) => driver.claims);
  return [
    ...checkBootFile(machine, claims),
    ...checkGpioDevices(machine, claims),
    ...claims.flatMap((claim) => checkClaim(machine, claim)),
  ];
}

function checkClaim(machine: Machine, claim: Claim): readonly Finding[] {
  switch (claim.type) {
    case "serial-port":
      return claim.path.startsWith("/")
        ? checkPort(machine, claim.path, claim.owner)
        : checkAdapter(machine, claim.path, claim.owner);
    case "i2c-address":
      return typeof claim.bus === "number"
        ? checkNode(machine, {
            path: `/dev/i2c-${String(claim.bus)}`,
            owner: claim.owner,
            check: "ports",
            cure: I2C_CURE,
          })
        : [];
    case "pwm-channel":
      return [checkPwm(machine, claim.owner)];
    case "file":
      return [checkFile(machine, claim.path, claim.owner, claim.write === true)];
    default:
      return [];
  }
}

const I2C_CURE =
  "Put `dtparam=i2c_arm=on` into /boot/firmware/config.txt and i2c-dev into /etc/modules, and reboot (`sudo raspi-config nonint do_i2c 0` does both).";

/** What the kernel must be told at boot for the drivers at hand, as far as the boot file says that it is not. */
function checkBootFile(machine: Machine, claims: readonly Claim[]): readonly Finding[] {
  const file = BOOT_FILES.find((one) => machine.text(one) !== undefined);
  if (file === undefined) return [];
  const lines = (machine.text(file) ?? "")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
  const overlays = lines.filter((line) => /^(dtoverlay|dtparam|enable_uart)=/.test(line));
  const findings = [ok("overlays", `${file}: ${overlays.join(", ") || "no overlays"}`)];
  const needs = (words: string, line: string): void => {
    findings.push(
      error("overlays", `${words}, and ${file} does not switch it on`, `Add \`${line}\` to ${file}, and reboot.`),
    );
  };
  const files = claims.flatMap((claim) => (claim.type === "file" ? [claim.path] : []));
  if (
    files.some((path) => path.startsWith("/sys/bus/w1")) &&
    !lines.some((line) => line.startsWith("dtoverlay=w1-gpio"))
  )
    needs("1-Wire sensors are configured", "dtoverlay=w1-gpio");
  if (claims.some(({ type }) => type === "pwm-channel") && !lines.some((line) => line.startsWith("dtoverlay=pwm")))
    needs("hardware PWM is configured", "dtoverlay=pwm");
  if (
    claims.some(({ type }) => type === "i2c-address") &&
    !lines.some((line) => /^dtparam=(i2c|i2c_arm)=on/.test(line) || line.startsWith("dtoverlay=i2c"))
  )
    needs("I2C devices are configured", "dtparam=i2c_arm=on");
  const uart = claims.some(
    (claim) => claim.type === "serial-port" && /^\/dev\/(serial0|ttyS0|ttyAMA0)$/.test(claim.path),
  );
  if (uart && !lines.some((line) => /^(enable_uart=1|dtparam=uart0)/.test(line)))
    needs("the serial port of the header is configured", "enable_uart=1");
  return findings;
}

/** The chips' device files and sysfs' export, when pins are configured. */
function checkGpioDevices(machine: Machine, claims: readonly Claim[]): readonly Finding[] {
  if (!claims.some(({ type }) => type === "gpio-line")) return [];
  const chips = machine.list("/dev").filter((name) => /^gpiochip\d+$/.test(name));
  const places = [...chips.map((name) => `/dev/${name}`), "/sys/class/gpio/export"].filter(
    (path) => machine.owned(path) !== undefined,
  );
  if (places.length === 0)
    return [
      error(
        "groups",
        "there is neither /dev/gpiochip* nor /sys/class/gpio",
        "Is this the board? Its kernel has no GPIO; a simulated board needs none: board.gpio: simulated.",
      ),
    ];
  const denied = places.filter((path) => !mayUse(machine, path));
  if (denied.length === 0) return [ok("groups", `${userName(machine)} may use ${places.join(", ")}`)];
  return denied.map((path) => deniedFinding(machine, path, "GPIO lines"));
}

interface Node {
  readonly path: string;
  readonly owner: string;
  readonly check: string;
  readonly cure: string;
}

function checkNode(machine: Machine, { path, owner, check, cure }: Node): readonly Finding[] {
  if (machine.owned(path) === undefined) return [error(check, `${owner}: there is no ${path}`, cure)];
  if (!mayUse(machine, path)) return [deniedFinding(machine, path, owner)];
  return [];
}

function portsOf(machine: Machine): readonly string[] {
  const others = machine.list("/dev/serial/by-id").map((name) => `/dev/serial/by-id/${name}`);
  if (others.length > 0) return others;
  return machine
    .list("/dev")
    .filter((name) => /^tty(USB|ACM|AMA|S)\d+$|^serial\d$/.test(name))
    .map((name) => `/dev/${name}`);
}

/** `usb:0403:*` and the like, as the configuration's word for an adapter amounts to. */
function checkAdapter(machine: Machine, words: string, owner: string): readonly Finding[] {
  const [, vendor = "*", product = "*", serial] = words.split(":");
  const devices = machine.list("/sys/bus/usb/devices").map((name) => `/sys/bus/usb/devices/${name}`);
  const is = (dir: string, file: string, wanted: string | undefined): boolean =>
    wanted === undefined || wanted === "*" || machine.text(`${dir}/${file}`)?.toLowerCase() === wanted.toLowerCase();
  const fitting = devices.filter(
    (dir) => is(dir, "idVendor", vendor) && is(dir, "idProduct", product) && is(dir, "serial", serial),
  );
  const plugged = fitting.filter((dir) => machine.text(`${dir}/idVendor`) !== undefined);
  const name = `USB ${vendor}:${product}${serial === undefined ? "" : `, serial number ${serial}`}`;
  if (plugged.length === 1) return [ok("ports", `${owner}: ${name} is plugged in`)];
  const ports = portsOf(machine).join(", ") || "none (`dmesg | tail` tells what happens when one is plugged in)";
  return plugged.length === 0
    ? [error("ports", `${owner}: no ${name} is plugged in`, `Plug it in; serial ports there are: ${ports}.`)]
    : [
        error(
          "ports",
          `${owner}: ${String(plugged.length)} adapters are ${name}`,
          "Name one by usb: { serialNumber: ... }, or by its path under /dev/serial/by-id.",
        ),
      ];
}

function checkPwm(machine: Machine, owner: string): Finding {
  const chips = machine.list("/sys/class/pwm").filter((name) => /^pwmchip\d+$/.test(name));
  if (chips.length > 0) return ok("files", `${owner}: PWM chips there are: ${chips.join(", ")}`);
  return error(
    "files",
    `${owner}: there is no PWM chip in /sys/class/pwm`,
    "Put `dtoverlay=pwm` (or pwm-2chan) into /boot/firmware/config.txt, and reboot.",
  );
}

function checkPort(machine: Machine, path: string, owner: string): readonly Finding[] {
  const ports = portsOf(machine);
  const cure = `Plug it in, or set the path to one of those there are: ${ports.join(", ") || "none (`dmesg | tail` tells what happens when one is plugged in)"}.`;
  const missing = checkNode(machine, { path, owner, check: "ports", cure });
  if (missing.length > 0) return missing;
  const device = machine.realPath(path) ?? path;
  if (!device.startsWith("/dev/")) return [error("ports", `${owner}: ${path} is no serial port`, cure)];
  const console = consoleFinding(machine, device, owner);
  const holders = holdersOf(machine, device);
  const where = device === path ? path : `${path} (${device})`;
  const foreign = holders.find(({ name }) => name !== "pinion-device" && !/pinion-device|device\/main\.ts/.test(name));
  if (foreign !== undefined) {
    const who = `${foreign.name} (process ${foreign.pid})`;
    return [
      ...console,
      error(
        "ports",
        `${owner}: ${where} is in use by ${who}`,
        `Stop it: \`sudo kill ${foreign.pid}\`; ModemManager: \`sudo systemctl disable --now ModemManager\`; a login: \`sudo systemctl disable --now serial-getty@${device.replace("/dev/", "")}\`.`,
      ),
    ];
  }
  return [...console, ok("ports", `${owner}: ${where}, ${holders.length > 0 ? "in use by this board" : "free"}`)];
}

/** The kernel's own messages on a port disturb whatever else is there. */
function consoleFinding(machine: Machine, device: string, owner: string): readonly Finding[] {
  const consoles = [...(machine.text("/proc/cmdline") ?? "").matchAll(/\bconsole=([^\s,]+)/g)].map(
    ([, name = ""]) => machine.realPath(`/dev/${name}`) ?? `/dev/${name}`,
  );
  if (!consoles.includes(device)) return [];
  return [
    warning(
      "ports",
      `${owner}: the kernel writes its messages to ${device}`,
      "`sudo raspi-config nonint do_serial_cons 1`, or remove that console= from /boot/firmware/cmdline.txt, and reboot.",
    ),
  ];
}

/** Processes that have it open, as far as this user may see. */
function holdersOf(machine: Machine, device: string): readonly { readonly pid: string; readonly name: string }[] {
  return machine
    .list("/proc")
    .filter((pid) => /^\d+$/.test(pid) && pid !== String(process.pid))
    .filter((pid) => machine.list(`/proc/${pid}/fd`).some((fd) => machine.linkTo(`/proc/${pid}/fd/${fd}`) === device))
    .map((pid) => {
      const line = (machine.text(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ");
      return {
        pid,
        name: /pinion-device|device\/main\.ts/.test(line)
          ? "pinion-device"
          : (machine.text(`/proc/${pid}/comm`) ?? "a process"),
      };
    });
}

function checkFile(machine: Machine, path: string, owner: string, write: boolean): Finding {
  if (machine.owned(path) === undefined) return error("files", `${owner}: there is no ${path}`, kernelFileCure(path));
  if (write && machine.user.uid !== 0 && !machine.list(path).length && !machine.mayWrite(path))
    return error(
      "files",
      `${owner}: ${path} cannot be written to by ${userName(machine)}`,
      "Let a udev rule give it to the group gpio, or run the board with that right.",
    );
  return ok("files", `${owner}: ${path} is there`);
}

function mayUse(machine: Machine, path: string): boolean {
  const { uid, groups } = machine.user;
  const owned = machine.owned(path);
  if (owned === undefined || uid === 0) return owned !== undefined;
  const bits = owned.uid === uid ? owned.mode >> 6 : groups.includes(owned.gid) ? owned.mode >> 3 : owned.mode;
  // udev gives export only the right to be written
  return (bits & (path.endsWith("/export") ? 2 : 6)) === (path.endsWith("/export") ? 2 : 6);
}

function deniedFinding(machine: Machine, path: string, owner: string): Finding {
  const { gid, mode } = machine.owned(path) ?? { gid: 0, mode: 0 };
  const group = groupName(machine, gid);
  const user = userName(machine);
  const words = `${owner}: ${user} may not use ${path}`;
  const needed = path.endsWith("/export") ? 0o020 : 0o060;
  if (gid === 0 || (mode & needed) !== needed)
    return error(
      "groups",
      `${words}, and neither may a group`,
      "Install the udev rules of the system (raspberrypi-sys-mods on Raspberry Pi OS), or run the board as a service of its package.",
    );
  if (isMember(machine, gid))
    return error(
      "groups",
      `${words}: it became a member of ${group} after this session began`,
      "Log out and in again, or restart the service.",
    );
  return error(
    "groups",
    `${words}: it is not in the group ${group}`,
    `\`sudo usermod -aG ${group} ${user}\`, then log in again or restart the service.`,
  );
}
