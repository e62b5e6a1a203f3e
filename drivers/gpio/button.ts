/**
 * What a finger does with a button, out of its debounced levels: press, hold, double. Owns the timers of one button; knows
 * no line. A press is told once it can be nothing else: at its end, or after the time for a second one.
 */
import type { Level } from "../board.ts";
import type { Timers } from "../driver.ts";

export type ButtonEvent = "press" | "hold" | "double";

export interface ButtonTimes {
  /** ms down until it is a hold; 0: there are none. */
  readonly hold: number;
  /** ms from the first release to the second press; 0: there are no double presses. */
  readonly double: number;
}

export class Button {
  readonly #times: ButtonTimes;
  readonly #timers: Timers;
  readonly #tell: (event: ButtonEvent, t: number) => void;
  #cancel: (() => void) | undefined;
  /** down: pressed. spent: pressed, and told already. waiting: released, and a second press would be a double one. */
  #state: "up" | "down" | "spent" | "waiting" = "up";
  #pressed = 0;

  constructor(times: ButtonTimes, timers: Timers, tell: (event: ButtonEvent, t: number) => void) {
    this.#times = times;
    this.#timers = timers;
    this.#tell = tell;
  }

  /** `t` is when it happened, wall clock. */
  level(level: Level, t: number): void {
    if (level === 1) this.#down(t);
    else this.#up();
  }

  /** The line is lost or closed: what was begun is forgotten. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#state = "up";
  }

  #down(t: number): void {
    const second = this.#state === "waiting";
    if (this.#state === "down" || this.#state === "spent") return;
    this.stop();
    if (second) {
      this.#state = "spent";
      this.#tell("double", t);
      return;
    }
    this.#state = "down";
    this.#pressed = t;
    const { hold } = this.#times;
    if (hold === 0) return;
    this.#cancel = this.#timers.after(hold, () => {
      this.#state = "spent";
      this.#tell("hold", t + hold);
    });
  }

  #up(): void {
    const was = this.#state;
    if (was === "waiting") return;
    this.stop();
    if (was !== "down") return;
    const pressed = this.#pressed;
    if (this.#times.double === 0) return this.#tell("press", pressed);
    this.#state = "waiting";
    this.#cancel = this.#timers.after(this.#times.double, () => {
      this.stop();
      this.#tell("press", pressed);
    });
  }
}
