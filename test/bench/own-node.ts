/**
 * Node for the boards alone, in memory as a board has it after its boot. How much of a process's memory is Node's program is not the
 * process's doing: the kernel maps what lies beside a touched page and in the same folio of its cache, and a file that somebody read from
 * its beginning to its end lies there in folios of megabytes. The same files took 58 MB and 88 MB, by how the 120 MB of `node`
 * had come to be read. So: a copy, put out of the cache, and read again by nothing but the faults of programs that run.
 */
import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, fsyncSync, mkdirSync, openSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

const copy = join(import.meta.dirname, "../../test-results/bench/own-node/node");

/** Its path. @throws Error where the cache cannot be told to forget it. */
export function ownNode(): string {
  mkdirSync(dirname(copy), { recursive: true });
  rmSync(copy, { force: true });
  copyFileSync(process.execPath, copy);
  const file = openSync(copy, "r+");
  // what is not on the disk yet cannot be forgotten
  fsyncSync(file);
  closeSync(file);
  const forgotten = spawnSync("dd", [`if=${copy}`, "iflag=nocache", "count=0"], { encoding: "utf8" });
  if (forgotten.status !== 0) throw new Error(`dd iflag=nocache: ${forgotten.stderr}`);
  // the first start reads from the disk: not to be measured
  spawnSync(copy, ["--eval", "require('node:net')"]);
  return copy;
}
