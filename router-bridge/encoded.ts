/**
 * A message on its way out. One message to many peers is serialized once for each serializer and framed once for each
 * transport; all peers share the same octets. It must not be kept after the message was handed to the links: who has to
 * wait keeps a `KeptMessage`.
 */
import type { Message } from "@pinion/wamp";
import { MARSHAL_ROOM, serializers, type Serializer, type SerializerName } from "@pinion/wamp/serializer";
import {
  encodeFrame,
  FrameType,
  MAX_STANDARD_LENGTH,
  PREFIX_OCTETS,
  prefixOf,
  writePrefix,
} from "net-socket-raw-framing";
import { webSocketFrame, webSocketHeader } from "./listeners/web-socket-frame.ts";
import { LARGEST_BLOCK, WaitingMemory, type Block } from "./waiting-memory.ts";

/** One serialized message, with its frames made on first use. */
export class Encoded {
  /** Octets of the message. */
  readonly length: number;
  readonly serializer: Serializer;
  /** The message with `front` octets before it. */
  readonly #whole: Uint8Array;
  readonly #front: number;
  /** Nobody has written over those octets yet. */
  #isFrontFree: boolean;
  #octets: Uint8Array | undefined;
  #rawSocketFrame: Uint8Array | undefined;
  #webSocketFrame: Uint8Array | undefined;
  #kept: KeptMessage | undefined;

  /** `front`: the first octets of `whole` are no message, and for this message's frame to write over, as is the message. */
  constructor(whole: Uint8Array, serializer: Serializer, front: 0 | typeof MARSHAL_ROOM = 0) {
    this.length = whole.length - front;
    this.serializer = serializer;
    this.#whole = whole;
    this.#front = front;
    this.#isFrontFree = front > 0;
  }

  /** The message. */
  get octets(): Uint8Array {
    return (this.#octets ??= this.#from(0));
  }

  /** The same for somebody who has to wait: they have to `take` or `drop` it once. All who wait share it. */
  keep(): KeptMessage {
    if (this.#kept?.hold() !== true) this.#kept = new KeptMessage(this);
    return this.#kept;
  }

  /** Whether a raw socket's frame costs no copy of the message. */
  get isFramedInPlace(): boolean {
    return this.#isFrontFree || this.#rawSocketFrame !== undefined;
  }

  /** Prefix and message joined, for raw sockets. @throws FramingError for 2^24 octets and more. */
  get rawSocketFrame(): Uint8Array {
    return (this.#rawSocketFrame ??= this.#makeRawSocketFrame());
  }

  /** Header and message joined, unmasked, as a WebSocket server sends it. */
  get webSocketFrame(): Uint8Array {
    return (this.#webSocketFrame ??= this.#makeWebSocketFrame());
  }

  #makeRawSocketFrame(): Uint8Array {
    const { length } = this;
    if (!this.#isFrontFree || length >= MAX_STANDARD_LENGTH) {
      return encodeFrame(FrameType.MESSAGE, this.octets, { maxLength: MAX_STANDARD_LENGTH });
    }
    this.#isFrontFree = false;
    const frame = this.#from(PREFIX_OCTETS);
    writePrefix(frame, prefixOf(FrameType.MESSAGE, length));
    return frame;
  }

  #makeWebSocketFrame(): Uint8Array {
    const { serializer } = this;
    const header = webSocketHeader(this.length, serializer.binary);
    if (!this.#isFrontFree || header.length > this.#front) return webSocketFrame(this.octets, serializer.binary);
    this.#isFrontFree = false;
    const frame = this.#from(header.length);
    frame.set(header);
    return frame;
  }

  /** The message with so many of the octets before it. */
  #from(before: number): Uint8Array {
    return before === this.#front ? this.#whole : this.#whole.subarray(this.#front - before);
  }
}

/** Of all that waits in this process. */
export const waitingMemory = new WaitingMemory((ms, run) => void setTimeout(run, ms).unref());

/** One serialized message in memory of its own, until the last of those who hold it has taken or dropped it. */
export class KeptMessage {
  /** Octets. */
  readonly length: number;
  readonly #serializer: Serializer;
  #holders = 1;
  #block: Block | undefined;
  /** Large ones lie where they are; of others the copy that was taken last, for who takes it soon after. */
  #whole: Encoded | undefined;

  constructor(encoded: Encoded) {
    const { octets, serializer } = encoded;
    this.length = octets.length;
    this.#serializer = serializer;
    if (octets.length * 2 > octets.buffer.byteLength) this.#whole = encoded;
    else if (octets.length > LARGEST_BLOCK) this.#whole = new Encoded(octets.slice(), serializer);
    else this.#block = waitingMemory.put(octets);
  }

  /** One more holds it. False: everybody has let go of it, it is gone. */
  hold(): boolean {
    if (this.#holders === 0) return false;
    this.#holders += 1;
    return true;
  }

  /** Lets go of it, and gives it in memory that is never written over. */
  take(): Encoded {
    const encoded = this.#whole ?? this.#copy();
    this.drop();
    return encoded;
  }

  /** Lets go of it. */
  drop(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.#whole = undefined;
    if (this.#block !== undefined) waitingMemory.free(this.#block);
    this.#block = undefined;
  }

  #copy(): Encoded {
    if (this.#block === undefined) throw new RangeError("everybody has let go of this message");
    const { slab, start } = this.#block;
    const whole = newOctets(MARSHAL_ROOM + this.length);
    whole.set(slab.octets.subarray(start, start + this.length), MARSHAL_ROOM);
    const encoded = new Encoded(whole, this.#serializer, MARSHAL_ROOM);
    if (this.#holders > 1) {
      this.#whole = encoded;
      remember(this);
    }
    return encoded;
  }

  /** Who takes it from now on gets a copy of his own. */
  forgetCopy(): void {
    if (this.#block !== undefined) this.#whole = undefined;
  }
}

/** Octets of copies that are shared among those who wait for the same: peers that are slow together drain together. */
const REMEMBERED = 2 * 1024 * 1024;
let remembered: KeptMessage[] = [];
let rememberedOctets = 0;

function remember(kept: KeptMessage): void {
  if (rememberedOctets > REMEMBERED) {
    for (const earlier of remembered) earlier.forgetCopy();
    remembered = [];
    rememberedOctets = 0;
  }
  remembered.push(kept);
  rememberedOctets += kept.length;
}

/** Copies lie side by side, so that they leave in few pieces. */
const COPIES = 64 * 1024;
let copies = new Uint8Array(0);
let copied = 0;

function newOctets(size: number): Uint8Array {
  if (copied + size > copies.length) {
    copies = new Uint8Array(COPIES);
    copied = 0;
  }
  copied += size;
  return copies.subarray(copied - size, copied);
}

/** One message for any number of peers. */
export class Outgoing {
  readonly message: Message;
  /** Most messages are for one serializer. */
  #first: Encoded | undefined;
  #others: Encoded[] | undefined;

  constructor(message: Message) {
    this.message = message;
  }

  /** @throws UsageError `not_serializable` if this serializer cannot carry the message. */
  encoded(name: SerializerName): Encoded {
    if (this.#first === undefined) return (this.#first = this.#encode(name));
    if (this.#first.serializer.name === name) return this.#first;
    const known = this.#others?.find(({ serializer }) => serializer.name === name);
    if (known !== undefined) return known;
    const encoded = this.#encode(name);
    (this.#others ??= []).push(encoded);
    return encoded;
  }

  #encode(name: SerializerName): Encoded {
    const serializer = serializers[name];
    return new Encoded(serializer.marshalWithRoom(this.message), serializer, MARSHAL_ROOM);
  }
}
