/**
 * The conversation that lets a peer in: HELLO, any number of CHALLENGE and AUTHENTICATE, then WELCOME or ABORT. It owns no
 * session table but the bounded set of those that were asked; it only finds the realm, asks the authenticator and says what follows.
 */
import {
  ErrorUri,
  ProtocolViolation,
  type Authenticate,
  type Dict,
  type Hello,
  type Message,
  type SessionId,
  type Uri,
} from "@pinion/wamp";
import type { AuthOutcome, Consultation, Identity, Verdict } from "./authenticator.ts";
import type { Delivery } from "./delivery.ts";
import { mayAuthenticate } from "./dynamic-authenticator.ts";
import type { Answer } from "./inquiry.ts";
import { LIMIT_EXCEEDED } from "./limits.ts";
import { Member } from "./member.ts";
import { announcedFeatures, type PeerFeatures } from "./peer-features.ts";
import type { Realm } from "./realm.ts";
import { uriFault, type RouterContext } from "./router-context.ts";
import type { RouterSession } from "./router-session.ts";

/** What follows from a message before the session is established. */
export type Admission =
  | { readonly kind: "send"; readonly message: Message }
  /** For the answer of a procedure; then it is admitted by the function given to the constructor. */
  | { readonly kind: "wait" }
  | { readonly kind: "abort"; readonly reason: Uri; readonly words: string; readonly details?: Dict };

export class Accepting<P> {
  readonly #context: RouterContext<P>;
  readonly #realms: ReadonlyMap<string, Realm<P>>;
  readonly #halfOpen = new Set<RouterSession<P>>();
  readonly #admit: (session: RouterSession<P>, admission: Admission, out: Delivery<P>[]) => void;

  constructor(
    context: RouterContext<P>,
    realms: ReadonlyMap<string, Realm<P>>,
    admit: (session: RouterSession<P>, admission: Admission, out: Delivery<P>[]) => void,
  ) {
    this.#context = context;
    this.#realms = realms;
    this.#admit = admit;
  }

  /** @throws ProtocolViolation if HELLO is malformed. */
  hello(session: RouterSession<P>, hello: Hello, out: Delivery<P>[]): Admission {
    const fault = uriFault(hello.realm, "exact", this.#context.limits);
    if (fault) return { kind: "abort", reason: fault.error, words: fault.words };
    const features = announcedFeatures(hello.details);
    const realm = this.#realms.get(hello.realm);
    if (realm === undefined) {
      return noSuchRealm(hello.realm);
    }
    if (realm.isFull) return full(realm.name);
    const id = realm.freshId();
    const freshAuthid = (): string => this.#freshAuthid();
    const outcome = this.#judge(() =>
      this.#context.authenticator({ hello, info: session.info, sessionId: id, freshAuthid }),
    );
    return this.#proceed(session, { realm, features, id }, outcome, out);
  }

  /** @throws ProtocolViolation if nothing was asked. */
  authenticate(session: RouterSession<P>, { signature, extra }: Authenticate, out: Delivery<P>[]): Admission {
    const { challenge } = session;
    const realm = challenge && this.#realms.get(challenge.realm);
    if (challenge === undefined || realm === undefined) throw new ProtocolViolation("AUTHENTICATE without a CHALLENGE");
    session.challenge = undefined;
    this.#halfOpen.delete(session);
    const outcome = this.#judge(() => challenge.outcome.answer(signature, extra));
    return this.#proceed(session, { realm, features: challenge.features, id: challenge.id }, outcome, out);
  }

  #proceed(session: RouterSession<P>, entry: Entry<P>, outcome: AuthOutcome, out: Delivery<P>[]): Admission {
    if (outcome.kind === "refuse") return { ...outcome, kind: "abort" };
    if (outcome.kind === "welcome") {
      const { identity, realm: name = entry.realm.name } = outcome;
      const realm = this.#realms.get(name);
      if (realm === undefined) return noSuchRealm(name);
      // others may have joined since HELLO
      return realm.isFull ? full(realm.name) : this.#welcome(session, { ...entry, realm }, identity);
    }
    if (!this.#holdOpen(session)) {
      const words = "too many logins are under way at this router; try again in a moment";
      return { kind: "abort", reason: LIMIT_EXCEEDED, words };
    }
    session.state = "challenging";
    if (outcome.kind === "consult") return this.#consult(session, entry, outcome, out);
    session.challenge = { realm: entry.realm.name, features: entry.features, id: entry.id, outcome };
    return { kind: "send", message: { type: "CHALLENGE", method: outcome.method, extra: outcome.extra } };
  }

  /** Puts the question to the procedure; the session waits, and may send nothing meanwhile but ABORT. */
  #consult(session: RouterSession<P>, entry: Entry<P>, question: Consultation, out: Delivery<P>[]): Admission {
    const { realm, procedure, args, timeout, decide } = question;
    const dealer = this.#realms.get(realm)?.dealer;
    const offers = dealer?.registrations.serving(procedure)?.offers ?? [];
    const conclude = (verdict: Verdict, later: Delivery<P>[]): Admission => {
      session.withdraw = undefined;
      this.#halfOpen.delete(session);
      return this.#proceed(
        session,
        entry,
        this.#judge(() => decide(verdict)),
        later,
      );
    };
    if (dealer === undefined || offers.length === 0) {
      return conclude({ kind: "fault", words: `nobody has registered it in realm ${realm}` }, out);
    }
    if (!offers.every(({ callee }) => mayAuthenticate(callee.identity))) {
      const words = "it is registered by a session that has no account of its own, and so could let itself in";
      return conclude({ kind: "fault", words }, out);
    }
    let atOnce: Admission | undefined;
    let waiting = false;
    const onAnswer = (answer: Answer, later: Delivery<P>[]): void => {
      const admission = conclude(verdictOf(answer), later);
      if (waiting) this.#admit(session, admission, later);
      else atOnce = admission;
    };
    const withdraw = dealer.ask({ procedure, args, timeout, onAnswer }, out);
    if (atOnce !== undefined) return atOnce;
    waiting = true;
    session.withdraw = withdraw;
    return { kind: "wait" };
  }

  #welcome(session: RouterSession<P>, { realm, features, id }: Entry<P>, identity: Identity): Admission {
    if (realm.members.has(id)) {
      return {
        kind: "abort",
        reason: ErrorUri.unavailable,
        words: "the session id was given away meanwhile; try again",
      };
    }
    const member = new Member<P>({ id, realm: realm.name, identity, features, session });
    session.member = member;
    session.state = "established";
    realm.join(member);
    const details = { roles: realm.roles, agent: this.#context.agent, realm: realm.name, ...identity };
    return { kind: "send", message: { type: "WELCOME", session: id, details } };
  }

  /** False when as many as allowed wait for AUTHENTICATE. Those that ended without one are found out only then. */
  #holdOpen(session: RouterSession<P>): boolean {
    const { halfOpenSessions } = this.#context.limits;
    if (this.#halfOpen.size >= halfOpenSessions) {
      for (const one of this.#halfOpen) if (one.state !== "challenging") this.#halfOpen.delete(one);
    }
    if (this.#halfOpen.size >= halfOpenSessions) return false;
    this.#halfOpen.add(session);
    return true;
  }

  /** An authenticator that throws lets nobody in. */
  #judge(ask: () => AuthOutcome): AuthOutcome {
    try {
      return ask();
    } catch (fault) {
      if (fault instanceof ProtocolViolation) throw fault;
      this.#context.report(fault);
      return { kind: "refuse", reason: ErrorUri.authenticationFailed, words: "the router could not check who you are" };
    }
  }

  #freshAuthid(): string {
    const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let authid = "";
    while (authid.length < 20) authid += letters.charAt(Math.floor(this.#context.random() * letters.length));
    return authid;
  }
}

/** Errors by which not the callee says something about the client, but the router about the callee, or that it broke down. */
const FAULTS: ReadonlySet<string> = new Set([
  ErrorUri.timeout,
  ErrorUri.canceled,
  ErrorUri.noSuchProcedure,
  ErrorUri.unavailable,
  ErrorUri.noAvailableCallee,
  ErrorUri.payloadSizeExceeded,
  ErrorUri.featureNotSupported,
  ErrorUri.invalidArgument,
  "wamp.error.runtime_error",
  "wamp.error.invalid_payload",
]);
const MAX_WORDS = 200;

function verdictOf(answer: Answer): Verdict {
  if (answer.type === "RESULT") return { kind: "answered", answer: answer.payload };
  const [first] = answer.payload.args;
  const words = typeof first === "string" && first !== "" ? first.slice(0, MAX_WORDS) : undefined;
  if (!FAULTS.has(answer.error)) return { kind: "denied", words };
  return { kind: "fault", words: words === undefined ? answer.error : `${answer.error}: ${words}` };
}

interface Entry<P> {
  readonly realm: Realm<P>;
  readonly features: PeerFeatures;
  /** What the session will be called; some challenges name it. */
  readonly id: SessionId;
}

function noSuchRealm(name: string): Admission {
  return { kind: "abort", reason: ErrorUri.noSuchRealm, words: `this router has no realm ${name}` };
}

function full(realm: Uri): Admission {
  return { kind: "abort", reason: LIMIT_EXCEEDED, words: `realm ${realm} has as many sessions as this router allows` };
}
