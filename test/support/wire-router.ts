/**
 * A router without a line of the product that says exactly what the test says: it accepts raw sockets and WebSockets, keeps
 * what a client sends, and knows no protocol. For what no sound router would do.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { WebSocketServer, type WebSocket } from "ws";
import type { SerializerName } from "@pinion/wamp/serializer";
import { rawList, rawOctets } from "./raw-message.ts";
import type { WireList } from "./wire-talk.ts";

const NAMES = ["json", "msgpack", "cbor"] as const;

/** One client's connection, from the router's side. */
export class WireClient {
  readonly serializer: SerializerName;
  readonly #send: (octets: Uint8Array) => void;
  readonly #inbox: WireList[] = [];
  readonly #waiting: ((list: WireList | undefined) => void)[] = [];
  #ended = false;

  constructor(serializer: SerializerName, send: (octets: Uint8Array) => void) {
    this.serializer = serializer;
    this.#send = send;
  }

  say(list: unknown): void {
    this.sayOctets(rawOctets(this.serializer, list));
  }

  sayOctets(octets: Uint8Array): void {
    this.#send(octets);
  }

  /** The next message, or undefined when the client has ended the connection. */
  next(): Promise<WireList | undefined> {
    const list = this.#inbox.shift();
    if (list || this.#ended) return Promise.resolve(list);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async expect(code: number): Promise<WireList> {
    const list = await this.next();
    assert.equal(list?.[0], code, JSON.stringify(list));
    return list ?? [];
  }

  async untilEnd(): Promise<WireList[]> {
    const lists: WireList[] = [];
    for (let list = await this.next(); list; list = await this.next()) lists.push(list);
    return lists;
  }

  received(octets: Uint8Array): void {
    const list = rawList(this.serializer, octets) as WireList; // every WAMP message is a list
    const first = this.#waiting.shift();
    if (first) first(list);
    else this.#inbox.push(list);
  }

  ended(): void {
    this.#ended = true;
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }
}

export class WireRouter {
  readonly urls: Readonly<Record<"rs" | "ws", string>>;
  readonly #clients: WireClient[] = [];
  readonly #waiting: ((client: WireClient) => void)[] = [];

  private constructor(urls: Readonly<Record<"rs" | "ws", string>>) {
    this.urls = urls;
  }

  static async start(t: TestContext): Promise<WireRouter> {
    const raw = createServer((socket) => router.#rawSocket(socket));
    raw.listen(0, "127.0.0.1");
    const web = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await Promise.all([once(raw, "listening"), once(web, "listening")]);
    t.after(() => {
      raw.close();
      web.close();
      for (const client of web.clients) client.terminate();
    });
    const port = (address: unknown): number => (address as { port: number }).port; // both listen on TCP
    const router = new WireRouter({
      rs: `rs://127.0.0.1:${String(port(raw.address()))}`,
      ws: `ws://127.0.0.1:${String(port(web.address()))}/ws`,
    });
    web.on("connection", (socket) => router.#webSocket(socket));
    return router;
  }

  /** The next client that connects. */
  accept(): Promise<WireClient> {
    const client = this.#clients.shift();
    return client ? Promise.resolve(client) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  #accepted(client: WireClient): void {
    const first = this.#waiting.shift();
    if (first) first(client);
    else this.#clients.push(client);
  }

  #webSocket(socket: WebSocket): void {
    const name = NAMES.find((one) => socket.protocol === `wamp.2.${one}`) ?? "json";
    const client = new WireClient(name, (octets) => socket.send(octets, { binary: name !== "json" }));
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => client.received(data));
    socket.once("close", () => client.ended());
    this.#accepted(client);
  }

  #rawSocket(socket: Socket): void {
    let held = Buffer.alloc(0) as Uint8Array;
    let client: WireClient | undefined;
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.once("close", () => client?.ended());
    socket.on("data", (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      if (!client && held.length >= 4) {
        const code = (held[1] ?? 0) & 15;
        socket.write(Uint8Array.of(0x7f, 0xf0 | code, 0, 0));
        held = held.subarray(4);
        client = new WireClient(NAMES[code - 1] ?? "json", (octets) => socket.write(framed(octets)));
        this.#accepted(client);
      }
      if (client) held = takeFrames(client, held);
    });
  }
}

/** Gives the octets of a frame that is not whole yet. */
function takeFrames(client: WireClient, octets: Uint8Array): Uint8Array {
  let rest = octets;
  while (rest.length >= 4 && rest.length >= 4 + lengthOf(rest)) {
    const end = 4 + lengthOf(rest);
    if (rest[0] === 0) client.received(rest.subarray(4, end));
    rest = rest.subarray(end);
  }
  return rest;
}

function lengthOf([, a = 0, b = 0, c = 0]: Uint8Array): number {
  return a * 65_536 + b * 256 + c;
}

function framed(octets: Uint8Array): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(octets.length);
  return Buffer.concat([prefix, octets]);
}
