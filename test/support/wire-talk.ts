/**
 * One WAMP connection without a line of the product: octets are made and read by other people's codecs, frames of the raw
 * socket by hand, WebSockets by `ws`. It says exactly what the test says, however wrong, and keeps what comes.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { WebSocket } from "ws";
import type { SerializerName } from "@pinion/wamp/serializer";
import { rawList, rawOctets } from "./raw-message.ts";

const CODES = { json: 1, msgpack: 2, cbor: 3 } as const;

/** A list as it came; 64-bit integers of MessagePack are brought to numbers. */
export type WireList = readonly unknown[];

interface Wire {
  send(octets: Uint8Array): void;
  destroy(): void;
}

export class WireTalk {
  readonly serializer: SerializerName;
  readonly #inbox: WireList[] = [];
  readonly #waiting: ((list: WireList | undefined) => void)[] = [];
  #wire: Wire | undefined;
  /** Of a WebSocket; 0 for a raw socket; the last status of a long-poll. Undefined while it is open. */
  closeCode: number | undefined;

  private constructor(serializer: SerializerName) {
    this.serializer = serializer;
  }

  /** `rs://host:port`, `ws://host:port/path`, or `lp://host:port/path` for long-poll. */
  static async open(
    t: Pick<TestContext, "after">,
    url: string,
    serializer: SerializerName = "json",
  ): Promise<WireTalk> {
    const talk = new WireTalk(serializer);
    const { hostname, port, protocol } = new URL(url);
    if (protocol === "ws:") talk.#wire = await talk.#webSocket(url);
    else if (protocol === "lp:") talk.#wire = await talk.#longPoll(url.replace("lp:", "http:"));
    else talk.#wire = await talk.#rawSocket(hostname, Number(port));
    t.after(() => talk.destroy());
    return talk;
  }

  send(list: unknown): void {
    this.sendOctets(rawOctets(this.serializer, list));
  }

  /** One message of these octets. */
  sendOctets(octets: Uint8Array): void {
    this.#wire?.send(octets);
  }

  /** The next message. Fails when the connection ends instead. */
  async next(): Promise<WireList> {
    const list = await this.nextOrEnd();
    assert.ok(list, "the connection ended");
    return list;
  }

  /** The next message, or undefined when the connection has ended. */
  nextOrEnd(): Promise<WireList | undefined> {
    const list = this.#inbox.shift();
    if (list !== undefined || this.closeCode !== undefined) return Promise.resolve(list);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Everything that comes until the other side ends the connection. */
  async untilEnd(): Promise<WireList[]> {
    const lists: WireList[] = [];
    for (let list = await this.nextOrEnd(); list; list = await this.nextOrEnd()) lists.push(list);
    return lists;
  }

  /** HELLO and WELCOME. */
  async join(realm = "realm1"): Promise<this> {
    this.send([1, realm, { roles: { caller: {}, callee: {}, publisher: {}, subscriber: {} } }]);
    assert.equal((await this.next())[0], 2, "WELCOME");
    return this;
  }

  destroy(): void {
    this.#wire?.destroy();
  }

  #received(octets: Uint8Array): void {
    const list = plain(rawList(this.serializer, octets)) as WireList; // every WAMP message is a list
    const first = this.#waiting.shift();
    if (first) first(list);
    else this.#inbox.push(list);
  }

  #ended(code: number): void {
    this.closeCode ??= code;
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }

  /** Gives the octets of a frame that is not whole yet. */
  #takeFrames(octets: Uint8Array): Uint8Array {
    let rest = octets;
    for (;;) {
      const [type, a = 0, b = 0, c = 0] = rest;
      const end = 4 + a * 65_536 + b * 256 + c;
      if (rest.length < 4 || rest.length < end) return rest;
      if (type === 0) this.#received(rest.subarray(4, end));
      rest = rest.subarray(end);
    }
  }

  async #rawSocket(host: string, port: number): Promise<Wire> {
    const socket: Socket = connect({ host, port });
    socket.on("error", () => undefined);
    socket.once("close", () => this.#ended(0));
    await once(socket, "connect");
    socket.setNoDelay(true);
    socket.write(Uint8Array.of(0x7f, 0xf0 | CODES[this.serializer], 0, 0));
    let held: Uint8Array = new Uint8Array(0);
    const shaken = Promise.withResolvers<void>();
    let open = false;
    socket.on("data", (chunk: Buffer) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      if (!open && held.length >= 4) {
        open = true;
        shaken.resolve();
        held = held.subarray(4);
      }
      if (open) held = this.#takeFrames(held);
    });
    await shaken.promise;
    const send = (octets: Uint8Array): void => {
      const prefix = Buffer.alloc(4);
      prefix.writeUInt32BE(octets.length);
      socket.write(Buffer.concat([prefix, octets]));
    };
    return { send, destroy: () => socket.destroy() };
  }

  async #longPoll(url: string): Promise<Wire> {
    const opening = await post(`${url}/open`, JSON.stringify({ protocols: [`wamp.2.${this.serializer}`] }));
    const { transport } = JSON.parse(opening.body.toString()) as { transport: string }; // the spec's answer
    const at = `${url}/${transport}`;
    const receive = async (): Promise<void> => {
      const { status, body } = await post(`${at}/receive`, "");
      if (status === 200) this.#received(body);
      if (status > 299) return this.#ended(status);
      return receive();
    };
    receive().catch(() => this.#ended(0));
    let sent: Promise<unknown> = Promise.resolve();
    return {
      send: (octets) => {
        sent = sent.then(() => post(`${at}/send`, octets)).catch(() => undefined);
      },
      destroy: () => void sent.then(() => post(`${at}/close`, "")).catch(() => undefined),
    };
  }

  async #webSocket(url: string): Promise<Wire> {
    const socket = new WebSocket(url, [`wamp.2.${this.serializer}`]);
    socket.on("error", () => undefined);
    socket.once("close", (code) => this.#ended(code));
    socket.on("message", (data: Buffer) => this.#received(data));
    await once(socket, "open");
    const binary = this.serializer !== "json";
    return { send: (octets) => socket.send(octets, { binary }), destroy: () => socket.terminate() };
  }
}

/** One request on a connection of its own. */
async function post(url: string, body: string | Uint8Array): Promise<{ status: number; body: Buffer }> {
  const asked = request(url, { method: "POST", agent: false, headers: { "content-length": Buffer.byteLength(body) } });
  asked.end(body);
  const answered = Promise.withResolvers<{ status: number; body: Buffer }>();
  asked.on("error", answered.reject);
  asked.on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", answered.reject);
    response.on("end", () => answered.resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
  });
  return answered.promise;
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
