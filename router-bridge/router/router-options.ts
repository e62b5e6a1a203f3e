/** What whoever runs a router may choose, and what holds when they do not. */
import type { Random, Uri } from "@pinion/wamp";
import { ANONYMOUS, localAnonymous, type Authenticator } from "./authenticator.ts";
import { TrustedRoles, type Authorizer } from "./authorizer.ts";
import type { Dealer } from "./dealer.ts";
import type { Millis } from "./deadlines.ts";
import { DynamicAuthorizer, type DynamicAuthorization } from "./dynamic-authorizer.ts";
import type { Enroll } from "./enroll-meta.ts";
import type { HistoryRule } from "./event-history.ts";
import { HookRunner, type HookOptions } from "./hook-runner.ts";
import { checkedLimits, type Limits } from "./limits.ts";
import type { RequestIdRule } from "./member.ts";
import type { RouterContext } from "./router-context.ts";

export interface RouterOptions {
  /** Names of the realms; there are no others. Default: realm1. */
  readonly realms?: readonly string[];
  readonly random: Random;
  readonly limits?: Partial<Limits>;
  /** Default: peers on this machine join anonymously, nobody else joins. */
  readonly authenticator?: Authenticator;
  /** Default: whoever joined anonymously (by the default authenticator: from this machine) may do everything. */
  readonly authorizer?: Authorizer;
  /** Lets procedures of a realm decide what roles may do. Default: the authorizer decides alone. */
  readonly dynamicAuthorizer?: DynamicAuthorization | undefined;
  /** Puts the account of a board where accounts are kept. Default: nobody is let in so. */
  readonly enroll?: Enroll | undefined;
  /** What the embedding program has a say in. Default: nothing. */
  readonly hooks?: HookOptions | undefined;
  /** Whether requests must count 1, 2, 3 ... (spec "IDs"). Lenient is for old clients with ids of their own. Default: strict. */
  readonly requestIds?: RequestIdRule;
  /** Topics whose past can be asked for, in every realm. Default: none. */
  readonly history?: readonly HistoryRule[];
  /**
   * Whether a callee that registered with `forward_timeout` watches the timeout of its calls alone (spec "Call Timeout"). If
   * not, the router does, whatever the callee wishes. Default: true.
   */
  readonly forwardTimeouts?: boolean;
  /** For WELCOME: program and version. */
  readonly agent?: string;
  /** Milliseconds since 1970 at a `now`, for what is told to people and programs. Default: `now` itself counts so. */
  readonly wallTime?: (now: Millis) => number;
  /** Told how many milliseconds each call took, from CALL to its answer, by the `now` that came in. */
  readonly observeCall?: ((milliseconds: Millis) => void) | undefined;
  /** Told what an authenticator or authorizer threw. */
  readonly report?: (fault: unknown) => void;
}

/** What the router itself brings to its context. */
interface RouterParts<P> extends Pick<RouterContext<P>, "statistics" | "deadlines" | "moment" | "dismiss"> {
  readonly dealerOf: (realm: Uri) => Dealer<P> | undefined;
}

/** The options with their defaults in place. @throws RangeError for a limit that is no whole number. */
export function routerContext<P>(options: RouterOptions, { dealerOf, ...parts }: RouterParts<P>): RouterContext<P> {
  const authorizer = options.authorizer ?? new TrustedRoles([ANONYMOUS]);
  const { dynamicAuthorizer: dynamic } = options;
  return {
    agent: options.agent ?? "Pinion",
    random: options.random,
    limits: checkedLimits(options.limits),
    requestIds: options.requestIds ?? "strict",
    forwardTimeouts: options.forwardTimeouts ?? true,
    authenticator: options.authenticator ?? localAnonymous,
    authorizer,
    dynamicAuthorizer: dynamic && new DynamicAuthorizer(dynamic, { authorizer, moment: parts.moment }, dealerOf),
    enroll: options.enroll,
    hooks: options.hooks && new HookRunner<P>(options.hooks, parts),
    report: options.report ?? (() => undefined),
    history: options.history ?? [],
    observeCall: options.observeCall,
    wallTime: options.wallTime ?? ((now) => now),
    ...parts,
  };
}
