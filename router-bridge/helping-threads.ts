/**
 * Lets V8's helping threads, which compile and mark, give way to the one thread that serves everybody: on busy processors one of
 * them takes its place for milliseconds, otherwise. They go on as before where a processor is free. Linux only, as a priority of
 * one thread is; elsewhere, and with a Node that does not name its threads, nothing happens.
 */
import { readdirSync, readFileSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";

const TASKS = "/proc/self/task";
/** As Node calls them, in `comm` (proc_pid_comm(5)). */
const NAME = "V8Worker";
/** How much nicer they are (sched(7)): where they compete they get a tenth of what the main thread gets. */
const NICER = 10;

/** To be called once: V8 has all its threads from the beginning. */
export function letHelpersGiveWay(): void {
  try {
    const nice = Math.min(constants.priority.PRIORITY_LOW, getPriority() + NICER);
    for (const task of readdirSync(TASKS)) {
      if (readFileSync(`${TASKS}/${task}/comm`, "utf8").trim() === NAME) setPriority(Number(task), nice);
    }
  } catch {
    // without /proc, where a sandbox refuses, or if a thread has ended meanwhile, those that are left stay as they are
  }
}
