/** The boot partition inside an image's file, by mtools: neither root nor a loop device is needed. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CommandFailure, ExitStatus } from "../exit-status.ts";
import type { BootPartition } from "./boot-partition.ts";
import { bootPartitionOffset } from "./partition-table.ts";

const MOST_OUTPUT = 600 * 1_048_576;

/** @throws CommandFailure for what is no image with such a partition, or without mtools */
export function imagePartition(image: string): BootPartition {
  const drive = `${image}@@${String(bootPartitionOffset(image))}`;
  const run = (tool: string, args: readonly string[]): { status: number; stdout: Buffer; stderr: string } => {
    const done = spawnSync(tool, ["-i", drive, ...args], {
      env: { ...process.env, MTOOLSRC: "/dev/null", MTOOLS_SKIP_CHECK: "1", LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: MOST_OUTPUT,
    });
    if (done.error !== undefined) throw failed(`${tool} is missing: install mtools (sudo apt install mtools)`);
    return { status: done.status ?? 1, stdout: done.stdout, stderr: done.stderr.toString().trim() };
  };
  const must = (tool: string, args: readonly string[]): Buffer => {
    const { status, stdout, stderr } = run(tool, args);
    if (status !== 0) throw failed(`${image}: ${tool}: ${stderr}`);
    return stdout;
  };
  const names = (folder: string): readonly string[] => {
    const { status, stdout } = run("mdir", ["-b", "-a", `::/${folder}`]);
    if (status !== 0) return [];
    const lines = stdout.toString().split("\n");
    return lines.flatMap((line) => (line === "" || line.endsWith("/") ? [] : [line.slice(line.lastIndexOf("/") + 1)]));
  };
  const has = (path: string): boolean => names(parent(path)).includes(path.slice(path.lastIndexOf("/") + 1));
  must("mdir", ["-b", "::/"]); // whether there is a file system at all
  return {
    words: image,
    names,
    read: (path) => (has(path) ? must("mtype", [`::/${path}`]) : undefined),
    write: (path, content) => {
      const folder = mkdtempSync(join(tmpdir(), "pinion-flash-"));
      try {
        const file = join(folder, "content");
        writeFileSync(file, content, { mode: 0o600 });
        const place = parent(path);
        // exists already, or mcopy says what is wrong
        if (place !== "") run("mmd", ["-D", "s", `::/${place}`]);
        must("mcopy", ["-o", "-Q", file, `::/${path}`]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    remove: (path) => {
      if (has(path)) must("mdel", [`::/${path}`]);
    },
    freeOctets: () => {
      const told = must("mdir", ["::/"]).toString();
      return Number((/([\d ]+) bytes free/.exec(told)?.[1] ?? "").replaceAll(" ", ""));
    },
  };
}

function parent(path: string): string {
  const folder = dirname(path);
  return folder === "." ? "" : folder;
}

function failed(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, words);
}
