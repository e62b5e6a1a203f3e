/**
 * A raw socket, as the framing room opened it, seen as a link; also what that one reports to, since each idle session has
 * one of these. Owns nothing but the farewell's words, and looks at a message only to learn from HELLO whether this peer may
 * be sent a PING.
 */
import { answersPings } from "@pinion/client";
import { serializerByRawSocketCode, type Serializer } from "@pinion/wamp/serializer";
import { MAX_STANDARD_LENGTH } from "net-socket-raw-framing";
import type { RawSocketConnection, RawSocketHandlers, RunHandlers } from "net-socket-raw-framing/node";
import type { Socket } from "node:net";
import type { Encoded } from "../encoded.ts";
import type { Farewell, Link, LinkHandlers } from "../link.ts";
import type { PeerInfo } from "../router/index.ts";

/** Messages up to this are sent as one shared frame; larger ones without being copied. */
const SHARED_FRAME = 4096;

export class RawSocketLink implements Link, RawSocketHandlers {
  readonly serializer: Serializer;
  readonly info: PeerInfo;
  readonly maxSend: number;
  readonly #connection: RawSocketConnection;
  readonly #open: Set<Socket> | undefined;
  #handlers: LinkHandlers | undefined;
  #farewell: string | undefined;
  #acquainted = false;

  /**
   * `open`: the set that the socket is taken out of when it closes.
   * @throws RangeError if the connection agreed on a serializer that nobody here offers.
   */
  constructor(connection: RawSocketConnection, facts: Omit<PeerInfo, "transport">, open?: Set<Socket>) {
    const serializer = serializerByRawSocketCode(connection.serializer);
    if (serializer === undefined) throw new RangeError(`no serializer has code ${String(connection.serializer)}`);
    this.serializer = serializer;
    this.info = { ...facts, transport: "raw-socket" };
    // one octet less than the wire's end: no other implementation reads the 25th length bit
    this.maxSend = Math.min(connection.maxSend, MAX_STANDARD_LENGTH - 1);
    this.#connection = connection;
    this.#open = open;
  }

  get bufferedAmount(): number {
    return this.#connection.bufferedAmount;
  }

  start(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    this.#connection.start(this);
  }

  /** From the connection. */
  onMessage(octets: Uint8Array, room: number): void {
    if (!this.#acquainted) {
      this.#acquainted = true;
      this.#acquaint(octets);
    }
    this.#handlers?.onMessage(octets, room);
  }

  /** From the connection. */
  onDrain(): void {
    this.#handlers?.onDrain();
  }

  /** From the connection. */
  onClose(error?: Error): void {
    this.#open?.delete(this.#connection.socket);
    this.#handlers?.onClose(this.#farewell ?? error?.message ?? "the peer closed the connection");
  }

  #acquaint(octets: Uint8Array): void {
    try {
      const message = this.serializer.parse(octets);
      if (message.type === "HELLO" && answersPings(message.details["agent"])) this.#connection.expectPongs();
    } catch {
      // Whoever takes the message will find the same fault, and say so.
    }
  }

  send(encoded: Encoded): boolean {
    return encoded.length > SHARED_FRAME && !encoded.isFramedInPlace
      ? this.#connection.send(encoded.octets)
      : this.#connection.sendFrame(encoded.rawSocketFrame);
  }

  passRuns(runs: RunHandlers): void {
    this.#connection.passRuns(runs);
  }

  sendRun(frames: Uint8Array): boolean {
    return this.#connection.sendRun(frames);
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  close({ words }: Farewell): void {
    this.#farewell ??= words;
    this.#connection.close();
  }

  abort(words: string): void {
    this.#farewell ??= words;
    this.#connection.abort();
  }
}
