/** Where the journal lives: a directory of its own that nobody else writes to, or memory when there is none. */
import { setTimeout as sleep } from "node:timers/promises";
import type { JournalPlace } from "./delivering.ts";
import { lockDirectory } from "./journal/directory-lock.ts";
import { memoryDisk } from "./journal/memory-disk.ts";
import { nodeDisk } from "./journal/node-disk.ts";

/** A predecessor that is about to end gets this long. */
const LOCK_TRIES = 20;
const LOCK_EVERY = 100;

/** Never rejects: a journal in memory, with the cause, is better than a board that does not start. */
export async function openJournalPlace(directory: string | undefined): Promise<JournalPlace> {
  if (directory === undefined) {
    const cause = "no directory: set journal.directory, or StateDirectory= in the systemd unit";
    return { disk: memoryDisk(), cause, release: () => undefined };
  }
  let lock = await lockDirectory(directory);
  for (let left = LOCK_TRIES; !lock.held && lock.taken && left > 0; left -= 1) {
    await sleep(LOCK_EVERY);
    lock = await lockDirectory(directory);
  }
  if (lock.held) return { disk: nodeDisk(directory), directory, release: lock.release };
  return { disk: memoryDisk(), cause: `${directory} cannot be used: ${lock.cause}`, release: () => undefined };
}
