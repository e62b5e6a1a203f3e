/**
 * One restoration: everything declared is asked for in the order of declaration, and `done` is called once when the
 * router has answered all of it. A procedure that is taken delays that, because it is mostly the ghost of this client's
 * own last session; but not beyond `patience`, because it may also be somebody else's for good. Any other refusal does
 * not delay it: it is reported and retried. Owns what is still open; knows no handlers.
 */
import { after } from "./alarm.ts";
import type { Timers } from "./client-options.ts";
import type { ClientSession } from "./client-session.ts";
import type { Declaration } from "./declaration.ts";

export class Restoring {
  readonly #open = new Set<Declaration>();
  readonly #done: () => void;
  readonly #cancelPatience: () => void;
  #patient = true;
  #asking = true;
  #over = false;

  constructor(timers: Timers, patience: number, done: () => void) {
    this.#done = done;
    this.#cancelPatience = after(timers, patience, () => this.#losePatience());
  }

  start(session: ClientSession, declarations: Iterable<Declaration>): void {
    for (const declaration of declarations) {
      if (this.#over) return;
      this.add(session, declaration);
    }
    this.#asking = false;
    this.#check();
  }

  /** Asks for one more, declared meanwhile. */
  add(session: ClientSession, declaration: Declaration): void {
    this.#open.add(declaration);
    declaration.ask(session);
  }

  /** `declaration` is held, failed or dropped. */
  settled(declaration: Declaration): void {
    const waitFor = declaration.phase === "failed" && declaration.taken && this.#patient;
    if (!waitFor) this.#open.delete(declaration);
    this.#check();
  }

  /** The session ended before. */
  cancel(): void {
    this.#over = true;
    this.#cancelPatience();
  }

  #losePatience(): void {
    this.#patient = false;
    for (const declaration of this.#open) {
      if (declaration.phase === "failed") this.#open.delete(declaration);
    }
    this.#check();
  }

  #check(): void {
    if (this.#over || this.#asking || this.#open.size > 0) return;
    this.cancel();
    this.#done();
  }
}
