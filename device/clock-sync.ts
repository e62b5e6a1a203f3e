/** Whether somebody keeps this machine's clock right, asked in the background: of systemd-timesyncd's mark, else of the kernel's own word. */
import { execFile } from "node:child_process";
import { access } from "node:fs/promises";

const MARK = "/run/systemd/timesync/synchronized";
const SOON = 5_000;
const LATER = 60_000;
const ASK_LIMIT = 5_000;
/** Asking the kernel is a process each time: a board that nobody steers is asked after 10 s, 20 s, 40 s, and then once a minute. */
const MOST_LOOKS = LATER / SOON;

export interface ClockSyncSources {
  hasMark(): Promise<boolean>;
  kernelSays(): Promise<boolean>;
  /** Runs `look` after so many milliseconds. */
  later(look: () => void, ms: number): void;
}

const OF_THIS_MACHINE: ClockSyncSources = {
  hasMark,
  kernelSays,
  later: (look, ms) => void setTimeout(look, ms).unref(),
};

/** False until it is known. */
export function clockSync(sources = OF_THIS_MACHINE): () => boolean {
  let isSynced = false;
  let looks = 1;
  let looksToAsk = 1;
  const ask = async (): Promise<boolean> => {
    const said = await sources.kernelSays();
    looks = 0;
    looksToAsk = said ? 1 : Math.min(looksToAsk * 2, MOST_LOOKS);
    return said;
  };
  const look = async (): Promise<void> => {
    isSynced = (await sources.hasMark()) || ((isSynced || looks >= looksToAsk) && (await ask()));
    looks += 1;
    sources.later(() => void look(), isSynced ? LATER : SOON);
  };
  void look();
  return () => isSynced;
}

/** Now. Never rejects. */
export async function isClockSynced(): Promise<boolean> {
  return (await hasMark()) || (await kernelSays());
}

async function hasMark(): Promise<boolean> {
  try {
    await access(MARK);
    return true;
  } catch {
    return false; // another time service, or none
  }
}

/** NTPSynchronized is the kernel's, whichever service steers its clock. */
function kernelSays(): Promise<boolean> {
  return new Promise((resolve) => {
    execFile("timedatectl", ["show", "-p", "NTPSynchronized", "--value"], { timeout: ASK_LIMIT }, (error, out) => {
      resolve(error === null && out.trim() === "yes");
    });
  });
}
