/**
 * On and off by turns, by the driver's own timers: blinking and software PWM. Owns the schedule, kept against the monotonic
 * clock so that late timers do not add up; what on and off mean is its owner's affair. A step is over before the next.
 */
import type { Level } from "../board.ts";
import type { Clock, Timers } from "../driver.ts";

export interface TrainShape {
  /** ms */
  readonly on: number;
  /** ms */
  readonly off: number;
  /** How often on; left out: until it is stopped. */
  readonly count?: number;
}

export interface TrainOwner {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Answers whether it was done; with false the train is over. */
  step(level: Level): Promise<boolean>;
  /** After the last step. */
  ended(): void;
}

export class PulseTrain {
  readonly shape: TrainShape;
  readonly #owner: TrainOwner;
  #cancel: (() => void) | undefined;
  #start = 0;
  #stopped = false;

  constructor(shape: TrainShape, owner: TrainOwner) {
    this.shape = shape;
    this.#owner = owner;
  }

  /** The line has just been switched on. */
  start(): void {
    this.#start = this.#owner.clock.mono();
    this.#plan(1, 0);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** `edge` counts from the first one on, which is 0: odd ones are off. */
  #plan(edge: number, behind: number): void {
    const { on, off, count } = this.shape;
    const { clock, timers } = this.#owner;
    const turn = Math.floor(edge / 2);
    const due = this.#start + behind + turn * (on + off) + (edge % 2 === 1 ? on : 0);
    const wait = due - clock.mono();
    // Turns that a busy machine has missed are not made up for.
    const late = wait < -(on + off) ? -wait : 0;
    this.#cancel = timers.after(Math.max(0, wait), () => void this.#turn(edge, behind + late, count));
  }

  async #turn(edge: number, behind: number, count: number | undefined): Promise<void> {
    const done = await this.#owner.step(edge % 2 === 1 ? 0 : 1);
    if (this.#stopped) return;
    if (!done || (count !== undefined && edge >= count * 2 - 1)) this.#owner.ended();
    else this.#plan(edge + 1, behind);
  }
}
