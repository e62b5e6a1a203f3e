/**
 * Outputs of which only one may be on at a time. Owns who is, or may be, on: a claim is made before a line is driven and
 * given up only once it is known to be off, so that a line whose state is not known keeps the others off.
 */
import { DriverError } from "../driver-error.ts";

export class Interlock {
  readonly #group: string;
  #on: string | undefined;

  constructor(group: string) {
    this.#group = group;
  }

  /** @throws DriverError `interlocked` while another output of the group has the claim. */
  claim(pin: string): void {
    if (this.#on !== undefined && this.#on !== pin) {
      throw new DriverError(
        "interlocked",
        `${pin} may not be on together with ${this.#on} (interlock ${this.#group})`,
        {
          cure: `Switch ${this.#on} off first.`,
        },
      );
    }
    this.#on = pin;
  }

  release(pin: string): void {
    if (this.#on === pin) this.#on = undefined;
  }
}
