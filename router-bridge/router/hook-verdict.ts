/** Reads what a hook gave: a program without types may give anything. */
import { ErrorUri, isUri, payloadOf, type Dict, type Payload, type Uri } from "@pinion/wamp";
import { HOOK_FAILED, type HookName } from "./hooks.ts";

/** What became of a hook: its value, or the words that say why there is none. */
export type HookOutcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly words: string };

export type Judgement =
  | { readonly kind: "allow" }
  | { readonly kind: "rewrite"; readonly changes: Dict }
  | { readonly kind: "deny"; readonly error: Uri; readonly payload: Payload }
  | { readonly kind: "failed"; readonly error: Uri; readonly payload: Payload; readonly words: string };

const ALLOW: Judgement = { kind: "allow" };

export function judgementOf(hook: HookName, outcome: HookOutcome): Judgement {
  if (!outcome.ok) return failed(hook, outcome.words);
  const { value } = outcome;
  if (value === undefined || value === null) return ALLOW;
  const given: Dict | undefined = isDict(value) ? value : undefined;
  switch (given?.["verdict"]) {
    case "allow":
      return ALLOW;
    case "deny":
      return denial(hook, given);
    case "rewrite": {
      const fault = changesFault(given);
      return fault === undefined ? { kind: "rewrite", changes: given } : failed(hook, fault);
    }
    default:
      return failed(hook, "it gave no verdict: nothing, or { verdict } with allow, deny or rewrite");
  }
}

function denial(hook: HookName, { error = ErrorUri.notAuthorized, args = [], kwargs = {} }: Dict): Judgement {
  if (typeof error !== "string" || !isUri(error)) return failed(hook, "error of its denial is no URI");
  const fault = changesFault({ args, kwargs });
  if (fault !== undefined) return failed(hook, fault);
  return { kind: "deny", error, payload: changedPayload({ args, kwargs }, payloadOf()) };
}

function failed(hook: HookName, words: string): Judgement {
  const payload = payloadOf([`the hook ${hook} of this router failed`], { hook });
  return { kind: "failed", error: HOOK_FAILED, payload, words };
}

/** The words for what is wrong with the changes, if anything is. URIs are checked where those of a request are. */
function changesFault({ args, kwargs, options, procedure, topic, error }: Dict): string | undefined {
  if (args !== undefined && !Array.isArray(args)) return "args of its verdict is no list";
  if (kwargs !== undefined && !isDict(kwargs)) return "kwargs of its verdict is no object";
  if (options !== undefined && !isDict(options)) return "options of its verdict is no object";
  if (error !== undefined && (typeof error !== "string" || !isUri(error))) return "error of its verdict is no URI";
  if (![procedure, topic].every((uri) => uri === undefined || typeof uri === "string")) {
    return "procedure or topic of its verdict is no string";
  }
  return undefined;
}

/** Args and kwargs as changed; what is not named stays. */
export function changedPayload({ args, kwargs }: Dict, before: Payload): Payload {
  if (args === undefined && kwargs === undefined) return before;
  const list: readonly unknown[] = Array.isArray(args) ? args : before.args;
  return payloadOf(list, isDict(kwargs) ? kwargs : before.kwargs);
}

/** One of the texts or dicts of a rewrite, checked before. */
export function changedText(changes: Dict, key: "procedure" | "topic" | "error", before: Uri): Uri {
  const value = changes[key];
  return typeof value === "string" ? (value as Uri) : before; // judged by the router like one that came from a peer
}

export function changedOptions({ options }: Dict, before: Dict): Dict {
  return isDict(options) ? options : before;
}

function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
