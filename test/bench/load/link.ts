/**
 * One connection of the load process: opened to the point where messages can cross, read into one buffer that all
 * connections share (each read is used up before the next one), written as framed octets. Knows no WAMP and no MQTT.
 */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { Endpoint } from "./endpoint.ts";
import { FrameScanner } from "./frame-scanner.ts";

const READ = Buffer.allocUnsafeSlow(256 * 1024);
const RAW_CODES = { json: 1, msgpack: 2 } as const;
/** 2^24 octets, the largest message. */
const RAW_LIMIT = 0xf0;
const OPEN_TIMEOUT = 15_000;

export class Link {
  readonly scanner: FrameScanner;
  readonly #socket: Socket;
  readonly #opened = Promise.withResolvers<void>();
  readonly #messages: Buffer[] = [];
  readonly #waiting: { resolve: (message: Buffer) => void; reject: (error: Error) => void }[] = [];
  /** What came before the transport was open. */
  #greeting: Buffer | undefined = Buffer.alloc(0);
  #fault: Error | undefined;
  /** Called after each chunk that was scanned. */
  onRead: () => void = () => {};
  onDrain: () => void = () => {};
  onClose: (error: Error) => void = () => {};

  private constructor(endpoint: Endpoint) {
    this.scanner = new FrameScanner(endpoint.framing);
    this.#collect();
    this.#socket = connect({
      host: "127.0.0.1",
      port: endpoint.port,
      noDelay: true,
      onread: {
        buffer: READ,
        callback: (length) => {
          this.#read(length);
          return true;
        },
      },
    });
    this.#socket.on("connect", () => this.#socket.write(greeting(endpoint)));
    if (endpoint.framing === "mqtt") this.#greeting = undefined;
    if (endpoint.framing === "mqtt") this.#socket.on("connect", () => this.#opened.resolve());
    this.#socket.on("drain", () => this.onDrain());
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("the connection was closed by the other side")));
  }

  /** @throws when the other side refuses, closes or says nothing for 15 s. */
  static async open(endpoint: Endpoint): Promise<Link> {
    const link = new Link(endpoint);
    const late = setTimeout(() => link.#fail(new Error(`port ${String(endpoint.port)} does not answer`)), OPEN_TIMEOUT);
    try {
      await link.#opened.promise;
    } finally {
      clearTimeout(late);
    }
    return link;
  }

  /** False: wait for `onDrain` before the next one. `done` when the octets may be overwritten. */
  write(octets: Buffer, done?: () => void): boolean {
    return this.#socket.write(octets, done);
  }

  /** The next whole message, while messages are handed out and nobody else takes them. */
  next(): Promise<Buffer> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Leaves what comes to the kernel, until it takes no more either. */
  stopReading(): void {
    this.onClose = () => {};
    this.#socket.pause();
  }

  /** Ends without a word and without an error. */
  close(): void {
    this.onClose = () => {};
    this.#socket.destroy();
  }

  #collect(): void {
    this.scanner.handOut((octets, from, to) => {
      const message = Buffer.from(octets.subarray(from, to));
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#messages.push(message);
      else waiting.resolve(message);
    });
  }

  #read(length: number): void {
    if (this.#greeting === undefined) {
      this.scanner.push(READ, length);
      this.onRead();
      return;
    }
    this.#greeting = Buffer.concat([this.#greeting, READ.subarray(0, length)]);
    const end = this.scanner.framing === "raw" ? 4 : this.#greeting.indexOf("\r\n\r\n") + 4;
    if (end < 4 || this.#greeting.length < end) return;
    const words = this.#greeting.subarray(0, end);
    const rest = Buffer.from(this.#greeting.subarray(end));
    this.#greeting = undefined;
    const refusal = refused(words, this.scanner.framing);
    if (refusal === undefined) this.#opened.resolve();
    else this.#fail(new Error(refusal));
    if (rest.length > 0) this.scanner.push(rest, rest.length);
  }

  #fail(error: Error): void {
    if (this.#fault !== undefined) return;
    this.#fault = error;
    this.#opened.reject(error);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.onClose(error);
    this.#socket.destroy();
  }
}

function greeting({ framing, serializer, path }: Endpoint): Buffer {
  if (framing === "raw") return Buffer.from([0x7f, RAW_LIMIT | RAW_CODES[serializer], 0, 0]);
  if (framing === "mqtt") return Buffer.alloc(0);
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Protocol: wamp.2.${serializer}\r\n\r\n`,
  );
}

function refused(words: Buffer, framing: string): string | undefined {
  if (framing === "raw")
    return ((words[1] ?? 0) & 0x0f) === 0 ? `raw-socket handshake: ${words.toString("hex")}` : undefined;
  const head = words.toString("latin1");
  return head.startsWith("HTTP/1.1 101") ? undefined : `WebSocket upgrade: ${head}`;
}
