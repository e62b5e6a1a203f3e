/** What processes cost the machine, as Linux counts it. */
import { readdirSync, readFileSync } from "node:fs";

/** Seconds of CPU that these processes have used, to the nanosecond where the kernel tells. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + threadsOf(pid).reduce((all, task) => all + nanoseconds(task), 0), 0) / 1e9;
}

function threadsOf(pid: number): string[] {
  const folder = `/proc/${String(pid)}/task`;
  return readdirSync(folder).map((task) => `${folder}/${task}`);
}

function nanoseconds(task: string): number {
  try {
    return Number(readFileSync(`${task}/schedstat`, "utf8").split(" ")[0]);
  } catch {
    return 0; // a thread that ended between the two looks
  }
}

/** Octets of memory that these processes hold: what `ps` and `top` show as RSS. */
export function residentOctets(pids: readonly number[]): number {
  return sumOf(pids, "VmRSS");
}

/** The part of it that is these processes' own, and in no file: heaps, stacks, compiled code. */
export function ownOctets(pids: readonly number[]): number {
  return sumOf(pids, "RssAnon");
}

function sumOf(pids: readonly number[], what: "VmRSS" | "RssAnon"): number {
  return pids.reduce((sum, pid) => {
    const line = new RegExp(`^${what}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"));
    return sum + Number(line?.[1] ?? Number.NaN) * 1024;
  }, 0);
}
