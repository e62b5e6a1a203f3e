/**
 * Owns who offers which procedure in one realm: the registrations, their ids, and the callees that share them. It knows no
 * calls: an invocation that was sent may be answered whatever becomes of its registration.
 */
import {
  ErrorUri,
  toId,
  type Dict,
  type Match,
  type Register,
  type RegistrationId,
  type Unregister,
} from "@pinion/wamp";
import { asBoolean, asCount, asWord, matchOption } from "./dict-reading.ts";
import { errorMessage, RequestCode, type Delivery } from "./delivery.ts";
import { LIMIT_EXCEEDED } from "./limits.ts";
import type { Member } from "./member.ts";
import { PatternIndex } from "./pattern-index.ts";
import type { InvocationPolicy, Offer, Registration } from "./registration.ts";
import {
  REGISTRATION_ON_CREATE,
  REGISTRATION_ON_DELETE,
  REGISTRATION_ON_REGISTER,
  REGISTRATION_ON_UNREGISTER,
  registrationDetails,
} from "./registration-details.ts";
import { decide, reservedFault, uriFault, type Announce, type Refusal, type RouterContext } from "./router-context.ts";

const POLICIES = ["single", "first", "last", "random", "roundrobin"] as const;

export class Registrations<P> {
  readonly #context: RouterContext<P>;
  /** Of all members together. */
  #held = 0;
  readonly #index = new PatternIndex<Registration<P>>();
  readonly #byId = new Map<number, Registration<P>>();
  readonly #announce: Announce<P>;
  #last = 0;

  constructor(context: RouterContext<P>, announce: Announce<P>) {
    this.#context = context;
    this.#announce = announce;
  }

  get size(): number {
    return this.#index.size;
  }

  register(member: Member<P>, message: Register, out: Delivery<P>[]): void {
    const { request, options, procedure } = message;
    const wish = wishOf(options);
    const permission = this.#permission(member, message, wish);
    const known = this.#index.get(wish.match, procedure);
    const ghosts = permission.allowed && known && wish.force ? ghostsOf(member, known, permission) : [];
    const refusal = permission.allowed
      ? (sharingFault({ member, ghosts }, known, wish) ?? this.#realmFault(ghosts.length))
      : permission.refusal;
    if (refusal) {
      const asked = { code: RequestCode.register, request };
      out.push({ to: member.alone, message: errorMessage(asked, refusal.error, refusal.words) });
      return;
    }
    if (known) this.revoke(known, { from: ghosts, reason: "the procedure was registered again by force" }, out);
    const registration = this.#index.get(wish.match, procedure) ?? this.#create(message, wish);
    const { id } = registration;
    registration.offers.push(this.#offer(member, wish));
    member.registrations.set(id, registration);
    this.#held += 1;
    out.push({ to: member.alone, message: { type: "REGISTERED", request, registration: id } });
    if (registration !== known) {
      this.#announce(REGISTRATION_ON_CREATE, () => [member.id, registrationDetails(registration)], out);
    }
    this.#announce(REGISTRATION_ON_REGISTER, () => [member.id, id], out);
  }

  unregister(member: Member<P>, { request, registration: id }: Unregister, out: Delivery<P>[]): void {
    const registration = member.registrations.get(id);
    if (registration === undefined) {
      const asked = { code: RequestCode.unregister, request };
      const words = `this session has no registration ${id}`;
      out.push({ to: member.alone, message: errorMessage(asked, ErrorUri.noSuchRegistration, words) });
      return;
    }
    out.push({ to: member.alone, message: { type: "UNREGISTERED", request } });
    this.#withdraw(member, registration, out);
  }

  /** Forgets what a session offered; who shared it with others leaves it to them. */
  leave(member: Member<P>, out: Delivery<P>[]): void {
    for (const registration of member.registrations.values()) this.#withdraw(member, registration, out);
  }

  values(match: Match): Iterable<Registration<P>> {
    return this.#index.values(match);
  }

  byId(id: number): Registration<P> | undefined {
    return this.#byId.get(id);
  }

  /** The registration of this very text and policy. */
  lookup(match: Match, procedure: string): Registration<P> | undefined {
    return this.#index.get(match, procedure);
  }

  /** The registration a call goes to. A short pattern does not make an application serve what belongs to the protocol. */
  serving(procedure: string): Registration<P> | undefined {
    const best = this.#index.best(procedure);
    return best === undefined || best.match === "exact" || reservedFault(procedure) === undefined ? best : undefined;
  }

  #create({ procedure }: Register, { match, policy }: Wish): Registration<P> {
    this.#last += 1;
    const id = toId<RegistrationId>(this.#last);
    const created = this.#context.wallTime(this.#context.moment.now);
    const registration: Registration<P> = { id, procedure, match, policy, created, offers: [], turn: 0 };
    this.#byId.set(id, registration);
    this.#index.set(match, procedure, registration);
    return registration;
  }

  #offer(callee: Member<P>, { discloseCaller, concurrency, forwardTimeout: wished }: Wish): Offer<P> {
    const forwardTimeout = wished && callee.features.callTimeout && this.#context.forwardTimeouts;
    return { callee, discloseCaller, concurrency, forwardTimeout, running: 0 };
  }

  #withdraw(member: Member<P>, registration: Registration<P>, out: Delivery<P>[]): void {
    const { id, match, procedure, offers } = registration;
    if (member.registrations.delete(id)) this.#held -= 1;
    const index = offers.findIndex(({ callee }) => callee === member);
    if (index < 0) return;
    offers.splice(index, 1);
    if (index < registration.turn) registration.turn -= 1;
    this.#announce(REGISTRATION_ON_UNREGISTER, () => [member.id, id], out);
    if (offers.length > 0) return;
    this.#index.delete(match, procedure);
    this.#byId.delete(id);
    this.#announce(REGISTRATION_ON_DELETE, () => [member.id, id], out);
  }

  /**
   * Takes a registration from some of its callees. What they were invoked for they may still answer. Only who announced
   * registration_revocation is told; to anybody else the message would be a violation.
   */
  revoke(registration: Registration<P>, { from, reason }: Revocation<P>, out: Delivery<P>[]): void {
    const { id } = registration;
    const details: Dict = reason === undefined ? { registration: id } : { registration: id, reason };
    for (const { callee } of from) {
      if (callee.features.registrationRevocation) {
        out.push({ to: callee.alone, message: { type: "UNREGISTERED", request: 0, details } });
      }
      this.#withdraw(callee, registration, out);
    }
  }

  /** Who takes a procedure back takes no more room than it had. */
  #realmFault(leaving: number): Refusal | undefined {
    const { registrationsPerRealm } = this.#context.limits;
    if (this.#held - leaving < registrationsPerRealm) return undefined;
    const words = `the sessions of this realm have ${registrationsPerRealm} registrations together, which is the limit`;
    return { error: LIMIT_EXCEEDED, words };
  }

  #permission(member: Member<P>, { procedure, options }: Register, { match }: Wish): Permission {
    const { limits } = this.#context;
    const fault = uriFault(procedure, match, limits) ?? reservedFault(procedure) ?? policyFault(options);
    if (fault) return { allowed: false, refusal: fault };
    const decision = decide(this.#context, member, "register", { uri: procedure, match, options });
    if (!decision.allowed) return { allowed: false, refusal: { error: decision.reason, words: decision.words } };
    if (member.registrations.size < limits.registrationsPerSession) {
      return { allowed: true, evictAnybody: decision.evict === true };
    }
    const words = `this session has ${limits.registrationsPerSession} registrations, which is the limit`;
    return { allowed: false, refusal: { error: LIMIT_EXCEEDED, words } };
  }
}

interface Revocation<P> {
  readonly from: readonly Offer<P>[];
  readonly reason: string | undefined;
}

type Permission =
  | { readonly allowed: true; readonly evictAnybody: boolean }
  | { readonly allowed: false; readonly refusal: Refusal };

/** What REGISTER.Options ask for. */
interface Wish {
  readonly match: Match;
  readonly policy: InvocationPolicy;
  readonly discloseCaller: boolean;
  readonly concurrency: number;
  readonly forwardTimeout: boolean;
  /** Take the procedure from who has it (`force_reregister`). */
  readonly force: boolean;
}

/** @throws ProtocolViolation for an option of a wrong type. */
function wishOf(options: Dict): Wish {
  return {
    match: matchOption(options),
    policy: POLICIES.find((policy) => policy === options["invoke"]) ?? "single",
    discloseCaller: asBoolean("disclose_caller", options["disclose_caller"]),
    concurrency: asCount("concurrency", options["concurrency"]),
    forwardTimeout: asBoolean("forward_timeout", options["forward_timeout"]),
    force: asBoolean("force_reregister", options["force_reregister"]),
  };
}

/** A policy that this router does not know is refused, never taken for another. */
function policyFault({ invoke }: Dict): Refusal | undefined {
  if (typeof invoke !== "string") {
    asWord("invoke", invoke, POLICIES, "single");
    return undefined;
  }
  if (POLICIES.some((policy) => policy === invoke)) return undefined;
  const words = `this router knows the invocation policies ${POLICIES.join(", ")}`;
  return { error: ErrorUri.optionNotAllowed, words };
}

/**
 * Whose part in a registration a forced one may take: sessions of the same principal, most often one that has died without
 * the router knowing; anybody's, if the authorizer says so. So two boards cannot take each other's procedures.
 */
function ghostsOf<P>(
  { identity }: Member<P>,
  { offers }: Registration<P>,
  { evictAnybody }: { readonly evictAnybody: boolean },
): readonly Offer<P>[] {
  const { authid, authrole } = identity;
  return offers.filter(
    ({ callee: { identity: other } }) => evictAnybody || (other.authid === authid && other.authrole === authrole),
  );
}

/** Why this session cannot share what others offer already, once the ghosts are gone. */
function sharingFault<P>(
  { member, ghosts }: { readonly member: Member<P>; readonly ghosts: readonly Offer<P>[] },
  known: Registration<P> | undefined,
  wish: Wish,
): Refusal | undefined {
  if (known === undefined || known.offers.length === ghosts.length) return undefined;
  const { procedure, policy, offers } = known;
  const error = ErrorUri.procedureAlreadyExists;
  if (offers.some((offer) => offer.callee === member && !ghosts.includes(offer))) {
    return { error, words: `this session has registered ${procedure} already` };
  }
  if (policy === "single") {
    const force = wish.force ? "; it belongs to somebody else and cannot be taken by force" : "";
    return { error, words: `${procedure} is registered already; its callee must leave or unregister first${force}` };
  }
  if (policy === wish.policy) return undefined;
  return { error, words: `${procedure} is shared with the invocation policy ${policy}, not ${wish.policy}` };
}
