/**
 * The conversation that lets a peer in: HELLO, any number of CHALLENGE and AUTHENTICATE, then WELCOME or ABORT. It owns no
 * session table; it only finds the realm, asks the authenticator and says what follows.
 */
import { ErrorUri, ProtocolViolation, type Authenticate, type Hello, type Message, type Uri } from "@pinion/wamp";
import type { AuthOutcome, Identity } from "./authenticator.ts";
import { LIMIT_EXCEEDED } from "./limits.ts";
import { Member } from "./member.ts";
import { announcedFeatures, type PeerFeatures } from "./peer-features.ts";
import { ROUTER_ROLES, type Realm } from "./realm.ts";
import { uriFault, type RouterContext } from "./router-context.ts";
import type { RouterSession } from "./router-session.ts";

/** What follows from a message before the session is established. */
export type Admission =
  | { readonly kind: "send"; readonly message: Message }
  | { readonly kind: "abort"; readonly reason: Uri; readonly words: string };

export class Accepting<P> {
  readonly #context: RouterContext<P>;
  readonly #realms: ReadonlyMap<string, Realm<P>>;

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
    const outcome = this.#judge(() =>
      this.#context.authenticator({ hello, info: session.info, freshAuthid: () => this.#freshAuthid() }),
    );
    return this.#proceed(session, { realm, features }, outcome);
  }

  /** @throws ProtocolViolation if nothing was asked. */
  authenticate(session: RouterSession<P>, { signature, extra }: Authenticate): Admission {
    const { challenge } = session;
    const realm = challenge && this.#realms.get(challenge.realm);
    if (challenge === undefined || realm === undefined) throw new ProtocolViolation("AUTHENTICATE without a CHALLENGE");
    session.challenge = undefined;
    const outcome = this.#judge(() => challenge.outcome.answer(signature, extra));
    return this.#proceed(session, { realm, features: challenge.features }, outcome);
  }

  #proceed(session: RouterSession<P>, entry: Entry<P>, outcome: AuthOutcome): Admission {
    if (outcome.kind === "refuse") return { kind: "abort", reason: outcome.reason, words: outcome.words };
    if (outcome.kind === "welcome") {
      // others may have joined since HELLO
      return entry.realm.isFull ? full(entry.realm.name) : this.#welcome(session, entry, outcome.identity);
    }
    session.state = "challenging";
    session.challenge = { realm: entry.realm.name, features: entry.features, outcome };
    return { kind: "send", message: { type: "CHALLENGE", method: outcome.method, extra: outcome.extra } };
  }

  #welcome(session: RouterSession<P>, { realm, features }: Entry<P>, identity: Identity): Admission {
    const id = realm.freshId();
    const member = new Member<P>({ id, realm: realm.name, identity, features, session });
    session.member = member;
    session.state = "established";
    realm.join(member);
    const details = { roles: ROUTER_ROLES, agent: this.#context.agent, realm: realm.name, ...identity };
    return { kind: "send", message: { type: "WELCOME", session: id, details } };
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
}

function full(realm: Uri): Admission {
  return { kind: "abort", reason: LIMIT_EXCEEDED, words: `realm ${realm} has as many sessions as this router allows` };
}
