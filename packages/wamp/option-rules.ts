/*
 * The keys that WAMP predefines in Options, Details and Extra, and what their values must be (spec "Options" and "Details"
 * of each message). Unknown keys are kept and never looked at. A predefined key whose value is null counts as absent: some
 * client libraries write their unset options so.
 */
import { isId } from "./id.ts";
import type { Dict, MessageType } from "./message.ts";
import { isUri } from "./uri.ts";

/** A check and the words that say what it wants. */
interface Rule {
  readonly wants: string;
  readonly holds: (value: unknown) => boolean;
}

type Rules = Readonly<Record<string, Rule>>;

/** True for what a serializer hands over as a dict. */
export function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

const isString = (value: unknown): boolean => typeof value === "string";
const isCount = (value: unknown): boolean => typeof value === "number" && Number.isInteger(value) && value >= 0;
const listOf = (holds: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every((item) => holds(item));

const bool: Rule = { wants: "a boolean", holds: (value) => typeof value === "boolean" };
const string: Rule = { wants: "a string", holds: isString };
const count: Rule = { wants: "a non-negative integer", holds: isCount };
const id: Rule = { wants: "an id (integer 1 to 2^53)", holds: isId };
const uri: Rule = { wants: "a URI", holds: (value) => typeof value === "string" && isUri(value) };
const dict: Rule = { wants: "a dict", holds: isDict };
const ids: Rule = { wants: "a list of ids", holds: listOf(isId) };
const strings: Rule = { wants: "a list of strings", holds: listOf(isString) };

function oneOf(...words: readonly string[]): Rule {
  return { wants: `one of ${words.join(", ")}`, holds: (value) => typeof value === "string" && words.includes(value) };
}

function roles(...names: readonly string[]): Rule {
  const holds = (value: unknown): boolean => {
    if (!isDict(value)) return false;
    const announced = names.filter((name) => Object.hasOwn(value, name));
    return announced.length > 0 && announced.every((name) => isRole(value[name]));
  };
  return { wants: `a dict with at least one of ${names.join(", ")}, each a dict`, holds };
}

function isRole(role: unknown): boolean {
  if (!isDict(role)) return false;
  const { features } = role;
  return features === undefined || features === null || isDict(features);
}

const match = oneOf("exact", "prefix", "wildcard");
const mode = oneOf("skip", "kill", "killnowait");
const closing: Rules = { message: string };
const passthru: Rules = { ppt_scheme: string, ppt_serializer: string, ppt_cipher: string, ppt_keyid: string };
const identity: Rules = { authid: string, authrole: string, authmethod: string, authprovider: string, authextra: dict };

const RULES: { readonly [Type in MessageType]?: Rules } = {
  HELLO: {
    roles: roles("publisher", "subscriber", "caller", "callee"),
    agent: string,
    authmethods: strings,
    authid: string,
    authextra: dict,
  },
  WELCOME: { roles: roles("broker", "dealer"), agent: string, realm: uri, ...identity },
  ABORT: closing,
  GOODBYE: closing,
  ERROR: passthru,
  PUBLISH: {
    acknowledge: bool,
    exclude_me: bool,
    disclose_me: bool,
    retain: bool,
    exclude: ids,
    eligible: ids,
    exclude_authid: strings,
    exclude_authrole: strings,
    eligible_authid: strings,
    eligible_authrole: strings,
    rkey: string,
    ...passthru,
  },
  SUBSCRIBE: { match, get_retained: bool, nkey: string },
  UNSUBSCRIBED: { subscription: id, reason: string },
  EVENT: {
    topic: uri,
    publisher: id,
    publisher_authid: string,
    publisher_authrole: string,
    trustlevel: count,
    retained: bool,
    ...passthru,
  },
  CALL: {
    receive_progress: bool,
    progress: bool,
    timeout: count,
    disclose_me: bool,
    runmode: string,
    rkey: string,
    ...passthru,
  },
  CANCEL: { mode },
  RESULT: { progress: bool, ...passthru },
  REGISTER: {
    match,
    invoke: oneOf("single", "roundrobin", "random", "first", "last"),
    disclose_caller: bool,
    forward_timeout: bool,
    force_reregister: bool,
    concurrency: count,
  },
  UNREGISTERED: { registration: id, reason: string },
  INVOCATION: {
    procedure: uri,
    caller: id,
    caller_authid: string,
    caller_authrole: string,
    receive_progress: bool,
    progress: bool,
    timeout: count,
    trustlevel: count,
    ...passthru,
  },
  INTERRUPT: { mode },
  YIELD: { progress: bool, ...passthru },
};

const MANDATORY: { readonly [Type in MessageType]?: string } = { HELLO: "roles", WELCOME: "roles" };

/** What is wrong with the dict of a message: the key, what it holds wrongly and what it wants; or undefined. */
export function faultIn(type: MessageType, received: Dict): string | undefined {
  const rules = RULES[type];
  if (rules === undefined) return undefined;
  const mandatory = MANDATORY[type];
  if (mandatory !== undefined && (received[mandatory] ?? null) === null) return `${mandatory} is missing`;
  for (const key of Object.keys(received)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    const value = received[key];
    if (rule === undefined || value === null || rule.holds(value)) continue;
    return `${key} must be ${rule.wants}`;
  }
  return undefined;
}

/** The same dict without predefined keys that hold null; the very same object if there are none. */
export function withoutNulls(type: MessageType, received: Dict): Dict {
  const rules = RULES[type];
  if (rules === undefined) return received;
  const isUnset = (key: string): boolean => received[key] === null && Object.hasOwn(rules, key);
  if (!Object.keys(received).some(isUnset)) return received;
  return Object.fromEntries(Object.entries(received).filter(([key]) => !isUnset(key)));
}
