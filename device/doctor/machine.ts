/** This machine as the doctor sees it: files, users and time, below a folder that stands for the root where tests make it up. */
import {
  accessSync,
  constants,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statfsSync,
  statSync,
} from "node:fs";
import { release } from "node:os";
import { join } from "node:path";

export interface Owned {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export interface Machine {
  readonly user: { readonly uid: number; readonly groups: readonly number[] };
  readonly kernel: string;
  readonly nodeVersion: string;
  /** ms since 1970. */
  readonly now: number;
  /** Without the last line break; undefined: it cannot be read. */
  text(path: string): string | undefined;
  /** Sorted; empty: there is no such folder. */
  list(path: string): readonly string[];
  linkTo(path: string): string | undefined;
  /** Where a path leads to in the end; undefined: nowhere. */
  realPath(path: string): string | undefined;
  owned(path: string): Owned | undefined;
  mayWrite(path: string): boolean;
  /** Octets. */
  space(path: string): { readonly free: number; readonly size: number } | undefined;
}

export function machineAt(root = ""): Machine {
  const at = (path: string): string => (root === "" ? path : join(root, path));
  const or = <Value>(read: () => Value): Value | undefined => {
    try {
      return read();
    } catch {
      return undefined; // another kernel, another board, or no permission: what that means is the check's to say
    }
  };
  return {
    user: { uid: process.getuid?.() ?? 0, groups: [...(process.getgroups?.() ?? []), process.getgid?.() ?? 0] },
    kernel: release(),
    nodeVersion: process.versions.node,
    now: Date.now(),
    text: (path) => or(() => readFileSync(at(path), "utf8").replace(/[\n\0]+$/, "")),
    list: (path) => or(() => readdirSync(at(path)).toSorted()) ?? [],
    linkTo: (path) => or(() => readlinkSync(at(path))),
    realPath: (path) => or(() => realpathSync(at(path)).slice(root.length)),
    owned: (path) => or(() => statSync(at(path))),
    mayWrite: (path) => or(() => (accessSync(at(path), constants.W_OK), true)) ?? false,
    space: (path) =>
      or(() => {
        const { bavail, blocks, bsize } = statfsSync(at(path));
        return { free: bavail * bsize, size: blocks * bsize };
      }),
  };
}

/** The names of a group or user by its number, and the members of groups, from the files that have them. */
export function groupName(machine: Machine, gid: number): string {
  return accountLines(machine, "/etc/group").find(([, , id]) => Number(id) === gid)?.[0] ?? String(gid);
}

export function userName(machine: Machine): string {
  const { uid } = machine.user;
  return accountLines(machine, "/etc/passwd").find(([, , id]) => Number(id) === uid)?.[0] ?? String(uid);
}

/** Whether the group's entry names the user, though this very process may have begun before it did. */
export function isMember(machine: Machine, gid: number): boolean {
  const members = accountLines(machine, "/etc/group").find(([, , id]) => Number(id) === gid)?.[3] ?? "";
  return members.split(",").includes(userName(machine));
}

function accountLines(machine: Machine, file: string): readonly (readonly string[])[] {
  return (machine.text(file) ?? "").split("\n").map((line) => line.split(":"));
}
