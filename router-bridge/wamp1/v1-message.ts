/** Messages of WAMP v1, JSON text each. What a client says is checked to the last element; application values stay raw. */
import { depthOf, piecesOf } from "./json-pieces.ts";

/** Server and client each take their own part of a point that v1 left open. */
export type Flavour = "autobahn" | "clj-wamp";

export type ClientMessage =
  | { readonly type: "PREFIX"; readonly prefix: string; readonly uri: string }
  | {
      readonly type: "CALL";
      readonly callId: string;
      readonly procedure: string;
      /** Raw JSON each. */
      readonly args: readonly string[];
    }
  | { readonly type: "SUBSCRIBE"; readonly topic: string }
  | { readonly type: "UNSUBSCRIBE"; readonly topic: string }
  | {
      readonly type: "PUBLISH";
      readonly topic: string;
      /** Raw JSON. */
      readonly event: string;
      readonly excludeMe: boolean | undefined;
      /** Session ids. */
      readonly exclude: readonly string[] | undefined;
      readonly eligible: readonly string[] | undefined;
    };

/** Something that is no message of a client; v1 has no answer to it. */
export interface Fault {
  readonly type: "FAULT";
  readonly words: string;
}

export interface MessageLimits {
  /** Lists and dicts in each other, the message itself included. */
  readonly depth: number;
  /** Characters of a URI, CURIE or prefix. */
  readonly uriLength: number;
}

const CALL_ID_LENGTH = 256;
const SESSION_ID_LENGTH = 64;
const SESSIONS_LISTED = 10_000;

/** Never throws. */
export function parseClientMessage(text: string, limits: MessageLimits): ClientMessage | Fault {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    return fault("no JSON");
  }
  if (!Array.isArray(values)) return fault("no JSON list");
  if (depthOf(text) > limits.depth) return fault("nested too deeply");
  const elements: readonly unknown[] = values;
  const isName = (value: unknown): value is string =>
    typeof value === "string" && value.length > 0 && value.length <= limits.uriLength && value.isWellFormed();
  switch (elements[0]) {
    case 1:
      return prefixFrom(elements, isName);
    case 2:
      return callFrom(text, elements, isName);
    case 5:
    case 6: {
      const type = elements[0] === 5 ? "SUBSCRIBE" : "UNSUBSCRIBE";
      const [, topic] = elements;
      return elements.length === 2 && isName(topic) ? { type, topic } : fault(`${type} is not [n, topic]`);
    }
    case 7:
      return publishFrom(text, elements, isName);
    default:
      return fault("no type of a client's message");
  }
}

type IsName = (value: unknown) => value is string;

function prefixFrom(elements: readonly unknown[], isName: IsName): ClientMessage | Fault {
  const [, prefix, uri] = elements;
  if (elements.length !== 3 || !isName(prefix) || !isName(uri)) return fault("PREFIX is not [1, prefix, uri]");
  return { type: "PREFIX", prefix, uri };
}

function callFrom(text: string, elements: readonly unknown[], isName: IsName): ClientMessage | Fault {
  const [, callId, procedure] = elements;
  if (typeof callId !== "string" || callId.length > CALL_ID_LENGTH || !isName(procedure)) {
    return fault("CALL is not [2, callId, procedure, ...]");
  }
  return { type: "CALL", callId, procedure, args: piecesOf(text).slice(3) };
}

function publishFrom(text: string, elements: readonly unknown[], isName: IsName): ClientMessage | Fault {
  const [, topic, , excluded, eligible] = elements;
  const event = piecesOf(text)[2];
  if (elements.length > 5 || !isName(topic) || event === undefined)
    return fault("PUBLISH is not [7, topic, event, ...]");
  const isExcluded = isAbsent(excluded) || typeof excluded === "boolean" || isSessionList(excluded);
  if (!isExcluded || !(isAbsent(eligible) || isSessionList(eligible))) {
    return fault("PUBLISH names its receivers neither by a boolean nor by lists of session ids");
  }
  return {
    type: "PUBLISH",
    topic,
    event,
    excludeMe: typeof excluded === "boolean" ? excluded : undefined,
    exclude: isSessionList(excluded) ? excluded : undefined,
    eligible: isSessionList(eligible) ? eligible : undefined,
  };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isSessionList(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length > SESSIONS_LISTED) return false;
  return value.every((id) => typeof id === "string" && id.length <= SESSION_ID_LENGTH);
}

function fault(words: string): Fault {
  return { type: "FAULT", words };
}

/** What a server says. `result`, `event` and `details` are raw JSON. */
export const v1 = {
  welcome: (sessionId: string, ident: string): string => JSON.stringify([0, sessionId, 1, ident]),
  callResult: (callId: string, result: string): string => `[3,${JSON.stringify(callId)},${result}]`,
  callError: (callId: string, { uri, description, details }: CallFailure): string => {
    const head = [callId, uri, description].map((one) => JSON.stringify(one)).join(",");
    return details === undefined ? `[4,${head}]` : `[4,${head},${details}]`;
  },
  event: (topic: string, event: string): string => `[8,${JSON.stringify(topic)},${event}]`,
} as const;

export interface CallFailure {
  readonly uri: string;
  readonly description: string;
  /** Raw JSON, not null. */
  readonly details?: string | undefined;
}
