/**
 * What systemd is told: that the board is ready, how it is, and, while it works as it should, that it lives. Owns the beat. A
 * board that hangs in part is not pinged: systemd then ends it and starts it anew (`WatchdogSec=`).
 */
import type { Log, Timers } from "../drivers/driver.ts";

export interface WatchdogContext {
  /** `READY=1`, `STATUS=...`, `WATCHDOG=1`, `STOPPING=1`. */
  readonly notify: (...lines: readonly string[]) => void;
  readonly timers: Timers;
  readonly log: Log;
  /** ms within which systemd wants a ping; undefined: none is wanted. */
  readonly limit: number | undefined;
  /** One line for `systemctl status`. */
  readonly status: () => string;
  /** Why no ping is due; undefined when all is as it should be. */
  readonly fault: () => string | undefined;
}

/** Pings in one limit, so that a single one may be missed. */
const PINGS = 3;
/** ms between two status lines where no ping is wanted. */
const STATUS_EVERY = 60_000;

export class Watchdog {
  readonly #context: WatchdogContext;
  #cancel: () => void = () => undefined;
  #withheld: string | undefined;
  #told: string | undefined;

  constructor(context: WatchdogContext) {
    this.#context = context;
  }

  ready(): void {
    this.#context.notify("READY=1", this.#status());
    this.#later();
  }

  /** The status may be another one: who waits for it, as after an installation, need not wait for the next beat. */
  changed(): void {
    const before = this.#told;
    const now = this.#status();
    if (before !== undefined && now !== before) this.#context.notify(now);
  }

  stopping(): void {
    this.#cancel();
    this.#told = undefined;
    this.#context.notify("STOPPING=1", "STATUS=outputs to their safe level");
  }

  #later(): void {
    const { timers, limit } = this.#context;
    this.#cancel = timers.after(limit === undefined ? STATUS_EVERY : limit / PINGS, () => this.#beat());
  }

  #beat(): void {
    const { notify, fault, log, limit } = this.#context;
    this.#later();
    const why = fault();
    if (why !== undefined && why !== this.#withheld && limit !== undefined)
      log.error(`no sign of life to systemd: ${why}`);
    this.#withheld = why;
    if (why === undefined) notify(...(limit === undefined ? [] : ["WATCHDOG=1"]), this.#status());
    else notify(`STATUS=${why}`);
  }

  #status(): string {
    return (this.#told = `STATUS=${this.#context.status()}`);
  }
}
