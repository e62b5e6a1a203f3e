/** Why a serial port cannot be opened, for somebody who is new to the board: what is wrong, and what is there instead. */
import { readdir, readFile, readlink, realpath, stat } from "node:fs/promises";
import { DriverError, type SerialPortInfo } from "../board.ts";
import { noPermission } from "./access-cure.ts";

/** Ports that are named in a message. */
const MOST = 12;

/** `refused` is what the library's words amount to; `ports` are those of the system. */
export async function serialOpenError(
  refused: DriverError,
  path: string,
  ports: () => Promise<readonly SerialPortInfo[]>,
): Promise<DriverError> {
  const { cause } = refused;
  if (refused.code === "no_permission") return noPermission(path, path, cause);
  if (refused.code === "busy") return inUse(path, await portHolders(path), cause);
  if (refused.code !== "no_such_device") return refused;
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  const what = isThere ? `${path} is no serial port` : `There is no ${path}`;
  const plug = isThere ? "" : "Plug it in, or ";
  const names = (await ports().catch(() => [])).map(({ path: one, byId }) => byId[0] ?? one);
  const others =
    names.length === 0
      ? "set path to another one; there is no serial port at all now (`dmesg | tail` tells what happens when one is plugged in)"
      : `set path to one of those there are: ${names.slice(0, MOST).join(", ")}`;
  const cure = `${plug}${others}.`;
  return new DriverError("no_such_device", what, { cure: cure.charAt(0).toUpperCase() + cure.slice(1), cause });
}

export interface PortHolder {
  readonly pid: string;
  readonly name: string;
}

function inUse(path: string, holders: readonly PortHolder[], cause: unknown): DriverError {
  const [holder] = holders;
  if (holder === undefined)
    return new DriverError("busy", `${path} is in use by another program`, {
      cure: `Find it with \`sudo fuser -v ${path}\`, and stop it.`,
      cause,
    });
  return new DriverError("busy", `${path} is in use by ${holderWords(holder)}`, { cure: stopCure(holder), cause });
}

export const holderWords = ({ name, pid }: PortHolder): string => `${name} (process ${pid})`;

export function stopCure({ name, pid }: PortHolder): string {
  if (name === "pinion-device")
    return `Stop it (\`sudo systemctl stop pinion-device\`, or \`sudo kill ${pid}\`), or take the port out of one of the two configurations.`;
  if (name === "ModemManager") return "`sudo systemctl disable --now ModemManager`.";
  if (/^(agetty|login|bash)$/.test(name))
    return "That is a login on the port: `sudo raspi-config nonint do_serial_cons 1`, or `sudo systemctl disable --now serial-getty@<port>`.";
  return `Stop it: \`sudo kill ${pid}\`.`;
}

/** Other processes that have the device open, as far as this user may see. */
export async function portHolders(path: string): Promise<readonly PortHolder[]> {
  const device = await realpath(path).catch(() => path);
  const pids = (await readdir("/proc")).filter((pid) => /^\d+$/.test(pid) && pid !== String(process.pid));
  const found = await Promise.all(pids.map(async (pid) => ((await hasOpen(pid, device)) ? [await named(pid)] : [])));
  return found.flat();
}

async function hasOpen(pid: string, device: string): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch((): string[] => []); // it has ended, or is somebody else's
  for (const file of files) {
    if ((await readlink(`/proc/${pid}/fd/${file}`).catch(() => "")) === device) return true;
  }
  return false;
}

async function named(pid: string): Promise<PortHolder> {
  const text = async (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
  const isOurs = /pinion-device|device\/main\.ts/.test(await text("cmdline"));
  return { pid, name: isOurs ? "pinion-device" : (await text("comm")).trim() || "a process" };
}
