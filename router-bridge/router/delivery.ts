/**
 * What the router hands back for every input: messages for peers, and peers to be closed after what was addressed to them
 * before. The outer room works through a list in order; per peer that order is the order on the wire.
 */
import { payloadOf, type ErrorMessage, type Message, type RequestId, type Uri } from "@pinion/wamp";

/** `P` is the outer room's own object for a connection; the router never looks into it. */
export type Delivery<P> =
  | {
      /** One list may serve many deliveries and must not be changed: a message is encoded once for all of it. */
      readonly to: readonly P[];
      readonly message: Message;
    }
  | {
      /** Send what is queued, then end this connection. Nothing is addressed to this peer afterwards. */
      readonly close: P;
      /** For the log: a URI, and words after it where there are any. */
      readonly reason: string;
    };

/** Codes of the requests that an ERROR can answer (spec "ERROR"). */
export const RequestCode = {
  publish: 16,
  subscribe: 32,
  unsubscribe: 34,
  call: 48,
  register: 64,
  unregister: 66,
  invocation: 68,
  /** Only for an answer that its caller cannot read (spec "Payload Passthru Mode"). */
  yield: 70,
} as const;

/** Which request an ERROR answers. */
export interface Asked {
  readonly code: number;
  readonly request: RequestId;
}

/** The ERROR that answers a request; `words` become its first argument. */
export function errorMessage(asked: Asked, error: Uri, words: string): ErrorMessage {
  return {
    type: "ERROR",
    requestType: asked.code,
    request: asked.request,
    details: NO_DETAILS,
    error,
    payload: payloadOf([words]),
  };
}

/** Shared by every message without details. */
export const NO_DETAILS: Readonly<Record<string, never>> = Object.freeze({});
