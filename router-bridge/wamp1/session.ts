/**
 * One v1 connection, without I/O: greets the client, logs it in where that is asked for, and translates from then on. Owns
 * the client's prefixes and how far the login has come. Nothing is permitted before the router has said WELCOME to the v2
 * session that stands behind this one: this file decides no right, it only waits for that word.
 */
import { ErrorUri } from "@pinion/wamp";
import { piecesOf } from "./json-pieces.ts";
import { Prefixes } from "./prefixes.ts";
import { Translator, type TranslatorParts } from "./translator.ts";
import { authFailure, internal, UNAUTHORIZED } from "./v1-errors.ts";
import { parseClientMessage, v1, type CallFailure, type ClientMessage, type MessageLimits } from "./v1-message.ts";

/** The authmethod of the HELLO that asks for a challenge of v1. */
export const V1_CRA = "wamp1-cra";
/** That of v2. Its challenge is signed as one of the Autobahn flavour is, as long as its key is not salted. */
export const CRA = "wampcra";
const SALTED =
  "the router behind this relay keeps the key of this account salted, and a relay has no way to tell WAMP v1 how: " +
  "the account needs a plain key";
const PROCEDURE = "http://api.wamp.ws/procedure#";
/** RFC 6455, 7.4.1. */
const POLICY = 1008;
const MAX_AUTHKEY = 256;
/** Reasons of ABORT that say something about who tries to log in; all others say something about the router. */
const ABOUT_THE_CLIENT: ReadonlySet<string> = new Set([
  ErrorUri.authenticationDenied,
  ErrorUri.authenticationRequired,
  ErrorUri.noMatchingAuthMethod,
  ErrorUri.notAuthorized,
]);
/** What a message costs beyond its characters. */
const HELD_EACH = 64;

export interface SessionParts extends Pick<TranslatorParts, "flavour" | "uris" | "publisherReceives" | "sessionId"> {
  readonly realm: string;
  readonly ident: string;
  /** What a client is called until it has joined; only where it has to log in. */
  readonly ownId: string;
  /** Undefined: everybody joins at once, as an anonymous session. */
  readonly login: { readonly anonymous: boolean; readonly method: typeof V1_CRA | typeof CRA } | undefined;
  readonly limits: MessageLimits & {
    readonly prefixes: number;
    /** Messages that had to be dropped. */
    readonly faults: number;
    /** Characters that may come before the router has let the client in. */
    readonly held: number;
  };
  /** Raw JSON, in the shape of the flavour. */
  readonly permissions: (role: string, authid: string) => string;
  readonly ports: SessionPorts;
}

export interface SessionPorts {
  readonly toClient: (text: string) => void;
  /** Opens a v2 session; what it is told comes in by `fromRouter`. */
  readonly open: () => void;
  /** One v2 message in JSON to the session that was opened last. */
  readonly toRouter: (text: string) => void;
  readonly close: (code: number, words: string) => void;
  readonly onJoined: (joined: Joined) => void;
}

export interface Joined {
  /** What the client is called. */
  readonly v1Id: string;
  readonly v2Id: number;
  readonly role: string;
}

/** How far the login has come, with the call that waits for the next step. */
type Stage =
  | { readonly is: "joining" }
  | { readonly is: "fresh" }
  | { readonly is: "asking"; readonly callId: string }
  | { readonly is: "challenged"; readonly anonymous: boolean }
  | { readonly is: "answering"; readonly callId: string; readonly anonymous: boolean }
  | { readonly is: "joined" };

export class Session {
  readonly #parts: SessionParts;
  readonly #prefixes: Prefixes;
  readonly #translator: Translator;
  #stage: Stage;
  /** The permissions of a session that had no need to log in; told to clients that ask for them all the same. */
  #granted: string | undefined;
  #hasAskedAnyway = false;
  #faults = 0;
  #held: string[] = [];
  #heldCharacters = 0;

  constructor(parts: SessionParts) {
    const { flavour, limits, login, ports } = parts;
    this.#parts = parts;
    this.#prefixes = new Prefixes(flavour, limits.prefixes);
    this.#translator = new Translator({ ...parts, toClient: ports.toClient, toRouter: ports.toRouter });
    this.#stage = login === undefined ? { is: "joining" } : { is: "fresh" };
  }

  get joined(): boolean {
    return this.#stage.is === "joined";
  }

  /** Whether the client may try again when its v2 session has ended: it never was in. */
  get survives(): boolean {
    return this.#parts.login !== undefined && !this.joined;
  }

  start(): void {
    const { login, ownId, ident, ports } = this.#parts;
    if (login === undefined) this.#hello({ authmethods: ["anonymous"] });
    else ports.toClient(v1.welcome(ownId, ident));
  }

  fromClient(text: string): void {
    if (this.#stage.is === "joining") return this.#hold(text);
    const message = parseClientMessage(text, this.#parts.limits);
    switch (message.type) {
      case "FAULT":
        return this.#fault(message.words);
      case "PREFIX":
        if (!this.#prefixes.define(message.prefix, message.uri)) this.#fault("more prefixes than there may be");
        return;
      case "CALL":
        return this.#call({ ...message, procedure: this.#prefixes.resolve(message.procedure) });
      default:
        if (this.#stage.is !== "joined") return this.#fault(`${message.type} before authentication`);
        return this.#translator.fromClient({ ...message, topic: this.#prefixes.resolve(message.topic) });
    }
  }

  /** One v2 message in JSON, as the router marshals it. */
  fromRouter(text: string): void {
    const pieces = piecesOf(text);
    switch (pieces[0]) {
      case "2":
        return this.#welcome(pieces);
      case "3":
        return this.#aborted(pieces);
      case "4":
        return this.#challenge(pieces);
      case "6":
        return this.#parts.ports.toRouter('[6,{},"wamp.close.goodbye_and_out"]');
      default:
        if (this.#stage.is === "joined") this.#translator.fromRouter(pieces);
    }
  }

  #call(message: Extract<ClientMessage, { type: "CALL" }>): void {
    const { callId, procedure, args } = message;
    if (procedure === `${PROCEDURE}authreq`) return this.#authreq(callId, args);
    if (procedure === `${PROCEDURE}auth`) return this.#auth(callId, args);
    if (this.#stage.is !== "joined") return this.#refuse(callId, UNAUTHORIZED);
    this.#translator.fromClient(message);
  }

  #authreq(callId: string, [rawKey = "null", rawExtra = "{}"]: readonly string[]): void {
    const { login, ports } = this.#parts;
    const stage = this.#stage;
    if (this.#granted !== undefined && rawKey === "null" && !this.#hasAskedAnyway) {
      this.#hasAskedAnyway = true;
      return ports.toClient(v1.callResult(callId, "null"));
    }
    if (stage.is === "joined") return this.#refuse(callId, authFailure("already-authenticated"));
    if (stage.is !== "fresh" || login === undefined) {
      return this.#refuse(callId, authFailure("authentication-already-requested"));
    }
    const authkey: unknown = JSON.parse(rawKey);
    if (authkey === null) {
      if (!login.anonymous) return this.#refuse(callId, authFailure("anonymous-auth-forbidden"));
      this.#stage = { is: "challenged", anonymous: true };
      return ports.toClient(v1.callResult(callId, "null"));
    }
    if (typeof authkey !== "string" || authkey === "" || authkey.length > MAX_AUTHKEY) {
      return this.#refuse(callId, authFailure("invalid-argument"));
    }
    this.#stage = { is: "asking", callId };
    const extra: unknown = rawExtra.startsWith("{") ? JSON.parse(rawExtra) : {};
    this.#hello({ authmethods: [login.method], authid: authkey, authextra: extra });
  }

  #auth(callId: string, [rawSignature = "null"]: readonly string[]): void {
    const stage = this.#stage;
    const granted = this.#hasAskedAnyway ? this.#granted : undefined;
    if (granted !== undefined) {
      this.#granted = undefined;
      return this.#parts.ports.toClient(v1.callResult(callId, granted));
    }
    if (stage.is === "joined") return this.#refuse(callId, authFailure("already-authenticated"));
    if (stage.is === "answering") return this.#refuse(callId, authFailure("authentication-already-requested"));
    if (stage.is !== "challenged") return this.#refuse(callId, authFailure("no-authentication-requested"));
    const { anonymous } = stage;
    this.#stage = { is: "answering", callId, anonymous };
    if (anonymous) return this.#hello({ authmethods: ["anonymous"] });
    const given: unknown = JSON.parse(rawSignature);
    const signature = typeof given === "string" ? given : "";
    this.#parts.ports.toRouter(`[5,${JSON.stringify(signature)},{}]`);
  }

  #challenge([, , extra = "{}"]: readonly string[]): void {
    const stage = this.#stage;
    if (stage.is !== "asking") return;
    const { challenge, salt } = JSON.parse(extra) as { challenge?: unknown; salt?: unknown }; // a dict, by the router
    if (typeof challenge !== "string" || (salt ?? "") !== "") {
      this.#stage = { is: "fresh" };
      this.#parts.ports.toRouter(`[3,{},"wamp.error.authentication_failed"]`);
      return this.#refuse(stage.callId, internal(SALTED));
    }
    this.#stage = { is: "challenged", anonymous: false };
    this.#parts.ports.toClient(v1.callResult(stage.callId, JSON.stringify(challenge)));
  }

  #welcome([, id, rawDetails = "{}"]: readonly string[]): void {
    const { ownId, ident, ports, permissions } = this.#parts;
    const { authrole, authid } = JSON.parse(rawDetails) as { authrole?: unknown; authid?: unknown }; // a dict, by the router
    const stage = this.#stage;
    const role = String(authrole);
    const granted = permissions(role, String(authid));
    this.#stage = { is: "joined" };
    if (stage.is === "joining") {
      this.#granted = granted;
      ports.onJoined({ v1Id: String(id), v2Id: Number(id), role });
      ports.toClient(v1.welcome(String(id), ident));
    } else if (stage.is === "answering") {
      ports.onJoined({ v1Id: ownId, v2Id: Number(id), role });
      ports.toClient(v1.callResult(stage.callId, granted));
    }
    const held = this.#held;
    this.#held = [];
    for (const text of held) this.fromClient(text);
  }

  /** Before WELCOME: the login failed. After it the link ends, which is all that v1 can be told. */
  #aborted([, details = "{}", reason = '""']: readonly string[]): void {
    const stage = this.#stage;
    if (stage.is === "joined" || stage.is === "joining") return;
    this.#stage = { is: "fresh" };
    const waits = stage.is === "asking" || stage.is === "answering";
    if (waits && !ABOUT_THE_CLIENT.has(String(JSON.parse(reason)))) {
      const { message } = JSON.parse(details) as { message?: unknown }; // a dict, by the router
      return this.#refuse(stage.callId, internal(typeof message === "string" ? message : "nobody can log in now"));
    }
    if (stage.is === "asking") return this.#refuse(stage.callId, authFailure("no-such-authkey"));
    if (stage.is !== "answering") return;
    this.#refuse(stage.callId, authFailure(stage.anonymous ? "anonymous-auth-forbidden" : "invalid-signature"));
  }

  #hello(details: object): void {
    const { ports, realm } = this.#parts;
    ports.open();
    const roles = { caller: {}, publisher: { features: { subscriber_blackwhite_listing: true } }, subscriber: {} };
    ports.toRouter(JSON.stringify([1, realm, { roles, ...details }]));
  }

  #hold(text: string): void {
    this.#heldCharacters += text.length + HELD_EACH;
    if (this.#heldCharacters > this.#parts.limits.held) {
      return this.#parts.ports.close(POLICY, "more than is kept until the session is open");
    }
    this.#held.push(text);
  }

  #refuse(callId: string, failure: CallFailure): void {
    this.#parts.ports.toClient(v1.callError(callId, failure));
  }

  /** v1 has no answer to what is no message, so it is dropped; whoever sends nothing else is. */
  #fault(words: string): void {
    this.#faults += 1;
    if (this.#faults > this.#parts.limits.faults) {
      this.#parts.ports.close(POLICY, `too many messages had to be dropped; the last one: ${words}`);
    }
  }
}
