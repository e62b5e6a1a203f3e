/**
 * The protocol of one session, from HELLO to its end, as a state machine (spec "Sessions"). Owns the phase, the request
 * ids and the requests that wait for an answer. Knows no time, no promises, no reconnect and no declared state: whoever
 * drives it feeds messages in, enforces the limits of time, and is told of everything through `SessionListener`.
 *
 * The port must not deliver messages from inside `send`.
 */
import { CloseUri, ErrorUri } from "../error-uri.ts";
import { ApplicationError, ProtocolViolation, UsageError } from "../errors.ts";
import { type RequestId, RequestIds, toId } from "../id.ts";
import type {
  Abort,
  Challenge,
  Dict,
  ErrorMessage,
  Event,
  Goodbye,
  Interrupt,
  Invocation,
  Message,
  Published,
  Registered,
  Result,
  Subscribed,
  Unregistered,
  Unsubscribed,
} from "../message.ts";
import { noPayload } from "../payload.ts";
import { isUri, type Uri } from "../uri.ts";
import type { ChallengeAnswer } from "./client-options.ts";
import type { JoinedSession } from "./client-status.ts";
import type { Part } from "./further-parts.ts";
import { openedPayload } from "./passthru.ts";

export type SessionPhase = "new" | "establishing" | "authenticating" | "established" | "shutting_down" | "ended";

/** The half of a transport that a session needs. */
export interface SessionPort {
  send(message: Message): boolean;
  /** Sends what is queued, then ends. */
  close(): void;
}

/** How a session ended, once. `error` is absent when this side asked for it. */
export interface SessionEnd {
  readonly error: Error | undefined;
  /** For people: who ended it and why. */
  readonly words: string;
}

export interface Revocation {
  readonly kind: "registration" | "subscription";
  readonly id: number;
  readonly reason: string;
}

export interface SessionListener {
  onChallenge(challenge: Challenge): void;
  onJoined(joined: JoinedSession): void;
  onEvent(event: Event): void;
  onInvocation(invocation: Invocation): void;
  onInterrupt(interrupt: Interrupt): void;
  onRevoked(revocation: Revocation): void;
  onEnd(end: SessionEnd): void;
}

/** The requests of a client that are answered; each has its code for ERROR.RequestType. */
const REQUEST_CODE = { PUBLISH: 16, SUBSCRIBE: 32, UNSUBSCRIBE: 34, CALL: 48, REGISTER: 64, UNREGISTER: 66 } as const;
const INVOCATION_CODE = 68;
const ANSWERED_BY = {
  PUBLISHED: "PUBLISH",
  SUBSCRIBED: "SUBSCRIBE",
  UNSUBSCRIBED: "UNSUBSCRIBE",
  RESULT: "CALL",
  REGISTERED: "REGISTER",
  UNREGISTERED: "UNREGISTER",
} as const;

export type RequestType = keyof typeof REQUEST_CODE;
export type Reply = Published | Subscribed | Unsubscribed | Result | Registered | Unregistered;

/** One request in flight. Exactly one of onReply, onError and onLost is called, at most once. */
export interface PendingRequest {
  readonly type: RequestType;
  onReply(reply: Reply): void;
  /** A progressive result, any number of times before; without it they are ignored. */
  onProgress?(result: Result): void;
  onError(error: ApplicationError): void;
  /** The session ended first: whether the router acted on the request is unknown. */
  onLost(end: SessionEnd): void;
}

export class ClientSession {
  readonly #port: SessionPort;
  readonly #listener: SessionListener;
  readonly #realm: Uri;
  readonly #ids = new RequestIds();
  readonly #pending = new Map<number, PendingRequest>();
  #phase: SessionPhase = "new";
  #joined: JoinedSession | undefined;
  /** A CHALLENGE is being answered. */
  #answering = false;

  constructor(realm: Uri, port: SessionPort, listener: SessionListener) {
    this.#realm = realm;
    this.#port = port;
    this.#listener = listener;
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  get joined(): JoinedSession | undefined {
    return this.#joined;
  }

  join(details: Dict): void {
    this.#phase = "establishing";
    this.#port.send({ type: "HELLO", realm: this.#realm, details });
  }

  /** Answers the last CHALLENGE; ignored when the session has moved on. */
  authenticate(answer: ChallengeAnswer): void {
    if (this.#phase !== "authenticating") return;
    this.#answering = false;
    this.#port.send({ type: "AUTHENTICATE", signature: answer.signature, extra: answer.extra ?? {} });
  }

  /**
   * Sends a request under the next id. Throws what the port throws; then nothing was sent and no id was used, because a
   * gap in the ids would end the session.
   */
  request(pending: PendingRequest, build: (request: RequestId) => Message): RequestId {
    if (this.#phase !== "established") throw new UsageError("not_connected", "there is no session to send this on");
    const request = toId<RequestId>(this.#ids.expected);
    this.#port.send(build(request));
    this.#ids.next();
    this.#pending.set(request, pending);
    return request;
  }

  /** Sends a request that is never answered (PUBLISH without acknowledgement). Throws like `request`. */
  announce(build: (request: RequestId) => Message): void {
    if (this.#phase !== "established") throw new UsageError("not_connected", "there is no session to send this on");
    this.#port.send(build(toId<RequestId>(this.#ids.expected)));
    this.#ids.next();
  }

  /** Stops waiting for an answer. What still comes is ignored. */
  forget(request: RequestId): void {
    this.#pending.delete(request);
  }

  /** CANCEL, YIELD and ERROR: no id of their own, no answer. Ignored when the session is not established. */
  tell(message: Message): void {
    if (this.#phase === "established") this.#port.send(message);
  }

  /** Starts the closing handshake. The end follows with the router's GOODBYE, its ABORT, or the transport's end. */
  goodbye(reason: Uri, message: string | undefined): void {
    if (this.#phase !== "established") return;
    this.#phase = "shutting_down";
    this.#loseAll({ error: undefined, words: `the session was closed by this side (${reason})` });
    this.#port.send({ type: "GOODBYE", details: message === undefined ? {} : { message }, reason });
  }

  /** Ends the session from this side with ABORT, in any phase. */
  abort(error: Error, reason: Uri = ErrorUri.protocolViolation): void {
    if (this.#phase === "ended") return;
    const details: Dict = { message: error.message };
    try {
      this.#port.send({ type: "ABORT", details, reason, payload: noPayload });
    } catch {
      // The reason is lost, the end is not: the port is closed below.
    }
    this.#end({ error, words: `${error.message} (${reason})` });
  }

  /** The transport ended, or whoever drives the session has given it up. */
  lost(error: Error | undefined): void {
    if (this.#phase === "shutting_down") this.#end({ error: undefined, words: "closed" });
    else {
      const cause = error ?? new ApplicationError(ErrorUri.networkFailure, ["the router closed the connection"]);
      this.#end({ error: cause, words: cause.message });
    }
  }

  receive(message: Message): void {
    switch (this.#phase) {
      case "new":
      case "ended":
        return;
      case "establishing":
      case "authenticating":
        this.#receiveWhileJoining(message);
        return;
      case "established":
        this.#receiveEstablished(message);
        return;
      case "shutting_down":
        if (message.type === "GOODBYE" || message.type === "ABORT") this.#end({ error: undefined, words: "closed" });
    }
  }

  #receiveWhileJoining(message: Message): void {
    switch (message.type) {
      case "WELCOME":
        this.#phase = "established";
        this.#joined = { id: message.session, realm: this.#realmOf(message.details), details: message.details };
        this.#listener.onJoined(this.#joined);
        return;
      case "CHALLENGE":
        // answers may cost much to compute, so there is one at a time
        if (this.#answering)
          return this.abort(new ProtocolViolation("the router sent CHALLENGE twice without waiting"));
        this.#answering = true;
        this.#phase = "authenticating";
        this.#listener.onChallenge(message);
        return;
      case "ABORT":
        this.#endedByPeer(message, "the router refused the session");
        return;
      default:
        this.abort(new ProtocolViolation(`the router sent ${message.type} before WELCOME`));
    }
  }

  #receiveEstablished(message: Message): void {
    switch (message.type) {
      case "EVENT":
        this.#listener.onEvent(message);
        return;
      case "INVOCATION":
        this.#listener.onInvocation(message);
        return;
      case "INTERRUPT":
        this.#listener.onInterrupt(message);
        return;
      case "PUBLISHED":
      case "SUBSCRIBED":
      case "REGISTERED":
        this.#answer(message.request, message);
        return;
      case "RESULT":
        if (message.details["progress"] === true) this.#progress(message);
        else this.#answer(message.request, message);
        return;
      case "UNSUBSCRIBED":
      case "UNREGISTERED":
        if (message.request === 0) this.#revoked(message);
        else this.#answer(message.request, message);
        return;
      case "ERROR":
        this.#refuse(message);
        return;
      case "GOODBYE":
        this.#port.send({ type: "GOODBYE", details: {}, reason: CloseUri.goodbyeAndOut });
        this.#endedByPeer(message, "the router closed the session");
        return;
      case "ABORT":
        this.#endedByPeer(message, "the router aborted the session");
        return;
      default:
        this.abort(new ProtocolViolation(`the router sent ${message.type} in an established session`));
    }
  }

  #answer(request: RequestId, reply: Reply): void {
    const pending = this.#take(request, ANSWERED_BY[reply.type], reply.type);
    pending?.onReply(reply);
  }

  /** The request goes on waiting. */
  #progress(result: Result): void {
    const pending = this.#pending.get(result.request);
    if (pending?.type === "CALL") pending.onProgress?.(result);
    else this.#answer(result.request, result);
  }

  #refuse(message: ErrorMessage): void {
    if (message.requestType === INVOCATION_CODE) {
      this.abort(new ProtocolViolation("the router sent ERROR for an INVOCATION, which is its own request"));
      return;
    }
    const type = Object.entries(REQUEST_CODE).find(([, code]) => code === message.requestType)?.[0];
    // Some routers answer CANCEL (49) and YIELD (70) with ERROR; neither waits for one.
    if (type === undefined) return;
    const pending = this.#take(message.request, type, "ERROR");
    pending?.onError(errorOf(message));
  }

  /** The request that `request` names. A second answer, or one that was given up, is no violation and finds nothing. */
  #take(request: RequestId, type: string, answer: string): PendingRequest | undefined {
    const pending = this.#pending.get(request);
    if (pending && pending.type === type) {
      this.#pending.delete(request);
      return pending;
    }
    if (pending) {
      this.abort(new ProtocolViolation(`the router answered ${pending.type} ${request} with ${answer} for ${type}`));
    } else if (request >= this.#ids.expected) {
      this.abort(new ProtocolViolation(`the router sent ${answer} for request ${request}, which was never made`));
    }
    return undefined;
  }

  #revoked(message: Unsubscribed | Unregistered): void {
    const kind = message.type === "UNSUBSCRIBED" ? "subscription" : "registration";
    const id = message.details?.[kind];
    const reason = message.details?.["reason"];
    if (typeof id !== "number") return;
    this.#listener.onRevoked({ kind, id, reason: typeof reason === "string" ? reason : "no reason given" });
  }

  #realmOf(details: Dict): Uri {
    const realm = details["realm"];
    return typeof realm === "string" && isUri(realm) ? realm : this.#realm;
  }

  #endedByPeer(message: Abort | Goodbye, words: string): void {
    const text = message.details["message"];
    const args = message.type === "ABORT" ? message.payload.args : [];
    const error = new ApplicationError(message.reason, typeof text === "string" ? [text, ...args] : args);
    this.#end({ error, words: `${words}: ${error.message}` });
  }

  #end(end: SessionEnd): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#loseAll(end);
    this.#port.close();
    this.#listener.onEnd(end);
  }

  #loseAll(end: SessionEnd): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const request of pending) request.onLost(end);
  }
}

/** An opaque payload that cannot be read takes nothing away from the error. */
function errorOf({ error, details, payload }: ErrorMessage): ApplicationError {
  let { args, kwargs }: Part = payload;
  try {
    ({ args, kwargs } = openedPayload(details, payload));
  } catch (fault) {
    if (!(fault instanceof ApplicationError)) throw fault;
  }
  return new ApplicationError(error, args, kwargs);
}
