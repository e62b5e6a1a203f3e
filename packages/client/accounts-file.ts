/** The accounts file: read and written whole, for its owner alone. Nothing in it is a secret that lets somebody in elsewhere. */
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { type Accounts, formatAccounts, parseAccounts, UsageError } from "@pinion/wamp";

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
const MAX_OCTETS = 16 * 1024 * 1024;

/**
 * @throws UsageError `invalid_accounts` that names the file and the cure, if it cannot be read, others may read or write it,
 * or it holds something else.
 */
export function readAccounts(file: string): Accounts {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    throw bad(file, `cannot be read (${words(error)}); make it with \`pinion auth add\``, error);
  }
  try {
    const { mode, size } = fstatSync(descriptor);
    if ((mode & OTHERS) !== 0) throw bad(file, `is open to other users; run chmod 600 on it`);
    if (size > MAX_OCTETS) throw bad(file, `is larger than ${MAX_OCTETS} octets`);
    return parseAccounts(readFileSync(descriptor, "utf8"));
  } catch (error) {
    if (error instanceof UsageError && error.message.startsWith(file)) throw error;
    throw bad(file, `is no accounts file: ${words(error)}`, error);
  } finally {
    closeSync(descriptor);
  }
}

/** Replaces the file at once, so that whoever reads sees the old one or the new one. Mode 0600. */
export function writeAccounts(file: string, accounts: Accounts): void {
  const draft = `${file}.${process.pid}.new`;
  rmSync(draft, { force: true });
  try {
    const descriptor = openSync(draft, "wx", OWNER_ONLY);
    try {
      writeSync(descriptor, formatAccounts(accounts));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    chmodSync(draft, OWNER_ONLY);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw bad(file, `cannot be written (${words(error)})`, error);
  }
}

function bad(file: string, what: string, cause?: unknown): UsageError {
  return new UsageError("invalid_accounts", `${file} ${what}`, { cause });
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
