/**
 * The accounts file as it is now: read again whenever it has changed, so that `pinion auth add` and `remove` need no restart.
 * Owns what was read last, and the timer that looks for changes. A file that cannot be read any more lets nobody log in, and is logged once.
 */
import { statSync } from "node:fs";
import { readAccounts } from "@pinion/client";
import type { Accounts } from "@pinion/wamp";
import type { Log } from "./log.ts";

const LOOK_EVERY_MS = 1000;

export class PresentAccounts {
  readonly #file: string;
  readonly #log: Log;
  #accounts: Accounts | undefined;
  #state: string;
  #timer: NodeJS.Timeout | undefined;

  /** @throws UsageError `invalid_accounts` if the file cannot be read now. */
  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
    this.#state = stateOf(file);
    this.#accounts = readAccounts(file);
  }

  get(): Accounts | undefined {
    const state = stateOf(this.#file);
    if (state !== this.#state) {
      this.#state = state;
      this.#accounts = this.#read();
    }
    return this.#accounts;
  }

  /** Tells of each change, within a second or so and never from inside `get`. A file that cannot be read is no change. */
  watch(onChange: (accounts: Accounts) => void): void {
    let told = this.#accounts;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      const accounts = this.get();
      if (accounts === undefined || accounts === told) return;
      told = accounts;
      onChange(accounts);
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #read(): Accounts | undefined {
    try {
      const accounts = readAccounts(this.#file);
      this.#log.info({ accounts: accounts.accounts.length }, `read ${this.#file} again`);
      return accounts;
    } catch (error) {
      this.#log.error({ err: error }, "nobody can log in until the accounts file is mended");
      return undefined;
    }
  }
}

/** Changes whenever the file does; never throws. */
function stateOf(file: string): string {
  try {
    const { ino, size, mode, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return [ino, size, mode, mtimeNs, ctimeNs].join(" ");
  } catch {
    return "unreadable";
  }
}
