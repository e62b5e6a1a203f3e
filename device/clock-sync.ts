/** Whether somebody keeps this machine's clock right, asked in the background: of systemd-timesyncd's mark, else of the kernel's own word. */
import { execFile } from "node:child_process";
import { access } from "node:fs/promises";

const MARK = "/run/systemd/timesync/synchronized";
const SOON = 5_000;
const LATER = 60_000;
const ASK_LIMIT = 5_000;

/** False until it is known. */
export function clockSync(): () => boolean {
  let isSynced = false;
  const look = async (): Promise<void> => {
    isSynced = await isClockSynced();
    setTimeout(() => void look(), isSynced ? LATER : SOON).unref();
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
