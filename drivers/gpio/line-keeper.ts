/**
 * Keeps one line open: when the hardware fails, the line is let go and opened again, with growing pauses, for ever. Owns
 * the open line and the state of its health; must not know what is written to it. Whoever uses it sees to it that open,
 * use and close do not overlap.
 */
import { DriverError } from "../driver-error.ts";
import type { ChannelHealth, Log, Timers } from "../driver.ts";
import { Retry } from "../retry.ts";
import { reasonOf } from "../words.ts";

interface Line {
  read(): Promise<unknown>;
  close(): Promise<void>;
}

export interface LineOwner<Opened extends Line> {
  readonly name: string;
  readonly timers: Timers;
  readonly log: Log;
  open(): Promise<Opened>;
  /** After each successful open. */
  opened(line: Opened): Promise<void>;
  lost(error: DriverError): void;
  /** Time for another attempt: calls reopen() when its turn has come. */
  retry(): void;
}

export class LineKeeper<Opened extends Line> {
  readonly #owner: LineOwner<Opened>;
  readonly #retry: Retry;
  #line: Opened | undefined;
  #error: DriverError | undefined;
  #closed = false;
  #reopens = 0;

  constructor(owner: LineOwner<Opened>) {
    this.#owner = owner;
    this.#retry = new Retry(owner.timers);
  }

  /** Never rejects: answers why the line could not be opened, after having scheduled the next attempt. */
  async open(): Promise<DriverError | undefined> {
    if (this.#closed || this.#line) return undefined;
    try {
      const line = await this.#owner.open();
      this.#line = line;
      await this.#owner.opened(line);
      this.#error = undefined;
      this.#retry.reset();
      return undefined;
    } catch (error) {
      return this.#fail(error);
    }
  }

  async reopen(): Promise<void> {
    if (this.#closed || this.#line) return;
    this.#reopens += 1;
    if ((await this.open()) === undefined) this.#owner.log.info(`${this.#owner.name} works again`);
  }

  /** @throws DriverError `not_open` while the line is faulted, or the failure that has just made it so. */
  async use<Result>(access: (line: Opened) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new DriverError("closed", `${this.#owner.name} is closed`);
    if (!this.#line) {
      throw new DriverError("not_open", `${this.#owner.name} does not work: ${this.#error?.what ?? "it is not open"}`, {
        cure: this.#error?.cure ?? "Wait until it is back.",
        cause: this.#error,
      });
    }
    try {
      return await access(this.#line);
    } catch (error) {
      throw await this.#fail(error);
    }
  }

  get health(): ChannelHealth {
    const counters = { reopens: this.#reopens };
    return this.#error ? { state: "faulted", cause: this.#error.message, counters } : { state: "ok", counters };
  }

  /** `last` is done with the line before it is let go. Lets go in any case; rejects with the reason why `last` failed. */
  async close(last?: (line: Opened) => Promise<void>): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry.stop();
    const line = this.#line;
    this.#line = undefined;
    if (!line) return;
    try {
      await last?.(line);
    } catch (error) {
      this.#owner.log.error(`${this.#owner.name} could not be brought to its last level: ${reasonOf(error)}`);
      throw error;
    } finally {
      await this.#letGo(line);
    }
  }

  async #fail(thrown: unknown): Promise<DriverError> {
    const error = asDriverError(this.#owner.name, thrown);
    const line = this.#line;
    this.#line = undefined;
    const news = this.#error?.message !== error.message;
    this.#error = error;
    if (line) await this.#letGo(line);
    // the driver is told to close, and closes this too
    if (this.#closed || error.code === "aborted") return error;
    if (news) this.#owner.lost(error);
    const pause = this.#retry.schedule(() => this.#owner.retry());
    if (news) this.#owner.log.warn(`${this.#owner.name}: ${error.message}`, { code: error.code, retryMs: pause });
    return error;
  }

  async #letGo(line: Opened): Promise<void> {
    try {
      await line.close();
    } catch (error) {
      this.#owner.log.warn(`${this.#owner.name} could not be closed: ${reasonOf(error)}`);
    }
  }
}

function asDriverError(name: string, thrown: unknown): DriverError {
  if (thrown instanceof DriverError) return thrown;
  return new DriverError("io", `${name} failed: ${reasonOf(thrown)}`, { cause: thrown });
}
