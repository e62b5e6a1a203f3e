/**
 * The long-poll side of a port (spec, "HTTP Longpoll"): judges each request (path, Host, Origin, type, length), opens
 * transports under ids that nobody can guess, and passes bodies on. Owns the transports by id; must not know what they carry.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import { batchedSubprotocol, protocolByName, type SerializerName, serializers } from "@pinion/wamp/serializer";
import type { LongPollConfig } from "../config-schema.ts";
import type { Link } from "../link.ts";
import type { FoldedLog } from "../log.ts";
import { type ConnectionFacts, isForwarded } from "./connection-facts.ts";
import { LongPollLink } from "./long-poll-link.ts";
import { BodyFault, readBody } from "./read-body.ts";
import { hostFault, originFault, type OriginRules } from "./same-origin.ts";

export interface LongPollsOptions extends LongPollConfig {
  readonly rules: OriginRules;
  readonly folded: FoldedLog;
  readonly onLink: (link: Link) => void;
  /** Told of each refusal, for the counters. */
  readonly onRefused: () => void;
}

const ID_OCTETS = 24;
const OPEN_OCTETS = 4096;
/** Requests to send that one transport may have under way: they are taken in the order in which they came. */
const SENDS = 16;
const ANY_TYPE = "application/octet-stream";
const TYPES: Readonly<Record<SerializerName, readonly string[]>> = {
  json: ["application/json", "text/plain", ANY_TYPE],
  msgpack: ["application/x-msgpack", "application/msgpack", "application/vnd.msgpack", ANY_TYPE],
  cbor: ["application/cbor", ANY_TYPE],
};

interface Transport {
  readonly link: LongPollLink;
  /** Resolves when what was sent so far has been taken. */
  sent: Promise<void>;
  sends: number;
}

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, words: string) {
    super(words);
    this.status = status;
  }
}

export class LongPolls {
  readonly #options: LongPollsOptions;
  readonly #transports = new Map<string, Transport>();

  constructor(options: LongPollsOptions) {
    this.#options = options;
  }

  /** Whether a request is for this path and not for the pages. */
  owns(request: IncomingMessage): boolean {
    const path = pathOf(request);
    return path === this.#options.path || path.startsWith(`${this.#options.path}/`);
  }

  /** Answers one request, sooner or later. */
  answer(request: IncomingMessage, response: ServerResponse, facts: ConnectionFacts): void {
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Content-Type-Options", "nosniff");
    this.#serve(request, response, facts).catch((error: unknown) => {
      const refusal = error instanceof Refusal || error instanceof BodyFault;
      const words = refusal ? error.message : "the router failed on this request";
      this.#options.folded.warn("long_poll_refused", { peer: facts.address, path: this.#options.path }, words);
      this.#options.onRefused();
      if (response.headersSent || response.destroyed) {
        response.destroy();
        return;
      }
      // what is left of a body that nobody wants must not be taken for the next request
      if (!request.complete) response.setHeader("Connection", "close");
      response.statusCode = refusal ? error.status : 500;
      response.setHeader("Content-Type", "text/plain; charset=utf-8");
      response.end(`${words}\n`);
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse, facts: ConnectionFacts): Promise<void> {
    this.#judge(request, response);
    if (request.method === "OPTIONS") return this.#preflight(response);
    if (request.method !== "POST") {
      response.setHeader("Allow", "POST");
      throw new Refusal(405, `${String(request.method)} is not possible here; long-poll requests are all POST`);
    }
    const [, id = "", verb, ...more] = pathOf(request).slice(this.#options.path.length).split("/");
    if (verb === undefined && id === "open") return await this.#open(request, response, facts);
    const transport = this.#transports.get(id);
    if (more.length > 0 || verb === undefined || !["send", "receive", "close"].includes(verb)) {
      const { path } = this.#options;
      throw new Refusal(404, `there is ${path}/open, and ${path}/<transport>/send, receive and close`);
    }
    if (transport === undefined || transport.link.ended) throw new Refusal(404, "there is no such transport any more");
    if (verb === "send") return await this.#send(transport, request, response);
    await readBody(request, OPEN_OCTETS);
    if (verb === "receive") return transport.link.receive(response);
    this.#sayEmpty(response);
    transport.link.abort("the peer closed the transport");
  }

  /** The same questions that a WebSocket is asked. */
  #judge(request: IncomingMessage, response: ServerResponse): void {
    const { socket, headers } = request;
    const { host, origin } = headers;
    const facts = { host, origin, tls: socket instanceof TLSSocket, localAddress: socket.localAddress };
    const fault = hostFault(facts, this.#options.rules) ?? originFault(facts, this.#options.rules);
    if (fault !== undefined) throw new Refusal(403, fault);
    if (origin === undefined) return;
    response.setHeader("Access-Control-Allow-Origin", origin);
    response.setHeader("Vary", "Origin");
  }

  #preflight(response: ServerResponse): void {
    response.setHeader("Access-Control-Allow-Methods", "POST");
    response.setHeader("Access-Control-Allow-Headers", "content-type");
    response.setHeader("Access-Control-Max-Age", "600");
    response.statusCode = 204;
    response.end();
  }

  async #open(request: IncomingMessage, response: ServerResponse, facts: ConnectionFacts): Promise<void> {
    checkType(request, ["application/json"]);
    const name = choose(await readBody(request, OPEN_OCTETS));
    const protocol = protocolByName(name);
    if (protocol === undefined) throw noProtocol();
    const { sessions, maxBatch, receiveTimeout, idleTimeout } = this.#options;
    if (this.#transports.size >= sessions) {
      throw new Refusal(503, `this router holds ${String(sessions)} long-poll transports already; try again later`);
    }
    const id = randomBytes(ID_OCTETS).toString("base64url");
    const local = facts.local && !isForwarded(request);
    const link = new LongPollLink({
      ...protocol,
      // it goes on over other connections, so a login cannot be bound to this one
      info: { ...facts, channelId: undefined, transport: "long-poll", local },
      maxBatch,
      receiveTimeout,
      idleTimeout,
      sayEmpty: (to, status) => this.#sayEmpty(to, status),
      onEnd: () => this.#transports.delete(id),
    });
    this.#transports.set(id, { link, sent: Promise.resolve(), sends: 0 });
    this.#options.onLink(link);
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ protocol: name, transport: id }));
  }

  async #send(transport: Transport, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { link } = transport;
    checkType(request, TYPES[link.serializer.name]);
    if (transport.sends >= SENDS) throw new Refusal(429, `${String(SENDS)} requests to send are under way already`);
    transport.sends += 1;
    const before = transport.sent;
    const taken = readBody(request, this.#options.maxMessage).then(async (body) => {
      await before;
      if (link.farewell === undefined) await link.take(body);
    });
    transport.sent = taken.catch(() => {
      // who sent it is told below; what came before and after it is none of its concern
    });
    try {
      await taken;
    } catch (error) {
      // a message is missing now, and the transport promises all of them
      link.abort("a message that the peer sent could not be read");
      throw error;
    } finally {
      transport.sends -= 1;
    }
    if (link.farewell !== undefined) throw new Refusal(400, `the session has ended: ${link.farewell}`);
    this.#sayEmpty(response);
  }

  #sayEmpty(response: ServerResponse, status: number = this.#options.emptyStatus): void {
    response.statusCode = status;
    if (status !== 204) response.setHeader("Content-Length", 0);
    response.end();
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

/** Who sends no type is believed. */
function checkType(request: IncomingMessage, allowed: readonly string[]): void {
  const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === undefined || allowed.includes(type)) return;
  throw new Refusal(415, `${JSON.stringify(type)} is not taken here; it is ${allowed.join(" or ")}`);
}

/** The first of the offered protocols that is spoken. */
function choose(body: Uint8Array): string {
  let offer: unknown;
  try {
    offer = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new Refusal(400, 'the body has to be a JSON object such as {"protocols": ["wamp.2.json"]}');
  }
  const protocols = typeof offer === "object" && offer !== null && "protocols" in offer ? offer.protocols : undefined;
  if (!Array.isArray(protocols)) throw new Refusal(400, "the body has to list protocols");
  const name = protocols.find((one) => typeof one === "string" && protocolByName(one) !== undefined) as unknown; // of any[]
  if (typeof name !== "string") throw noProtocol();
  return name;
}

function noProtocol(): Refusal {
  const known = Object.values(serializers);
  const spoken = [...known.map(({ subprotocol }) => subprotocol), ...known.map(batchedSubprotocol)];
  return new Refusal(400, `none of these is offered in protocols: ${spoken.join(", ")}`);
}
