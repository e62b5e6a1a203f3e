/** What to do when the system does not let this user at a device file. */
import { readFile, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { DriverError } from "../board.ts";

/** `what` is the thing that cannot be used, `path` the file that bars the way to it. */
export async function noPermission(what: string, path: string, cause: unknown): Promise<DriverError> {
  const user = userName();
  return new DriverError("no_permission", `${what} may not be used by ${user}, because of the rights of ${path}`, {
    cure: await accessCure(path, user),
    cause,
  });
}

async function accessCure(path: string, user: string): Promise<string> {
  const gid = await stat(path).then(
    (found) => ((found.mode & 0o020) === 0 ? 0 : found.gid),
    () => 0,
  );
  if (gid === 0)
    return "No group may use it: install the system's udev rules for it (raspberrypi-sys-mods on Raspberry Pi OS), or run Pinion as the service of its package.";
  const group = await groupName(gid);
  return `Run \`sudo usermod -aG ${group} ${user}\`, then log in again (for a service: \`SupplementaryGroups=${group}\`, and restart it).`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${String(process.getuid?.() ?? "")}`; // a user without an entry in the system's list
  }
}

async function groupName(gid: number): Promise<string> {
  const groups = await readFile("/etc/group", "utf8").catch(() => "");
  const entry = groups.split("\n").find((line) => line.split(":")[2] === String(gid));
  return entry?.split(":")[0] ?? String(gid);
}
