/**
 * One sensor, read again and again: the engine that all polled drivers share. Owns the read under way, what was good last
 * and whether it was called stale; never two reads at a time, and no failure, not even a read that never answers, ends
 * the polling. Knows nothing of what is read.
 */
import type { ChannelHealth, DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { durationText } from "../duration.ts";
import { startPolling, type Polling } from "../polling.ts";
import type { RawReading } from "../reading.ts";
import { reasonOf } from "../words.ts";
import { ChangeRule } from "./change-rule.ts";
import type { PollOptions } from "./poll-options.ts";
import { Window } from "./window.ts";

export interface PolledSource {
  /** Of the stream; what a window amounts to goes to `<name>_min` and so on. */
  readonly name: string;
  readonly options: PollOptions;
  /** One value, or a rejection that says why there is none. Started again only after it has ended. */
  read(): Promise<RawReading>;
  /** Waits for what several sensors share, such as a bus; holds it until the read has truly ended. */
  enter?<Result>(task: () => Promise<Result>): Promise<Result>;
}

export class SensorPoller {
  readonly name: string;
  readonly #source: PolledSource;
  readonly #ctx: DriverContext;
  readonly #rule: ChangeRule;
  readonly #window: Window | undefined;
  readonly #counters = { failed_reads: 0, late_reads: 0 };
  readonly #abandon = new Set<() => void>();
  #polling: Polling | undefined;
  #pending: Promise<RawReading> | undefined;
  /** Of the read under way: when it has got hold of what it shares. */
  #entered: Promise<void> | undefined;
  /** The read under way has been given up, and is waited for all the same before another begins. */
  #overdue: DriverError | undefined;
  #error: DriverError | undefined;
  #good: { readonly reading: RawReading; readonly at: number } | undefined;
  #stale = false;
  #held: RawReading | undefined;
  #cancelHeld: (() => void) | undefined;
  #stopped = false;

  constructor(source: PolledSource, ctx: DriverContext) {
    this.name = source.name;
    this.#source = source;
    this.#ctx = ctx;
    this.#rule = new ChangeRule(source.options);
    const { window } = source.options;
    this.#window = window === undefined ? undefined : new Window(window, ctx.clock.mono());
  }

  start(): void {
    const { interval, align, jitter } = this.#source.options;
    const late = jitter > 0 ? () => this.#ctx.random() * jitter : undefined;
    this.#polling = startPolling(this.#ctx, interval, async () => this.#turn(), { align, ...(late ? { late } : {}) });
  }

  get health(): ChannelHealth {
    const counters = { ...this.#counters };
    return this.#error ? { state: "faulted", cause: this.#error.message, counters } : { state: "ok", counters };
  }

  /** The value now; joins a read that is under way. @throws (rejects) DriverError. */
  async read(): Promise<RawReading> {
    if (this.#stopped) throw new DriverError("closed", `${this.name} is closed`);
    const reading = await this.#inTime(this.#pending ?? this.#begin());
    this.#mended(reading);
    return reading;
  }

  /** After it resolves nothing is read or published any more, but for a read that the system does not end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelHeld?.();
    for (const abandon of this.#abandon) abandon();
    await this.#polling?.stop();
  }

  async #turn(): Promise<void> {
    let reading: RawReading;
    try {
      if (this.#overdue) throw this.#overdue;
      reading = await this.#inTime(this.#pending ?? this.#begin());
      if (this.#stopped) return;
      this.#mended(reading);
    } catch (thrown) {
      if (this.#stopped) return;
      reading = this.#failed(thrown);
    }
    this.#windowTurn(reading);
    this.#tell(reading);
  }

  #begin(): Promise<RawReading> {
    const started = this.#source.enter === undefined ? this.#source.read() : this.#inTurn();
    const pending = started.finally(() => {
      this.#pending = undefined;
      this.#entered = undefined;
      this.#overdue = undefined;
    });
    // whoever waits for it hears of a failure; nobody may
    pending.catch(() => undefined);
    this.#pending = pending;
    return pending;
  }

  #inTurn(): Promise<RawReading> {
    let enter = (): void => undefined;
    this.#entered = new Promise((resolve) => {
      enter = resolve;
    });
    const task = async (): Promise<RawReading> => {
      enter();
      return this.#stopped ? gone(this.name) : this.#source.read();
    };
    return this.#source.enter?.(task) ?? task();
  }

  /** The time of a read runs from when it has its turn; waiting for that turn has a longer one. */
  async #inTime(pending: Promise<RawReading>): Promise<RawReading> {
    const { timeout, staleAfter } = this.#source.options;
    let end = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      let cancel = (): void => undefined;
      let ended = false;
      const arm = (ms: number, words: string): void => {
        cancel();
        if (ended) return;
        cancel = this.#ctx.timers.after(ms, () => {
          this.#overdue = new DriverError("timeout", words);
          reject(this.#overdue);
        });
      };
      const abandon = (): void => reject(new DriverError("closed", `${this.name} is closed`));
      const answer = (): void => arm(timeout, `${this.name} did not answer within ${durationText(timeout)}`);
      this.#abandon.add(abandon);
      end = () => {
        ended = true;
        cancel();
        this.#abandon.delete(abandon);
      };
      if (this.#entered === undefined) return answer();
      arm(staleAfter, `${this.name} did not get its turn on the bus within ${durationText(staleAfter)}`);
      return void this.#entered.then(answer);
    });
    try {
      return await Promise.race([pending, late]);
    } finally {
      end();
    }
  }

  #mended(reading: RawReading): void {
    if (this.#error) this.#ctx.log.info(`${this.name} can be read again`);
    this.#error = undefined;
    this.#good = { reading, at: this.#ctx.clock.mono() };
  }

  #failed(thrown: unknown): RawReading {
    const error =
      thrown instanceof DriverError
        ? thrown
        : new DriverError("io", `${this.name}: ${reasonOf(thrown)}`, { cause: thrown });
    this.#counters.failed_reads += 1;
    if (error.code === "timeout") this.#counters.late_reads += 1;
    if (this.#error?.message !== error.message)
      this.#ctx.log.warn(`${this.name}: ${error.message}`, { code: error.code });
    this.#error = error;
    return { value: null, quality: "error", cause: error.message };
  }

  /** A single value, an error, or once in its place: that the last good value is too old. */
  #tell(reading: RawReading): void {
    if (reading.quality !== "error") this.#stale = false;
    else if (this.#stale) return;
    const { staleAfter, interval, window } = this.#source.options;
    if (window?.only) return;
    const age = this.#good === undefined ? 0 : this.#ctx.clock.mono() - this.#good.at;
    if (this.#good === undefined || reading.quality !== "error" || age + Math.min(interval / 2, 1000) < staleAfter)
      return this.#offer(reading);
    this.#stale = true;
    const cause = `no good value for ${String(Math.round(age / 1000))} s: ${reading.cause ?? "unknown"}`;
    return this.#offer({ value: this.#good.reading.value, quality: "stale", cause });
  }

  #offer(reading: RawReading): void {
    const now = this.#ctx.clock.mono();
    if (!this.#rule.isDue(reading, now)) return;
    const { throttle } = this.#source.options;
    const { toldAt } = this.#rule;
    const wait = toldAt === undefined ? 0 : toldAt + throttle - now;
    if (wait <= 0) return this.#publish(reading);
    this.#held = reading;
    this.#cancelHeld ??= this.#ctx.timers.after(wait, () => {
      const held = this.#held;
      this.#cancelHeld = undefined;
      if (held && !this.#stopped) this.#publish(held);
    });
  }

  #publish(reading: RawReading): void {
    this.#cancelHeld?.();
    this.#cancelHeld = undefined;
    this.#held = undefined;
    this.#rule.told(reading, this.#ctx.clock.mono());
    this.#ctx.publish(this.name, reading);
  }

  #windowTurn(reading: RawReading): void {
    if (!this.#window) return;
    const ended = this.#window.take(this.#ctx.clock.mono(), Math.min(this.#source.options.interval / 2, 50));
    for (const [what, summary] of ended) this.#ctx.publish(`${this.name}_${what}`, summary);
    const { quality, value } = reading;
    this.#window.add(quality !== "error" && typeof value === "number" ? value : undefined);
  }
}

const gone = (name: string): never => {
  throw new DriverError("closed", `${name} is closed`);
};
