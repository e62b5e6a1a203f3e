/**
 * Ids of WAMP (spec "IDs"): integers 1 .. 2^53 inclusive, branded by scope so that one cannot stand in for another.
 * Randomness is injected: this room has no entropy of its own.
 */
declare const scope: unique symbol;
type Id<Scope extends string> = number & { readonly [scope]: Scope };

export type SessionId = Id<"session">;
export type PublicationId = Id<"publication">;
export type SubscriptionId = Id<"subscription">;
export type RegistrationId = Id<"registration">;
export type RequestId = Id<"request">;

/** The largest legal id, 2^53. `Number.isSafeInteger` refuses it, so it is not used here. */
export const MAX_ID = 2 ** 53;

/** True for an integer 1 .. 2^53. */
export function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_ID;
}

/** Brands a number as an id. @throws RangeError if it is not an integer 1 .. 2^53. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says of which scope the id is
export function toId<I extends Id<string>>(value: number): I {
  if (!isId(value)) throw new RangeError(`an id is an integer from 1 to 2^53, not ${String(value)}`);
  return value as I; // checked on the line above
}

/** Entropy as a function: a number uniform over [0, 1), as `Math.random`; injected. */
export type Random = () => number;

/** A global-scope id: uniform over [1, 2^53] as far as `random` has bits. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says of which scope the id is
export function randomId<I extends Id<string>>(random: Random): I {
  // a product with a power of two is exact
  return toId<I>(Math.floor(random() * MAX_ID) + 1);
}

/** Session-scope ids: 1, 2, 3 ... 2^53, then 1 again (spec "IDs", session scope). */
export class RequestIds {
  #last = 0;

  next(): RequestId {
    this.#last = this.#last >= MAX_ID ? 1 : this.#last + 1;
    return toId<RequestId>(this.#last);
  }

  /** The id that `next` would give, without consuming it. */
  get expected(): number {
    return this.#last >= MAX_ID ? 1 : this.#last + 1;
  }
}
