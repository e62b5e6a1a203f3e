/**
 * Notices when the wall clock is set, by the monotonic one, and tells it until the router has it: what was read before, in this run and in
 * those before it, can then be put right.
 */
import type { Client } from "@pinion/wamp/client";
import type { Clock, Log, Timers } from "../drivers/driver.ts";
import type { ClockReport } from "./health.ts";
import {
  LEAST_STEP,
  MOST_STEPS,
  wallOffset,
  type BootClocks,
  type BootStep,
  type ClockStep,
} from "./journal/boot-clocks.ts";
import type { Naming } from "./naming.ts";

export interface ClockWatchContext {
  readonly client: Pick<Client, "publish" | "session">;
  readonly naming: Naming;
  readonly boot: string;
  readonly clock: Clock;
  readonly clocks: BootClocks;
  readonly timers: Timers;
  readonly log: Log;
  readonly isSynced: () => boolean;
  readonly onStep: (step: ClockStep) => void;
  /** What is known of the clocks is to be kept. */
  readonly onChange: () => void;
}

const EVERY = 1_000;

export class ClockWatch {
  readonly #context: ClockWatchContext;
  #offset: number;
  #count = 0;
  #telling = false;
  #cancel: () => void = () => undefined;

  constructor(context: ClockWatchContext) {
    this.#context = context;
    this.#offset = wallOffset(context.clock);
  }

  start(): void {
    this.#cancel = this.#context.timers.after(EVERY, () => {
      this.#look();
      void this.#tell();
      this.start();
    });
  }

  stop(): void {
    this.#cancel();
  }

  report(): ClockReport {
    const { clocks, boot, isSynced } = this.#context;
    return { synced: isSynced(), steps: clocks.stepsOf(boot) };
  }

  #look(): void {
    const { clock, log, clocks, onStep, onChange } = this.#context;
    const now = wallOffset(clock);
    const offset = Math.round(now - this.#offset);
    this.#offset = now;
    if (Math.abs(offset) < LEAST_STEP) return; // slewed: not a step, and not to add up to one
    const step = clocks.stepped(offset);
    this.#count += 1;
    log.warn(`the clock was set by ${String(offset)} ms: readings of this boot before it carry the old time`);
    // a clock that is set every second would drown what is read; it is told of all the same
    if (this.#count <= MOST_STEPS) onStep(step);
    onChange();
  }

  /** Those of earlier boots too. One at a time, ended by the first that is not taken. */
  async #tell(): Promise<void> {
    if (this.#telling || this.#context.client.session === undefined) return;
    this.#telling = true;
    try {
      for (const step of this.#context.clocks.untold()) {
        await this.#publish(step);
        this.#context.clocks.told(step);
        this.#context.onChange();
      }
    } catch {
      // tried again in a second
    } finally {
      this.#telling = false;
    }
  }

  async #publish(step: BootStep): Promise<void> {
    const { client, naming, isSynced } = this.#context;
    const kwargs = { ...step, device: naming.id, synced: isSynced() };
    await client.publish(naming.own("clock"), [step.offset], kwargs, { acknowledge: true });
  }
}
