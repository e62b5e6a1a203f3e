/**
 * What a v1 client does once it has joined, as messages of an ordinary v2 session, and what that session is told, as v1.
 * Owns the requests that wait, and which topics the client named how. It must not know how anybody logs in, nor transports.
 */
import { piecesOf } from "./json-pieces.ts";
import type { UriMap } from "./uri-map.ts";
import { failureFrom, notFound } from "./v1-errors.ts";
import { v1, type ClientMessage, type Flavour } from "./v1-message.ts";
import { packed, payloadFrom } from "./values.ts";

export interface TranslatorParts {
  readonly flavour: Flavour;
  readonly uris: UriMap;
  /** Of a PUBLISH that does not say so. */
  readonly publisherReceives: boolean;
  /** The v2 id of a session by what v1 clients call it; undefined for one that is not there. */
  readonly sessionId: (v1Id: string) => number | undefined;
  readonly toClient: (text: string) => void;
  /** One v2 message in JSON. */
  readonly toRouter: (text: string) => void;
}

/** How many names one client may have for one topic at a time. */
const NAMES_OF_TOPIC = 16;

interface Topic {
  /** As the client named it, prefixes resolved. */
  readonly names: Set<string>;
  readonly topic: string;
  /** Undefined until the router has answered. */
  subscription: number | undefined;
}

export class Translator {
  readonly #parts: TranslatorParts;
  #lastRequest = 0;
  /** v1 call ids by v2 request. */
  readonly #calls = new Map<number, string>();
  readonly #topics = new Map<string, Topic>();
  readonly #subscribing = new Map<number, Topic>();
  readonly #subscriptions = new Map<number, Topic>();

  constructor(parts: TranslatorParts) {
    this.#parts = parts;
  }

  /** URIs are resolved already. */
  fromClient(message: Exclude<ClientMessage, { type: "PREFIX" }>): void {
    switch (message.type) {
      case "CALL":
        return this.#call(message);
      case "SUBSCRIBE":
        return this.#subscribe(message.topic);
      case "UNSUBSCRIBE":
        return this.#unsubscribe(message.topic);
      case "PUBLISH":
        return this.#publish(message);
    }
  }

  /** `pieces`: the raw elements of a v2 message, its type first. */
  fromRouter(pieces: readonly string[]): void {
    switch (pieces[0]) {
      case "8":
        return this.#refused(pieces);
      case "33":
        return this.#subscribed(pieces);
      case "35":
        return this.#revoked(pieces);
      case "36":
        return this.#event(pieces);
      case "50":
        return this.#result(pieces);
      default:
    }
  }

  #call({ callId, procedure, args }: Extract<ClientMessage, { type: "CALL" }>): void {
    const { uris, flavour, toClient } = this.#parts;
    const name = uris.toV2(procedure);
    if (name === undefined) return toClient(v1.callError(callId, notFound(flavour)));
    const request = this.#nextRequest();
    this.#calls.set(request, callId);
    this.#send(48, request, "{}", JSON.stringify(name), ...payloadPieces(args));
  }

  #subscribe(name: string): void {
    const topic = this.#parts.uris.toV2(name);
    if (topic === undefined) return;
    const known = this.#topics.get(topic);
    if (known !== undefined) {
      if (known.names.size < NAMES_OF_TOPIC) known.names.add(name);
      return;
    }
    const entry: Topic = { names: new Set([name]), topic, subscription: undefined };
    const request = this.#nextRequest();
    this.#topics.set(topic, entry);
    this.#subscribing.set(request, entry);
    this.#send(32, request, "{}", JSON.stringify(topic));
  }

  #unsubscribe(name: string): void {
    const topic = this.#parts.uris.toV2(name);
    const entry = topic === undefined ? undefined : this.#topics.get(topic);
    if (entry === undefined || !entry.names.delete(name) || entry.names.size > 0) return;
    // one that the router has not answered yet is left as soon as it has
    if (entry.subscription === undefined) return;
    this.#leave(entry, entry.subscription);
  }

  #leave(entry: Topic, subscription: number): void {
    this.#topics.delete(entry.topic);
    this.#subscriptions.delete(subscription);
    this.#send(34, this.#nextRequest(), String(subscription));
  }

  #publish({ topic, event, ...receivers }: Extract<ClientMessage, { type: "PUBLISH" }>): void {
    const name = this.#parts.uris.toV2(topic);
    if (name === undefined) return;
    const options = JSON.stringify(this.#options(receivers));
    this.#send(16, this.#nextRequest(), options, JSON.stringify(name), ...payloadPieces([event]));
  }

  /** Who is no session receives nothing and excludes nobody. */
  #options({ excludeMe, exclude, eligible }: Receivers): object {
    const { flavour, publisherReceives, sessionId } = this.#parts;
    const ids = (names: readonly string[]): number[] => names.flatMap((one) => sessionId(one) ?? []);
    const onlyEligible = flavour === "clj-wamp" && eligible !== undefined;
    const excludesMe = excludeMe ?? (exclude === undefined && !publisherReceives);
    return {
      exclude_me: onlyEligible ? false : excludesMe,
      ...(exclude === undefined || onlyEligible ? {} : { exclude: ids(exclude) }),
      ...(eligible === undefined ? {} : { eligible: ids(eligible) }),
    };
  }

  #refused([, , request, , uri, args, kwargs]: readonly string[]): void {
    const id = Number(request);
    const topic = this.#subscribing.get(id);
    if (topic !== undefined) {
      this.#subscribing.delete(id);
      this.#topics.delete(topic.topic);
    }
    const callId = this.#calls.get(id);
    if (callId === undefined || uri === undefined) return;
    this.#calls.delete(id);
    const { uris, flavour, toClient } = this.#parts;
    toClient(v1.callError(callId, failureFrom({ uri: String(JSON.parse(uri)), args, kwargs }, uris, flavour)));
  }

  #result([, request, , args, kwargs]: readonly string[]): void {
    const callId = this.#calls.get(Number(request));
    if (callId === undefined) return;
    this.#calls.delete(Number(request));
    this.#parts.toClient(v1.callResult(callId, packed(args, kwargs)));
  }

  #subscribed([, request, subscription]: readonly string[]): void {
    const entry = this.#subscribing.get(Number(request));
    if (entry === undefined) return;
    this.#subscribing.delete(Number(request));
    entry.subscription = Number(subscription);
    this.#subscriptions.set(entry.subscription, entry);
    if (entry.names.size === 0) this.#leave(entry, entry.subscription);
  }

  /** Somebody with the right to do so took a subscription away. */
  #revoked([, request, details]: readonly string[]): void {
    if (request !== "0" || details === undefined) return;
    const found = piecesOf(details).find((piece) => piece.startsWith('"subscription"'));
    const id = Number(found?.split(":")[1]);
    const entry = this.#subscriptions.get(id);
    if (entry === undefined) return;
    this.#subscriptions.delete(id);
    this.#topics.delete(entry.topic);
  }

  #event([, subscription, , , args, kwargs]: readonly string[]): void {
    const entry = this.#subscriptions.get(Number(subscription));
    if (entry === undefined) return;
    const value = packed(args, kwargs);
    for (const name of entry.names) this.#parts.toClient(v1.event(name, value));
  }

  #nextRequest(): number {
    this.#lastRequest += 1;
    return this.#lastRequest;
  }

  #send(...elements: (string | number)[]): void {
    this.#parts.toRouter(`[${elements.join(",")}]`);
  }
}

type Receivers = Pick<Extract<ClientMessage, { type: "PUBLISH" }>, "excludeMe" | "exclude" | "eligible">;

function payloadPieces(values: readonly string[]): string[] {
  const { args, kwargs } = payloadFrom(values);
  if (piecesOf(kwargs).length > 0) return [args, kwargs];
  return piecesOf(args).length > 0 ? [args] : [];
}
