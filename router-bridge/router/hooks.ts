/**
 * What a program that embeds the router may have a say in. Every hook may answer at once or with a promise; one that throws,
 * rejects, gives no verdict or takes too long makes its request fail with `pinion.error.hook_failed`, which names the hook.
 * While a promise is awaited the session's further requests wait behind, in order; no other session does. A hook runs before
 * the authorizer, which judges what the hook has made of the request.
 */
import { toUri, type Dict, type Payload } from "@pinion/wamp";
import type { PeerInfo } from "./peer-info.ts";

export interface Hooks {
  /** A CALL, the meta procedures included; of a call in parts the first. */
  readonly beforeCall?: (call: HookedCall) => MaybeLater<Verdict<CallChanges>>;
  /** A call that `beforeCall` let through is about to end with a RESULT. Not for progressive results. */
  readonly afterSuccess?: (call: HookedCall, result: HookedPayload) => MaybeLater<Verdict<HookedChanges>>;
  /** A call that `beforeCall` let through is about to end with an ERROR, the callee's or the router's own. */
  readonly afterError?: (call: HookedCall, error: HookedError) => MaybeLater<Verdict<ErrorChanges>>;
  /** A PUBLISH. One that is denied is answered only if it asked for acknowledgement. */
  readonly onPublish?: (publication: HookedPublication) => MaybeLater<Verdict<PublicationChanges>>;
  /** A SUBSCRIBE. */
  readonly onSubscribe?: (subscription: HookedSubscription) => MaybeLater<Verdict<SubscriptionChanges>>;
  /** A session was authenticated and is about to be welcomed; a denial is told with ABORT. */
  readonly onSessionOpen?: (session: HookedSession) => MaybeLater<Admission>;
  /** A session that was welcomed is gone. `reason` is a URI, with words after it where there are any. */
  readonly onSessionClose?: (session: HookedSession, reason: string) => MaybeLater<void>;
}

export type HookName = keyof Hooks;

export type MaybeLater<T> = T | PromiseLike<T>;

/** Nothing at all means allow. */
export type Verdict<Changes> = Allow | Deny | Rewrite<Changes> | undefined | void;

/** Nothing at all means allow. */
export type Admission = Allow | Deny | undefined | void;

export interface Allow {
  readonly verdict: "allow";
}

export interface Deny {
  readonly verdict: "deny";
  /** Default: `wamp.error.not_authorized`. */
  readonly error?: string | undefined;
  readonly args?: readonly unknown[] | undefined;
  readonly kwargs?: Dict | undefined;
}

/** What is not named stays as it was. */
export type Rewrite<Changes> = { readonly verdict: "rewrite" } & Changes;

export interface HookedChanges {
  readonly args?: readonly unknown[] | undefined;
  readonly kwargs?: Dict | undefined;
}

export interface CallChanges extends HookedChanges {
  readonly procedure?: string | undefined;
  readonly options?: Dict | undefined;
}

export interface ErrorChanges extends HookedChanges {
  readonly error?: string | undefined;
}

export interface PublicationChanges extends HookedChanges {
  readonly topic?: string | undefined;
  readonly options?: Dict | undefined;
}

export interface SubscriptionChanges {
  readonly topic?: string | undefined;
  readonly options?: Dict | undefined;
}

export interface HookedSession {
  readonly id: number;
  readonly realm: string;
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod: string;
  readonly authprovider: string;
  readonly transport: PeerInfo["transport"];
  /** For people: `127.0.0.1:50412`. */
  readonly address: string | undefined;
}

/** Decoded when they are looked at. */
export type HookedPayload = Pick<Payload, "args" | "kwargs">;

export interface HookedCall extends HookedPayload {
  readonly session: HookedSession;
  readonly request: number;
  /** As it was called. */
  readonly procedure: string;
  readonly options: Dict;
}

export interface HookedError extends HookedPayload {
  readonly error: string;
}

export interface HookedPublication extends HookedPayload {
  readonly session: HookedSession;
  readonly topic: string;
  readonly options: Dict;
}

export interface HookedSubscription {
  readonly session: HookedSession;
  readonly topic: string;
  readonly options: Dict;
}

export const HOOK_FAILED = toUri("pinion.error.hook_failed");
