/**
 * A peer that has joined a realm: who it is and what it holds there. Dealer and broker write the tables; when the session
 * ends both empty them, and nothing else may keep a reference to the peer.
 */
import { ProtocolViolation, type Dict, type RequestId, type SessionId, type Uri } from "@pinion/wamp";
import type { Identity } from "./authenticator.ts";
import type { EndedCalls } from "./ended-calls.ts";
import type { Held } from "./holding.ts";
import { IdTable } from "./id-table.ts";
import type { Invocation } from "./invocation.ts";
import type { PeerFeatures } from "./peer-features.ts";
import type { Registration } from "./registration.ts";
import type { RouterSession } from "./router-session.ts";
import type { Subscription } from "./subscription.ts";

export type RequestIdRule = "strict" | "lenient";

interface Admission<P> {
  readonly id: SessionId;
  readonly realm: Uri;
  readonly identity: Identity;
  readonly features: PeerFeatures;
  readonly session: RouterSession<P>;
}

export class Member<P> {
  readonly id: SessionId;
  readonly realm: Uri;
  readonly identity: Identity;
  readonly features: PeerFeatures;
  readonly session: RouterSession<P>;
  readonly peer: P;
  readonly alone: readonly P[];

  /** The id of the last INVOCATION sent to this peer: 1, 2, 3 ... */
  lastInvocation = 0;
  #lastRequest = 0;
  #asCaller: Dict | undefined;
  #asPublisher: Dict | undefined;

  readonly subscriptions = new IdTable<Subscription<P>>();
  // made when they are first asked for: what only subscribes has none
  #registrations: IdTable<Registration<P>> | undefined;
  #calls: IdTable<Invocation<P>> | undefined;
  #invocations: IdTable<Invocation<P>> | undefined;
  /** Progressive calls of this peer that are over while parts of them may be on their way. */
  endedCalls: EndedCalls | undefined;
  /** WELCOME was sent. */
  welcomed = false;
  /** The request of this peer that waits for an answer from outside; what it sends meanwhile waits too. */
  held: Held | undefined;

  constructor(admission: Admission<P>) {
    this.id = admission.id;
    this.realm = admission.realm;
    this.identity = admission.identity;
    this.features = admission.features;
    this.session = admission.session;
    this.peer = admission.session.peer;
    this.alone = admission.session.alone;
  }

  get registrations(): IdTable<Registration<P>> {
    return (this.#registrations ??= new IdTable());
  }

  /** Calls this peer made and that wait, by its CALL id. */
  get calls(): IdTable<Invocation<P>> {
    return (this.#calls ??= new IdTable());
  }

  /** Invocations this peer has to answer, by INVOCATION id. */
  get invocations(): IdTable<Invocation<P>> {
    return (this.#invocations ??= new IdTable());
  }

  /** Checks that requests count 1, 2, 3 ... over all request types (spec "IDs", session scope). @throws ProtocolViolation */
  acceptRequest(request: RequestId, rule: RequestIdRule): void {
    const expected = this.#lastRequest + 1;
    if (request !== expected && rule === "strict") {
      throw new ProtocolViolation(`request id ${request} is out of sequence: ${expected} comes next`);
    }
    this.#lastRequest = request >= 2 ** 53 ? 0 : request;
  }

  /** Details of an INVOCATION that discloses this peer as the caller. */
  get asCaller(): Dict {
    const { authid, authrole } = this.identity;
    return (this.#asCaller ??= Object.freeze({ caller: this.id, caller_authid: authid, caller_authrole: authrole }));
  }

  /** Details of an EVENT that discloses this peer as the publisher. */
  get asPublisher(): Dict {
    const { authid, authrole } = this.identity;
    return (this.#asPublisher ??= Object.freeze({
      publisher: this.id,
      publisher_authid: authid,
      publisher_authrole: authrole,
    }));
  }
}
