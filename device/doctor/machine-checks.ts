/** Checks of the machine itself, whatever the board is to drive: program, kernel, power, clock, disk. */
import { sizeText } from "../size.ts";
import { error, ok, warning, type Finding } from "./finding.ts";
import type { Machine } from "./machine.ts";

/** What this program was made at the earliest: a clock before it is wrong. */
const EARLIEST = Date.UTC(2026, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);
const OLDEST_NODE = 20;
const MIB = 1_048_576;

export function checkNode({ nodeVersion }: Machine): readonly Finding[] {
  const major = Number(nodeVersion.split(".")[0]);
  const words = `Node ${nodeVersion}, ${process.arch}`;
  if (major >= OLDEST_NODE) return [ok("node", words)];
  return [
    error(
      "node",
      `${words}: older than ${String(OLDEST_NODE)}`,
      `Install Node ${String(OLDEST_NODE)} or later, or take the archive that brings its own.`,
    ),
  ];
}

export function checkKernel(machine: Machine): readonly Finding[] {
  const model =
    machine.text("/proc/device-tree/model") ?? machine.text("/sys/class/dmi/id/product_name") ?? "an unknown machine";
  return [ok("kernel", `${model}, kernel ${machine.kernel}`)];
}

/** As the firmware tells, else as the kernel's monitor of the supply does. */
export function checkPower(machine: Machine): readonly Finding[] {
  const told = machine.text("/sys/devices/platform/soc/soc:firmware/get_throttled");
  const bits = Number.parseInt(told ?? "", 16);
  const cure =
    "Take the supply that was made for this board, with a short and thick cable; unplug what draws much from its USB ports.";
  if (!Number.isInteger(bits)) {
    const chip = machine
      .list("/sys/class/hwmon")
      .find((one) => machine.text(`/sys/class/hwmon/${one}/name`) === "rpi_volt");
    if (chip === undefined) return [ok("power", "the kernel tells nothing of the supply")];
    if (machine.text(`/sys/class/hwmon/${chip}/in0_lcrit_alarm`) !== "1")
      return [ok("power", "the supply has enough voltage")];
    return [error("power", "the supply has too little voltage", cure)];
  }
  const has = (bit: number): boolean => (bits & (1 << bit)) !== 0;
  const findings: Finding[] = [];
  if (has(0)) findings.push(error("power", "the supply has too little voltage, now", cure));
  else if (has(16)) findings.push(warning("power", "the supply had too little voltage since the start", cure));
  const cooler = "Give it a heat sink or air; `vcgencmd measure_temp` tells how hot it is.";
  if (has(2) || has(3))
    findings.push(warning("power", "the processor is slowed down, because of voltage or heat", cooler));
  else if (has(18) || has(19))
    findings.push(
      warning("power", "the processor was slowed down since the start, because of voltage or heat", cooler),
    );
  return findings.length > 0 ? findings : [ok("power", "supply and temperature are fine, and were since the start")];
}

/** `isSynced`: what the time service says. */
export function checkClock({ now }: Machine, isSynced: boolean): readonly Finding[] {
  const time = new Date(now).toISOString().slice(0, 19).replace("T", " ");
  const cure =
    "`sudo timedatectl set-ntp true`, and see whether a time server can be reached; or `sudo timedatectl set-time '...'`.";
  if (now < EARLIEST || now > LATEST)
    return [error("clock", `it is ${time} UTC: the clock is wrong, and TLS will fail`, cure)];
  if (isSynced) return [ok("clock", `${time} UTC, kept right by a time server`)];
  return [warning("clock", `${time} UTC, and nobody keeps it right: readings will say synced: false`, cure)];
}

/** Where the board writes, and how the storage is. */
export function checkDisk(machine: Machine, folders: readonly string[]): readonly Finding[] {
  const findings: Finding[] = [];
  for (const folder of new Set(folders)) findings.push(folderFinding(machine, folder));
  for (const one of machine.list("/sys/fs/ext4")) {
    const errors = Number(machine.text(`/sys/fs/ext4/${one}/errors_count`) ?? 0);
    if (errors > 0)
      findings.push(
        error(
          "disk",
          `the file system on ${one} has had ${String(errors)} errors`,
          `Save what is on it, check it (\`fsck\` from another system), and take a new card.`,
        ),
      );
  }
  for (const one of machine.list("/sys/block")) {
    const [a = "", b = ""] = (machine.text(`/sys/block/${one}/device/life_time`) ?? "").split(" ");
    const used = Math.max(Number.parseInt(a, 16) || 0, Number.parseInt(b, 16) || 0);
    if (used === 0) continue;
    const words =
      used > 10
        ? `${one} is past the life it was made for`
        : `${one} has used up to ${String(used * 10)} % of the life it was made for`;
    findings.push(
      used >= 9
        ? warning("disk", words, "Replace it before it fails; `journal.commitEvery` of a minute writes less.")
        : ok("disk", words),
    );
  }
  return findings;
}

function folderFinding(machine: Machine, folder: string): Finding {
  const place = [folder, parentOf(folder), "/"].find((one) => machine.owned(one) !== undefined) ?? "/";
  const mount = mountOf(machine, place);
  const space = machine.space(place);
  if (mount?.isReadOnly)
    return error(
      "disk",
      `${folder} is on ${mount.point}, which is read-only`,
      `\`sudo mount -o remount,rw ${mount.point}\`; if it became so by itself, the card is failing: see dmesg.`,
    );
  if (place !== "/" && !machine.mayWrite(place))
    return error(
      "disk",
      `${place} cannot be written to by this user`,
      `\`sudo chown $(id -un) ${place}\`, or name another folder in board.stateDir.`,
    );
  if (space === undefined) return ok("disk", `${folder}: the kernel tells nothing of its room`);
  const words = `${folder}: ${sizeText(space.free)} of ${sizeText(space.size)} are free`;
  const cure = "Remove what is not needed; `sudo journalctl --vacuum-size=50M` and `sudo apt-get clean` free most.";
  if (space.free < 16 * MIB) return error("disk", words, cure);
  return space.free < space.size / 10 ? warning("disk", words, cure) : ok("disk", words);
}

const parentOf = (folder: string): string => folder.replace(/\/[^/]*\/?$/, "") || "/";

function mountOf(
  machine: Machine,
  place: string,
): { readonly point: string; readonly isReadOnly: boolean } | undefined {
  const mounts = (machine.text("/proc/mounts") ?? "").split("\n").map((line) => line.split(" "));
  const above = mounts.filter(([, point = ""]) => point === "/" || place === point || place.startsWith(`${point}/`));
  const [, point = "/", , options = ""] = above.toSorted((a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0))[0] ?? [];
  return above.length === 0 ? undefined : { point, isReadOnly: options.split(",").includes("ro") };
}
