/**
 * Outputs of which only one may be on at a time, whichever drivers they belong to. Owns which one is, or may be, on, and which
 * have not been seen since they were taken up: a claim is made before a line is driven and given up only once it is known to be
 * off. Lives as long as the process, so that a driver that is opened anew changes nothing for the others.
 */
import { DriverError } from "./driver-error.ts";

export class Interlock {
  readonly #group: string;
  #on: string | undefined;
  readonly #unseen = new Set<string>();

  constructor(group: string) {
    this.#group = group;
  }

  /** The output is taken up, and nothing is known of it yet: until it is, no other may be switched on. */
  unseen(output: string): void {
    if (this.#on !== output) this.#unseen.add(output);
  }

  /** Before it is switched on. @throws DriverError `interlocked` while another one is, or may be, on. */
  claim(output: string): void {
    const unseen = [...this.#unseen].find((one) => one !== output);
    if (this.#on === undefined && unseen !== undefined) {
      throw new DriverError(
        "interlocked",
        `${output} may not be switched on while ${unseen} is not known to be off (interlock ${this.#group})`,
        { cure: `See to it that ${unseen} works again; health says why it does not.` },
      );
    }
    this.adopt(output);
  }

  /** It is found on, or its safe level is on. @throws DriverError `interlocked` while another one has the claim. */
  adopt(output: string): void {
    if (this.#on !== undefined && this.#on !== output) {
      throw new DriverError(
        "interlocked",
        `${output} may not be on together with ${this.#on} (interlock ${this.#group})`,
        { cure: `Switch ${this.#on} off first.` },
      );
    }
    this.#on = output;
    this.#unseen.delete(output);
  }

  /** It is known to be off. */
  release(output: string): void {
    if (this.#on === output) this.#on = undefined;
    this.#unseen.delete(output);
  }
}

/** All groups of one board. */
export class Interlocks {
  readonly #groups = new Map<string, Interlock>();

  of(group: string): Interlock {
    const known = this.#groups.get(group) ?? new Interlock(group);
    this.#groups.set(group, known);
    return known;
  }
}
