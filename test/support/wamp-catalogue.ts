/**
 * Every message of WAMP as its specification has it, written down apart from the product's own table: elements in order with
 * a value that is right for each, and the keys that the specification predefines in Options and Details. The hostile
 * matrices are made from this table and from nothing else, so that no message, element or key is forgotten.
 */
export type FieldKind = "id" | "request-type" | "uri" | "pattern" | "string" | "dict";
export type KeyKind =
  | "bool"
  | "count"
  | "string"
  | "uri"
  | "id"
  | "ids"
  | "strings"
  | "dict"
  | "match"
  | "invoke"
  | "mode"
  | "roles";

export interface CatalogueEntry {
  readonly type: string;
  readonly code: number;
  readonly from: "client" | "router" | "both";
  readonly fields: readonly (readonly [name: string, kind: FieldKind, right: unknown])[];
  readonly payload: boolean;
  /** A request of a client that takes the next id. */
  readonly request: boolean;
  readonly keys: Readonly<Record<string, KeyKind>>;
}

const CLIENT_ROLES = { roles: { publisher: {}, subscriber: {}, caller: {}, callee: {} } };
const ROUTER_ROLES = { roles: { broker: {}, dealer: {} } };
const PASSTHRU = { ppt_scheme: "string", ppt_serializer: "string", ppt_cipher: "string", ppt_keyid: "string" } as const;
const NO_KEYS = {};

const plain = { payload: false, request: false } as const;
const carrying = { payload: true, request: false } as const;
const asking = { payload: false, request: true } as const;
const askingWith = { payload: true, request: true } as const;

const request = (id = 1) => ["request", "id", id] as const;
const dict = (name: string, right: unknown = {}) => [name, "dict", right] as const;

export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    type: "HELLO",
    code: 1,
    from: "client",
    fields: [["realm", "uri", "realm1"], dict("details", CLIENT_ROLES)],
    ...plain,
    keys: { roles: "roles", agent: "string", authmethods: "strings", authid: "string", authextra: "dict" },
  },
  {
    type: "WELCOME",
    code: 2,
    from: "router",
    fields: [["session", "id", 4711], dict("details", ROUTER_ROLES)],
    ...plain,
    keys: {
      roles: "roles",
      agent: "string",
      realm: "uri",
      authid: "string",
      authrole: "string",
      authmethod: "string",
      authprovider: "string",
      authextra: "dict",
    },
  },
  {
    type: "ABORT",
    code: 3,
    from: "both",
    fields: [dict("details"), ["reason", "uri", "wamp.error.canceled"]],
    ...carrying,
    keys: { message: "string" },
  },
  {
    type: "CHALLENGE",
    code: 4,
    from: "router",
    fields: [["method", "string", "ticket"], dict("extra")],
    ...plain,
    keys: NO_KEYS,
  },
  {
    type: "AUTHENTICATE",
    code: 5,
    from: "client",
    fields: [["signature", "string", "secret"], dict("extra")],
    ...plain,
    keys: NO_KEYS,
  },
  {
    type: "GOODBYE",
    code: 6,
    from: "both",
    fields: [dict("details"), ["reason", "uri", "wamp.close.normal"]],
    ...plain,
    keys: { message: "string" },
  },
  {
    type: "ERROR",
    code: 8,
    from: "both",
    fields: [["requestType", "request-type", 68], request(), dict("details"), ["error", "uri", "com.own.error"]],
    ...carrying,
    keys: PASSTHRU,
  },
  {
    type: "PUBLISH",
    code: 16,
    from: "client",
    fields: [request(), dict("options"), ["topic", "uri", "hostile.topic"]],
    ...askingWith,
    keys: {
      acknowledge: "bool",
      exclude_me: "bool",
      disclose_me: "bool",
      retain: "bool",
      exclude: "ids",
      eligible: "ids",
      exclude_authid: "strings",
      exclude_authrole: "strings",
      eligible_authid: "strings",
      eligible_authrole: "strings",
      rkey: "string",
      ...PASSTHRU,
    },
  },
  {
    type: "PUBLISHED",
    code: 17,
    from: "router",
    fields: [request(), ["publication", "id", 99]],
    ...plain,
    keys: NO_KEYS,
  },
  {
    type: "SUBSCRIBE",
    code: 32,
    from: "client",
    fields: [request(), dict("options"), ["topic", "pattern", "hostile.topic"]],
    ...asking,
    keys: { match: "match", get_retained: "bool", nkey: "string" },
  },
  {
    type: "SUBSCRIBED",
    code: 33,
    from: "router",
    fields: [request(), ["subscription", "id", 98]],
    ...plain,
    keys: NO_KEYS,
  },
  {
    type: "UNSUBSCRIBE",
    code: 34,
    from: "client",
    fields: [request(), ["subscription", "id", 77]],
    ...asking,
    keys: NO_KEYS,
  },
  { type: "UNSUBSCRIBED", code: 35, from: "router", fields: [request()], ...plain, keys: NO_KEYS },
  {
    type: "EVENT",
    code: 36,
    from: "router",
    fields: [["subscription", "id", 5], ["publication", "id", 6], dict("details")],
    ...carrying,
    keys: {
      topic: "uri",
      publisher: "id",
      publisher_authid: "string",
      publisher_authrole: "string",
      trustlevel: "count",
      retained: "bool",
      ...PASSTHRU,
    },
  },
  {
    type: "CALL",
    code: 48,
    from: "client",
    fields: [request(), dict("options"), ["procedure", "uri", "hostile.nothing"]],
    ...askingWith,
    keys: {
      receive_progress: "bool",
      progress: "bool",
      timeout: "count",
      disclose_me: "bool",
      runmode: "string",
      rkey: "string",
      ...PASSTHRU,
    },
  },
  { type: "CANCEL", code: 49, from: "client", fields: [request(), dict("options")], ...plain, keys: { mode: "mode" } },
  {
    type: "RESULT",
    code: 50,
    from: "router",
    fields: [request(), dict("details")],
    ...carrying,
    keys: { progress: "bool", ...PASSTHRU },
  },
  {
    type: "REGISTER",
    code: 64,
    from: "client",
    fields: [request(), dict("options"), ["procedure", "pattern", "hostile.procedure"]],
    ...asking,
    keys: {
      match: "match",
      invoke: "invoke",
      disclose_caller: "bool",
      forward_timeout: "bool",
      force_reregister: "bool",
      concurrency: "count",
    },
  },
  {
    type: "REGISTERED",
    code: 65,
    from: "router",
    fields: [request(), ["registration", "id", 97]],
    ...plain,
    keys: NO_KEYS,
  },
  {
    type: "UNREGISTER",
    code: 66,
    from: "client",
    fields: [request(), ["registration", "id", 77]],
    ...asking,
    keys: NO_KEYS,
  },
  { type: "UNREGISTERED", code: 67, from: "router", fields: [request()], ...plain, keys: NO_KEYS },
  {
    type: "INVOCATION",
    code: 68,
    from: "router",
    fields: [request(), ["registration", "id", 5], dict("details")],
    ...carrying,
    keys: {
      procedure: "uri",
      caller: "id",
      caller_authid: "string",
      caller_authrole: "string",
      receive_progress: "bool",
      progress: "bool",
      timeout: "count",
      trustlevel: "count",
      ...PASSTHRU,
    },
  },
  {
    type: "INTERRUPT",
    code: 69,
    from: "router",
    fields: [request(), dict("options")],
    ...plain,
    keys: { mode: "mode" },
  },
  {
    type: "YIELD",
    code: 70,
    from: "client",
    fields: [request(), dict("options")],
    ...carrying,
    keys: { progress: "bool", ...PASSTHRU },
  },
];

/** Codes that are no message. */
export const NO_MESSAGE = [0, 7, 9, 15, 18, 31, 37, 47, 51, 63, 71, 100, 255, 256, 337, 1023, 1024, 2 ** 31, 2 ** 32];

/** The right message, with a request id in place of its own where it is a request or answers one. */
export function rightMessage(entry: CatalogueEntry, requestId: number): unknown[] {
  return [entry.code, ...entry.fields.map(([name, , right]) => (name === "request" ? requestId : right))];
}

/** What routers send; an ERROR of a router answers a request of a client. */
export function fromRouters(): readonly CatalogueEntry[] {
  return CATALOGUE.filter(({ from }) => from !== "client").map((entry) => {
    if (entry.type !== "ERROR") return { ...entry, from: "router" };
    const [, ...rest] = entry.fields;
    return { ...entry, from: "router", fields: [["requestType", "request-type", 48], ...rest] };
  });
}

export function entryOf(type: string): CatalogueEntry {
  const entry = CATALOGUE.find((one) => one.type === type);
  if (!entry) throw new RangeError(`no message ${type}`);
  return entry;
}
