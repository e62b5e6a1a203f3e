/*
 * Every message of WAMP v2 as data: its code, who may send it, its elements in wire order. parse.ts and marshal.ts read
 * and write by this table and by nothing else, so a message cannot be read one way and written another.
 */
import type { Message, MessageType } from "./message.ts";

/** The two ends of a session. */
export type Peer = "client" | "router";

/**
 * What an element must be. `request-or-zero`: an id, or 0 in a revocation, which then carries one more dict. `pattern`: a
 * URI under the match policy that the message's own options ask for.
 */
export type ElementKind = "id" | "request-or-zero" | "request-type" | "uri" | "pattern" | "string" | "dict";

type FieldOf<Type extends MessageType> = Type extends MessageType
  ? Exclude<keyof Extract<Message, { type: Type }>, "type" | "payload">
  : never;

export interface Shape {
  readonly type: MessageType;
  readonly code: number;
  /** Who may send it. */
  readonly from: Peer | "both";
  /** Elements after the code and before Args, in wire order. */
  readonly elements: readonly (readonly [field: string, kind: ElementKind])[];
  /** Whether Args and KwArgs may follow. */
  readonly payload: boolean;
  /** Whether the peer expects an answer, so that an invalid URI is answered with ERROR and not with ABORT. */
  readonly request: boolean;
}

/* Keeps the field names of the table to those of the message types. */
interface ShapeOf<Type extends MessageType> extends Shape {
  readonly type: Type;
  readonly elements: readonly (readonly [field: FieldOf<Type>, kind: ElementKind])[];
}

type Table = { readonly [Type in MessageType]: ShapeOf<Type> };

const noPayload = { payload: false, request: false } as const;
const withPayload = { payload: true, request: false } as const;
const requestOnly = { payload: false, request: true } as const;
const requestWithPayload = { payload: true, request: true } as const;

/** The message catalogue (spec "Message Definitions"). */
export const messageTable: Table = {
  HELLO: {
    type: "HELLO",
    code: 1,
    from: "client",
    elements: [
      ["realm", "uri"],
      ["details", "dict"],
    ],
    ...noPayload,
  },
  WELCOME: {
    type: "WELCOME",
    code: 2,
    from: "router",
    elements: [
      ["session", "id"],
      ["details", "dict"],
    ],
    ...noPayload,
  },
  ABORT: {
    type: "ABORT",
    code: 3,
    from: "both",
    elements: [
      ["details", "dict"],
      ["reason", "uri"],
    ],
    ...withPayload,
  },
  CHALLENGE: {
    type: "CHALLENGE",
    code: 4,
    from: "router",
    elements: [
      ["method", "string"],
      ["extra", "dict"],
    ],
    ...noPayload,
  },
  AUTHENTICATE: {
    type: "AUTHENTICATE",
    code: 5,
    from: "client",
    elements: [
      ["signature", "string"],
      ["extra", "dict"],
    ],
    ...noPayload,
  },
  GOODBYE: {
    type: "GOODBYE",
    code: 6,
    from: "both",
    elements: [
      ["details", "dict"],
      ["reason", "uri"],
    ],
    ...noPayload,
  },
  ERROR: {
    type: "ERROR",
    code: 8,
    from: "both",
    elements: [
      ["requestType", "request-type"],
      ["request", "id"],
      ["details", "dict"],
      ["error", "uri"],
    ],
    ...withPayload,
  },
  PUBLISH: {
    type: "PUBLISH",
    code: 16,
    from: "client",
    elements: [
      ["request", "id"],
      ["options", "dict"],
      ["topic", "uri"],
    ],
    ...requestWithPayload,
  },
  PUBLISHED: {
    type: "PUBLISHED",
    code: 17,
    from: "router",
    elements: [
      ["request", "id"],
      ["publication", "id"],
    ],
    ...noPayload,
  },
  SUBSCRIBE: {
    type: "SUBSCRIBE",
    code: 32,
    from: "client",
    elements: [
      ["request", "id"],
      ["options", "dict"],
      ["topic", "pattern"],
    ],
    ...requestOnly,
  },
  SUBSCRIBED: {
    type: "SUBSCRIBED",
    code: 33,
    from: "router",
    elements: [
      ["request", "id"],
      ["subscription", "id"],
    ],
    ...noPayload,
  },
  UNSUBSCRIBE: {
    type: "UNSUBSCRIBE",
    code: 34,
    from: "client",
    elements: [
      ["request", "id"],
      ["subscription", "id"],
    ],
    ...requestOnly,
  },
  UNSUBSCRIBED: {
    type: "UNSUBSCRIBED",
    code: 35,
    from: "router",
    elements: [["request", "request-or-zero"]],
    ...noPayload,
  },
  EVENT: {
    type: "EVENT",
    code: 36,
    from: "router",
    elements: [
      ["subscription", "id"],
      ["publication", "id"],
      ["details", "dict"],
    ],
    ...withPayload,
  },
  CALL: {
    type: "CALL",
    code: 48,
    from: "client",
    elements: [
      ["request", "id"],
      ["options", "dict"],
      ["procedure", "uri"],
    ],
    ...requestWithPayload,
  },
  CANCEL: {
    type: "CANCEL",
    code: 49,
    from: "client",
    elements: [
      ["request", "id"],
      ["options", "dict"],
    ],
    ...noPayload,
  },
  RESULT: {
    type: "RESULT",
    code: 50,
    from: "router",
    elements: [
      ["request", "id"],
      ["details", "dict"],
    ],
    ...withPayload,
  },
  REGISTER: {
    type: "REGISTER",
    code: 64,
    from: "client",
    elements: [
      ["request", "id"],
      ["options", "dict"],
      ["procedure", "pattern"],
    ],
    ...requestOnly,
  },
  REGISTERED: {
    type: "REGISTERED",
    code: 65,
    from: "router",
    elements: [
      ["request", "id"],
      ["registration", "id"],
    ],
    ...noPayload,
  },
  UNREGISTER: {
    type: "UNREGISTER",
    code: 66,
    from: "client",
    elements: [
      ["request", "id"],
      ["registration", "id"],
    ],
    ...requestOnly,
  },
  UNREGISTERED: {
    type: "UNREGISTERED",
    code: 67,
    from: "router",
    elements: [["request", "request-or-zero"]],
    ...noPayload,
  },
  INVOCATION: {
    type: "INVOCATION",
    code: 68,
    from: "router",
    elements: [
      ["request", "id"],
      ["registration", "id"],
      ["details", "dict"],
    ],
    ...withPayload,
  },
  INTERRUPT: {
    type: "INTERRUPT",
    code: 69,
    from: "router",
    elements: [
      ["request", "id"],
      ["options", "dict"],
    ],
    ...noPayload,
  },
  YIELD: {
    type: "YIELD",
    code: 70,
    from: "client",
    elements: [
      ["request", "id"],
      ["options", "dict"],
    ],
    ...withPayload,
  },
};

const byCode: (Shape | undefined)[] = [];
for (const shape of Object.values(messageTable)) byCode[shape.code] = shape;

/** The shape of a message code, or undefined if WAMP has no such message. */
export function shapeByCode(code: number): Shape | undefined {
  return byCode[code];
}

/** Whether that end of a session may send this message at all (its state is another question). */
export function mayBeSentBy(type: MessageType, peer: Peer): boolean {
  const { from } = messageTable[type];
  return from === "both" || from === peer;
}

/*
 * A callee answers an INVOCATION; a router answers requests. CANCEL (49) and YIELD (70) are not requests, but nexus routers
 * send ERROR for them, and a client that aborted on it could not live with one.
 */
const ERROR_ANSWERS: { readonly [Sender in Peer]: ReadonlySet<number> } = {
  client: new Set([messageTable.INVOCATION.code]),
  router: new Set([
    messageTable.PUBLISH.code,
    messageTable.SUBSCRIBE.code,
    messageTable.UNSUBSCRIBE.code,
    messageTable.CALL.code,
    messageTable.REGISTER.code,
    messageTable.UNREGISTER.code,
    messageTable.CANCEL.code,
    messageTable.YIELD.code,
  ]),
};

/** Whether an ERROR of this REQUEST.Type may come from that end of a session. */
export function errorMayAnswer(requestType: number, sender: Peer): boolean {
  return ERROR_ANSWERS[sender].has(requestType);
}
