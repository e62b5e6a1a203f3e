/**
 * Notices when the wall clock is set, by the monotonic one, and tells it until the router has it: what was read before in this boot can
 * then be put right. Owns the steps of this run.
 */
import type { Client } from "@pinion/wamp/client";
import type { Clock, Log, Timers } from "../drivers/driver.ts";
import type { ClockReport, ClockStep } from "./health.ts";
import type { Naming } from "./naming.ts";

export interface ClockWatchContext {
  readonly client: Pick<Client, "publish" | "session">;
  readonly naming: Naming;
  readonly boot: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly isSynced: () => boolean;
}

const EVERY = 1_000;
/** ms; what a time service does by itself is far less in a second. */
const STEP = 250;
/** Steps that are remembered; a clock that is set more often is no clock. */
const MOST_STEPS = 64;

export class ClockWatch {
  readonly #context: ClockWatchContext;
  #offset: number;
  #steps: ClockStep[] = [];
  #untold: ClockStep[] = [];
  #cancel: () => void = () => undefined;

  constructor(context: ClockWatchContext) {
    this.#context = context;
    this.#offset = this.#now();
  }

  start(): void {
    this.#cancel = this.#context.timers.after(EVERY, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#cancel();
  }

  /** There is a session. */
  ready(): void {
    const steps = this.#untold;
    this.#untold = [];
    for (const step of steps) this.#tell(step);
  }

  report(): ClockReport {
    return { synced: this.#context.isSynced(), steps: this.#steps };
  }

  #now(): number {
    const { clock } = this.#context;
    return clock.wall() - clock.mono();
  }

  #look(): void {
    const { clock, log } = this.#context;
    const now = this.#now();
    const offset = Math.round(now - this.#offset);
    if (Math.abs(offset) < STEP) {
      this.#offset = now; // slewed: not a step, and not to add up to one
      return;
    }
    this.#offset = now;
    const step = { offset, mono: clock.mono(), t: clock.wall() };
    this.#steps = [...this.#steps.slice(1 - MOST_STEPS), step];
    log.warn(`the clock was set by ${String(offset)} ms: readings of this boot before it carry the old time`);
    this.#tell(step);
  }

  #tell(step: ClockStep): void {
    const { client, naming, boot, isSynced } = this.#context;
    const later = (): void => {
      this.#untold = [...this.#untold.slice(1 - MOST_STEPS), step];
    };
    if (client.session === undefined) {
      later();
      return;
    }
    const kwargs = { ...step, device: naming.id, boot, synced: isSynced() };
    client.publish(naming.own("clock"), [step.offset], kwargs, { acknowledge: true }).catch(later);
  }
}
