/**
 * Rights by role: what no rule allows is denied, and a denial beats every permission. A rule may speak of `<authid>`, so
 * that each board has its own names. Owns the rules; knows neither where they come from nor who logs what was denied.
 */
import { ErrorUri, type Match, type Uri } from "@pinion/wamp";
import type { Action, Authorizer, Decision, Principal } from "./authorizer.ts";
import type { Identity } from "./authenticator.ts";
import { covers, overlaps, type Pattern } from "./pattern-cover.ts";

export interface Rule {
  /** A URI or pattern; `<authid>` stands for who asks. */
  readonly uri: string;
  /** Default: exact. */
  readonly match?: Match | undefined;
  readonly allow?: readonly Action[] | undefined;
  readonly deny?: readonly Action[] | undefined;
  /** For what it allows: true tells callees and subscribers who it was, false never does. Absent: as the request wishes. */
  readonly disclose?: boolean | undefined;
  /** For what it allows: the trust level that callees and subscribers are told, 0 the lowest. Absent: none. */
  readonly trustlevel?: number | undefined;
}

export type Roles = Readonly<Record<string, readonly Rule[]>>;

/** Something that was refused, for the log. */
export interface Denial {
  readonly principal: Principal;
  readonly action: Action;
  readonly uri: Uri;
  readonly match: Match;
}

interface OwnRule {
  readonly pattern: Pattern;
  readonly rule: Rule;
}

const PLACEHOLDER = "<authid>";

export class RoleRules implements Authorizer {
  readonly #roles: ReadonlyMap<string, readonly Rule[]>;
  readonly #onDenied: (denial: Denial) => void;
  /** What the rules say to this one, as long as its session lives. */
  readonly #own = new WeakMap<Identity, readonly OwnRule[]>();

  constructor(roles: Roles, onDenied: (denial: Denial) => void) {
    this.#roles = new Map(Object.entries(roles));
    this.#onDenied = onDenied;
  }

  authorize(principal: Principal, action: Action, uri: Uri, match: Match): Decision {
    const asked: Pattern = { uri, match };
    const rules = this.#rulesFor(principal.identity);
    const allowing = rules.filter(
      ({ rule, pattern }) => rule.allow?.includes(action) === true && covers(pattern, asked),
    );
    if (allowing.length === 0 || isDenied(rules, action, asked)) {
      return this.#denial({ principal, action, uri, match });
    }
    const disclose = allowing.find(({ rule }) => rule.disclose !== undefined)?.rule.disclose;
    const trustlevel = allowing.find(({ rule }) => rule.trustlevel !== undefined)?.rule.trustlevel;
    return {
      allowed: true,
      ...(disclose === undefined ? {} : { disclose }),
      ...(trustlevel === undefined ? {} : { trustlevel }),
    };
  }

  forbids(principal: Principal, action: Action, uri: Uri, match: Match): Decision | undefined {
    if (!isDenied(this.#rulesFor(principal.identity), action, { uri, match })) return undefined;
    return this.#denial({ principal, action, uri, match });
  }

  #denial(denial: Denial): Decision {
    this.#onDenied(denial);
    const { principal, action, uri, match } = denial;
    const words = `role ${principal.identity.authrole} may not ${action} ${uri}${match === "exact" ? "" : ` (${match})`}`;
    return { allowed: false, reason: ErrorUri.notAuthorized, words };
  }

  #rulesFor(identity: Identity): readonly OwnRule[] {
    const known = this.#own.get(identity);
    if (known !== undefined) return known;
    const own = (this.#roles.get(identity.authrole) ?? []).flatMap((rule) => resolved(rule, identity.authid));
    this.#own.set(identity, own);
    return own;
  }
}

function isDenied(rules: readonly OwnRule[], action: Action, asked: Pattern): boolean {
  return rules.some(({ rule, pattern }) => rule.deny?.includes(action) === true && overlaps(pattern, asked));
}

/** Nothing for an authid that is no single component: it would reach into the names of others. */
function resolved(rule: Rule, authid: string): OwnRule[] {
  const match = rule.match ?? "exact";
  if (!rule.uri.includes(PLACEHOLDER)) return [{ rule, pattern: { uri: rule.uri, match } }];
  if (!/^[^\s.#]+$/.test(authid)) return [];
  return [{ rule, pattern: { uri: rule.uri.replaceAll(PLACEHOLDER, authid), match } }];
}
