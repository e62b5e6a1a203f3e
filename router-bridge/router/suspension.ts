/**
 * Thrown where a request cannot go on before somebody outside has answered. Whoever throws it has changed nothing yet: the
 * request is worked on again, from the start, when the answer is there (see `holding`).
 */
import type { Delivery } from "./delivery.ts";
import type { HookOutcome } from "./hook-verdict.ts";
import type { Held } from "./holding.ts";

/** Stops asking; nobody wants to know any more. */
export type Withdraw<P> = (out: Delivery<P>[]) => void;

export class Suspension<P> extends Error {
  override readonly name = "Suspension";
  /** Begins to ask. What is learned is written into `held`, then `resume` is called, once, perhaps at once. */
  readonly begin: (held: Held, resume: (out: Delivery<P>[]) => void, out: Delivery<P>[]) => Withdraw<P>;

  /** What a hook has said about the request already. */
  outcome: HookOutcome | undefined;

  constructor(begin: Suspension<P>["begin"]) {
    super("a request waits for an answer from outside");
    this.begin = begin;
  }
}
