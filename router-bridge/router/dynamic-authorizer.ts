/**
 * Lets a procedure of the realm decide what a role may do: asks it for every request that the static rules do not forbid, and
 * remembers answers for a while. What cannot be decided is denied. Owns the answers; the dealer does the asking. Who offers
 * the authorizer, and whatever concerns the authorizer's own procedure, is judged by the static rules alone.
 */
import { ErrorUri, type Dict, type Payload, type Uri } from "@pinion/wamp";
import type { Action, Decision } from "./authorizer.ts";
import type { Dealer } from "./dealer.ts";
import { DecisionCache, type DecisionSubject } from "./decision-cache.ts";
import type { Millis } from "./deadlines.ts";
import type { Answer } from "./inquiry.ts";
import type { Member } from "./member.ts";
import type { Registration } from "./registration.ts";
import type { Denial } from "./role-rules.ts";
import type { RouterContext, UriUse } from "./router-context.ts";
import { sessionDetails } from "./session-meta.ts";
import { Suspension } from "./suspension.ts";

export interface DynamicAuthorization {
  /** The procedure that decides for a role; undefined leaves it to the static rules. */
  readonly procedureFor: (authrole: string) => Uri | undefined;
  /** Milliseconds for an answer; without one in time the request is denied. */
  readonly timeout: Millis;
  /** How many answers are remembered, and for how many milliseconds. */
  readonly cache: { readonly entries: number; readonly age: Millis };
  /** Told what an authorizer has denied. */
  readonly onDenied?: ((denial: Denial, authorizer: Uri) => void) | undefined;
  /** Told when an authorizer could not be asked or did not answer as it should. */
  readonly onFault?: ((fault: AuthorizerFault) => void) | undefined;
}

export interface AuthorizerFault extends Denial {
  readonly authorizer: Uri;
  readonly words: string;
}

interface Asked<P> {
  readonly member: Member<P>;
  readonly action: Action;
  readonly on: UriUse;
  readonly authorizer: Uri;
}

export class DynamicAuthorizer<P> {
  readonly #rules: DynamicAuthorization;
  readonly #context: Pick<RouterContext<P>, "authorizer" | "moment">;
  readonly #dealerOf: (realm: Uri) => Dealer<P> | undefined;
  readonly #cache: DecisionCache;

  constructor(
    rules: DynamicAuthorization,
    context: Pick<RouterContext<P>, "authorizer" | "moment">,
    dealerOf: (realm: Uri) => Dealer<P> | undefined,
  ) {
    this.#rules = rules;
    this.#context = context;
    this.#dealerOf = dealerOf;
    this.#cache = new DecisionCache(rules.cache);
  }

  /** Undefined: for the static rules. @throws Suspension if the authorizer has to be asked first. */
  decide(member: Member<P>, action: Action, on: UriUse): Decision | undefined {
    const authorizer = this.#rules.procedureFor(member.identity.authrole);
    // who may offer the authorizer, or call it, cannot be asked of it
    if (authorizer === undefined || on.uri === authorizer) return undefined;
    const dealer = this.#dealerOf(member.realm);
    const registration = dealer?.registrations.serving(authorizer);
    if (registration !== undefined && offers(registration, member)) return undefined;
    const forbidden = this.#context.authorizer.forbids?.(member, action, on.uri, on.match);
    if (forbidden !== undefined) return forbidden;
    const asked = { member, action, on, authorizer };
    if (dealer === undefined || registration === undefined) return this.#fault(asked, "nobody has registered it");
    return this.#asked(dealer, registration, asked);
  }

  /** Forgets answers, so that they are asked for again; gives how many. */
  flush(filter?: Partial<DecisionSubject>): number {
    return this.#cache.flush(filter);
  }

  /** What the authorizer has said. */
  #asked(dealer: Dealer<P>, { id }: Registration<P>, asked: Asked<P>): Decision {
    const { member, action, on, authorizer } = asked;
    const { authid, authrole } = member.identity;
    // an authorizer that was registered anew may decide otherwise
    const key = JSON.stringify([member.realm, id, authrole, authid, action, on.match, on.uri]);
    const known = member.held?.decisions.get(key) ?? this.#cache.get(key, this.#context.moment.now);
    if (known === undefined) throw this.#suspension(dealer, asked, key);
    if (!known.allowed && known.reason === ErrorUri.notAuthorized) this.#rules.onDenied?.(denialOf(asked), authorizer);
    return known;
  }

  #suspension(dealer: Dealer<P>, asked: Asked<P>, key: string): Suspension<P> {
    const { member, action, on, authorizer } = asked;
    const details = { ...sessionDetails(member), realm: member.realm };
    const options: Dict = on.options ?? {};
    return new Suspension((held, resume, out) => {
      const onAnswer = (answer: Answer, later: typeof out): void => {
        held.decisions.set(key, this.#judge(asked, key, answer));
        resume(later);
      };
      const args = [details, on.uri, action, options];
      return dealer.ask({ procedure: authorizer, args, timeout: this.#rules.timeout, onAnswer }, out);
    });
  }

  #judge(asked: Asked<P>, key: string, answer: Answer): Decision {
    if (answer.type === "ERROR") {
      const [words] = answer.payload.args;
      return this.#fault(asked, `${answer.error}${typeof words === "string" ? `: ${words}` : ""}`);
    }
    const verdict = verdictOf(answer.payload);
    if (verdict === undefined) {
      return this.#fault(asked, "it answered neither true nor false nor { allow, disclose, trustlevel, cache }");
    }
    const decision = verdict.allow ? allowed(verdict) : this.#denied(asked);
    const { member } = asked;
    const subject = { realm: member.realm, authid: member.identity.authid, authrole: member.identity.authrole };
    if (verdict.cache) this.#cache.set(key, subject, decision, this.#context.moment.now);
    return decision;
  }

  #denied({ member, action, on }: Asked<P>): Decision {
    const { authrole, authid } = member.identity;
    const words = `the authorizer does not let ${authid} (${authrole}) ${action} ${on.uri}`;
    return { allowed: false, reason: ErrorUri.notAuthorized, words };
  }

  /** It could not be asked, or gave no usable answer: the request is denied, now and not for later ones. */
  #fault(asked: Asked<P>, words: string): Decision {
    const { action, on, authorizer } = asked;
    this.#rules.onFault?.({ ...denialOf(asked), authorizer, words });
    const told = `the router could not find out whether you may ${action} ${on.uri}`;
    return { allowed: false, reason: ErrorUri.authorizationFailed, words: told };
  }
}

function offers<P>({ offers }: Registration<P>, member: Member<P>): boolean {
  return offers.some(({ callee }) => callee === member);
}

interface Verdict {
  readonly allow: boolean;
  readonly disclose: boolean | undefined;
  readonly trustlevel: number | undefined;
  readonly cache: boolean;
}

/** Undefined for what is no answer: then nothing may be taken for a permission. */
function verdictOf({ args }: Payload): Verdict | undefined {
  const [value] = args;
  if (typeof value === "boolean") return { ...USUAL, allow: value };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { allow, disclose, trustlevel: level, cache } = value as Dict; // an object that is no list: the keys of a decoded dict are strings
  const isFlag = (flag: unknown): flag is boolean | null | undefined =>
    typeof flag === "boolean" || flag === undefined || flag === null;
  if (typeof allow !== "boolean" || !isFlag(disclose) || !isFlag(cache) || !isLevel(level)) return undefined;
  return { allow, disclose: disclose ?? undefined, trustlevel: level ?? undefined, cache: cache ?? true };
}

const USUAL = { disclose: undefined, trustlevel: undefined, cache: true };

function isLevel(value: unknown): value is number | null | undefined {
  return value === undefined || value === null || (typeof value === "number" && Number.isInteger(value) && value >= 0);
}

function allowed({ disclose, trustlevel }: Verdict): Decision {
  return {
    allowed: true,
    ...(disclose === undefined ? {} : { disclose }),
    ...(trustlevel === undefined ? {} : { trustlevel }),
  };
}

function denialOf<P>({ member, action, on }: Asked<P>): Denial {
  return { principal: member, action, uri: on.uri, match: on.match };
}
