/**
 * A question that the router itself puts to whoever offers a procedure: a call without a calling session. It is dispatched,
 * timed and failed by the dealer like every other call; only its answer comes back here instead of going to a peer.
 */
import type { Dict, ErrorMessage, Result, Uri } from "@pinion/wamp";
import type { Millis } from "./deadlines.ts";
import { NO_DETAILS, type Delivery } from "./delivery.ts";
import type { EndedCalls } from "./ended-calls.ts";
import { IdTable } from "./id-table.ts";
import type { Invocation } from "./invocation.ts";
import type { PeerFeatures } from "./peer-features.ts";

export interface Question<P> {
  readonly procedure: Uri;
  readonly args: readonly unknown[];
  readonly kwargs?: Dict | undefined;
  /** Milliseconds until it counts as unanswered (`wamp.error.timeout`); 0: never. */
  readonly timeout: Millis;
  /** Told exactly once, with a final RESULT or an ERROR, unless the question is withdrawn; perhaps at once. */
  readonly onAnswer: (answer: Answer, out: Delivery<P>[]) => void;
}

export type Answer = Result | ErrorMessage;

/** Where a call comes from: a session, or the router itself, which is no peer and is answered by a function. */
export interface Caller<P> {
  readonly realm: Uri;
  readonly alone: readonly P[];
  readonly calls: IdTable<Invocation<P>>;
  readonly asCaller: Dict;
  /** Absent: none. */
  readonly features?: PeerFeatures | undefined;
  endedCalls: EndedCalls | undefined;
  /** Takes the answers instead of a peer. */
  readonly onAnswer?: ((answer: Answer, out: Delivery<P>[]) => void) | undefined;
}

/** The router as the caller of one question. */
export function inquirer<P>(realm: Uri, { onAnswer }: Question<P>): Caller<P> {
  return { realm, alone: [], calls: new IdTable(), asCaller: NO_DETAILS, endedCalls: undefined, onAnswer };
}
