/**
 * The conversation that lets a peer in: HELLO, any number of CHALLENGE and AUTHENTICATE, then WELCOME or ABORT. It owns no
 * session table but the bounded set of those that were asked; it only finds the realm, asks the authenticator and says what follows.
 */
import {
  ErrorUri,
  ProtocolViolation,
  type Authenticate,
  type Hello,
  type Message,
  type SessionId,
  type Uri,
} from "@pinion/wamp";
import type { AuthOutcome, Identity } from "./authenticator.ts";
import { LIMIT_EXCEEDED } from "./limits.ts";
import { Member } from "./member.ts";
import { announcedFeatures, type PeerFeatures } from "./peer-features.ts";
import type { Realm } from "./realm.ts";
import { uriFault, type RouterContext } from "./router-context.ts";
import type { RouterSession } from "./router-session.ts";

/** What follows from a message before the session is established. */
export type Admission =
  | { readonly kind: "send"; readonly message: Message }
  | { readonly kind: "abort"; readonly reason: Uri; readonly words: string };

export class Accepting<P> {
  readonly #context: RouterContext<P>;
  readonly #realms: ReadonlyMap<string, Realm<P>>;
  readonly #halfOpen = new Set<RouterSession<P>>();

  constructor(context: RouterContext<P>, realms: ReadonlyMap<string, Realm<P>>) {
    this.#context = context;
    this.#realms = realms;
  }

  /** @throws ProtocolViolation if HELLO is malformed. */
  hello(session: RouterSession<P>, hello: Hello): Admission {
    const fault = uriFault(hello.realm, "exact", this.#context.limits);
    if (fault) return { kind: "abort", reason: fault.error, words: fault.words };
    const features = announcedFeatures(hello.details);
    const realm = this.#realms.get(hello.realm);
    if (realm === undefined) {
      return { kind: "abort", reason: ErrorUri.noSuchRealm, words: `this router has no realm ${hello.realm}` };
    }
    if (realm.isFull) return full(realm.name);
    const id = realm.freshId();
    const freshAuthid = (): string => this.#freshAuthid();
    const outcome = this.#judge(() =>
      this.#context.authenticator({ hello, info: session.info, sessionId: id, freshAuthid }),
    );
    return this.#proceed(session, { realm, features, id }, outcome);
  }

  /** @throws ProtocolViolation if nothing was asked. */
  authenticate(session: RouterSession<P>, { signature, extra }: Authenticate): Admission {
    const { challenge } = session;
    const realm = challenge && this.#realms.get(challenge.realm);
    if (challenge === undefined || realm === undefined) throw new ProtocolViolation("AUTHENTICATE without a CHALLENGE");
    session.challenge = undefined;
    this.#halfOpen.delete(session);
    const outcome = this.#judge(() => challenge.outcome.answer(signature, extra));
    return this.#proceed(session, { realm, features: challenge.features, id: challenge.id }, outcome);
  }

  #proceed(session: RouterSession<P>, entry: Entry<P>, outcome: AuthOutcome): Admission {
    if (outcome.kind === "refuse") return { kind: "abort", reason: outcome.reason, words: outcome.words };
    if (outcome.kind === "welcome") {
      // others may have joined since HELLO
      return entry.realm.isFull ? full(entry.realm.name) : this.#welcome(session, entry, outcome.identity);
    }
    if (!this.#holdOpen(session)) {
      const words = "too many logins are under way at this router; try again in a moment";
      return { kind: "abort", reason: LIMIT_EXCEEDED, words };
    }
    session.state = "challenging";
    session.challenge = { realm: entry.realm.name, features: entry.features, id: entry.id, outcome };
    return { kind: "send", message: { type: "CHALLENGE", method: outcome.method, extra: outcome.extra } };
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

interface Entry<P> {
  readonly realm: Realm<P>;
  readonly features: PeerFeatures;
  /** What the session will be called; some challenges name it. */
  readonly id: SessionId;
}

function full(realm: Uri): Admission {
  return { kind: "abort", reason: LIMIT_EXCEEDED, words: `realm ${realm} has as many sessions as this router allows` };
}
