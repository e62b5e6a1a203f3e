/**
 * Several messages in one: the `.batched` subprotocols and long-poll (spec, "Message Batching"). JSON: after each message one
 * separator octet. MessagePack and CBOR: before each message its length, uint32 big-endian. Owns the messages that
 * gather for one connection, and the separator: 0x1e by the text of the spec; who uses 0x18 (Crossbar.io, Autobahn read its
 * `\30` as octal) is answered with that. Knows no socket, and not what a message says.
 */
import { ProtocolViolation } from "../errors.ts";
import type { Serializer } from "./serializer.ts";

export interface BatchLimits {
  /** Messages of one received batch at most. */
  readonly messages: number;
  /** Octets of one sent batch at most; a single longer message is a batch of its own. Default 64 KiB. */
  readonly octets?: number | undefined;
}

export type BatchSeparator = 0x1e | 0x18;

const SENT_OCTETS = 64 * 1024;
const SENT_MESSAGES = 256;

/** `wamp.2.json.batched` ... */
export function batchedSubprotocol(serializer: Serializer): string {
  return `${serializer.subprotocol}.batched`;
}

export class Batch {
  readonly #serializer: Serializer;
  readonly #limits: BatchLimits;
  #separator: BatchSeparator;
  #gathered: Uint8Array[] = [];
  #octets = 0;

  constructor(serializer: Serializer, limits: BatchLimits, separator: BatchSeparator = 0x1e) {
    this.#serializer = serializer;
    this.#limits = limits;
    this.#separator = separator;
  }

  /** What framing adds to each message. */
  get overhead(): number {
    return this.#serializer.binary ? 4 : 1;
  }

  /** Octets that `take` would give now. */
  get octets(): number {
    return this.#octets;
  }

  /** Gathers one message. Returns the batch that was full without it. */
  add(message: Uint8Array): Uint8Array | undefined {
    const size = message.length + this.overhead;
    const most = this.#limits.octets ?? SENT_OCTETS;
    const full = this.#octets + size > most || this.#gathered.length >= SENT_MESSAGES;
    const finished = full ? this.take() : undefined;
    this.#gathered.push(message);
    this.#octets += size;
    return finished;
  }

  /** The batch so far, or undefined if nothing was gathered since. */
  take(): Uint8Array | undefined {
    if (this.#gathered.length === 0) return undefined;
    const batch = new Uint8Array(this.#octets);
    const view = new DataView(batch.buffer);
    let at = 0;
    for (const message of this.#gathered) {
      if (this.#serializer.binary) {
        view.setUint32(at, message.length);
        at += 4;
      }
      batch.set(message, at);
      at += message.length;
      if (!this.#serializer.binary) batch[at++] = this.#separator;
    }
    this.#gathered = [];
    this.#octets = 0;
    return batch;
  }

  /** The messages of a received batch. @throws ProtocolViolation for an empty, broken or too long one. */
  split(batch: Uint8Array): Uint8Array[] {
    if (batch.length === 0) throw new ProtocolViolation("a batch holds at least one message, this one is empty");
    return this.#serializer.binary ? this.#byLength(batch) : this.#bySeparator(batch);
  }

  #byLength(batch: Uint8Array): Uint8Array[] {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    const messages: Uint8Array[] = [];
    for (let at = 0; at < batch.length;) {
      const left = batch.length - at - 4;
      const length = left < 0 ? 0 : view.getUint32(at);
      if (left < 0 || length > left) throw new ProtocolViolation("a batch ends within a message or its length");
      this.#keep(messages, batch.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    return messages;
  }

  #bySeparator(batch: Uint8Array): Uint8Array[] {
    const last = batch.at(-1);
    if (last !== 0x1e && last !== 0x18) throw new ProtocolViolation("a batch of JSON ends with its separator, 0x1e");
    this.#separator = last;
    const messages: Uint8Array[] = [];
    for (let at = 0; at < batch.length;) {
      const end = batch.indexOf(last, at);
      this.#keep(messages, batch.subarray(at, end));
      at = end + 1;
    }
    return messages;
  }

  #keep(messages: Uint8Array[], message: Uint8Array): void {
    if (message.length === 0) throw new ProtocolViolation("a batch holds a message of no octets");
    const { messages: most } = this.#limits;
    if (messages.length >= most) {
      throw new ProtocolViolation(`a batch holds more than ${String(most)} messages: send smaller ones`);
    }
    messages.push(message);
  }
}
