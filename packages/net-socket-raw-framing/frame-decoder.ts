/**
 * Octets in, frames out. Owns the unfinished frame and nothing else; knows neither sockets nor what a message means.
 *
 * Memory never follows the declared length: a payload that lies wholly inside a chunk is handed out as a view of it,
 * without a copy; any other grows as its octets arrive, so that what is retained is at most twice what was received,
 * and copying stays linear however small the pieces are. A chunk whose memory is used again is copied from its first whole
 * payload on, in one go. Runs of messages, where somebody takes them, are views of the chunk, valid during the call only.
 */
import {
  checkLimit,
  endOfMessages,
  FrameType,
  lengthOf,
  longestInRun,
  PREFIX_OCTETS,
  readPrefix,
  type TakesMessage,
  typeOf,
  type Wire,
} from "./frame.ts";
import { FramingError } from "./framing-error.ts";
import { LARGEST_IN_SLAB, newOctets } from "./octet-slab.ts";

/**
 * Takes each frame in order. `payload` is a plain Uint8Array, valid after the call; it may be a view of the chunk, so it
 * keeps the whole chunk in memory: copy a small payload that is kept for long, and do not overwrite chunks.
 * `room`: so many octets directly before it in its buffer are its own too, for whoever passes it on to write over, as are
 * those of the payload: those of its prefix, or what `allocate` left there, or none.
 * Return false to stop after this frame. Must not call `push`.
 */
export type FrameSink = (type: FrameType, payload: Uint8Array, room: number) => boolean | void;

/** Takes messages that came side by side as they lie, without an object for each. */
export interface RunSink {
  readonly takes: TakesMessage;
  /**
   * Whole MESSAGE frames side by side, prefixes and all: each was taken, and none of them goes to the frame sink. The octets are
   * the chunk's, valid during the call. Return false to stop after them. Must not call `push`.
   */
  onRun(frames: Uint8Array): boolean | void;
}

export interface FrameDecoderOptions {
  /** The longest payload taken, in octets, inclusive, for every frame type. */
  readonly maxLength: number;
  /** Default `standard`. On `plain` every frame is a MESSAGE. */
  readonly wire?: Wire;
  /**
   * A new array of this many octets, whatever is in them: each is written before it is handed out. Nobody else may use what lies
   * before it in its buffer. Default: zero octets, alone.
   */
  readonly allocate?: (octets: number) => Uint8Array;
}

const EMPTY: Uint8Array = new Uint8Array(0);
const NO_PREFIX = -1;
const zeroOctets = (octets: number): Uint8Array => new Uint8Array(octets);

export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #maxLength: number;
  readonly #wire: Wire;
  readonly #allocate: (octets: number) => Uint8Array;
  #prefix = 0;
  #prefixOctets = 0;
  #type: FrameType = FrameType.MESSAGE;
  #length = NO_PREFIX;
  #payload: Uint8Array = EMPTY;
  #filled = 0;
  #copied = 0;
  #error: FramingError | undefined;
  #runs: RunSink | undefined;

  /** @throws FramingError `bad_option`. */
  constructor(options: FrameDecoderOptions, sink: FrameSink) {
    const wire = options.wire ?? "standard";
    this.#maxLength = checkLimit(options.maxLength, wire, "maxLength");
    this.#wire = wire;
    this.#allocate = options.allocate ?? zeroOctets;
    this.#sink = sink;
  }

  /** From now on messages that came side by side go to `runs` first; what that does not take comes one by one as before. */
  passRuns(runs: RunSink): void {
    this.#runs = runs;
  }

  /** Octets this decoder holds between two calls, capacity included. */
  get retained(): number {
    return this.#prefixOctets + this.#payload.length;
  }

  /** Octets copied since the start; frames handed out as views add nothing. */
  get copied(): number {
    return this.#copied;
  }

  /** True between two frames: here a stream may end. */
  get idle(): boolean {
    return this.#prefixOctets === 0 && this.#error === undefined;
  }

  /** What ended this decoder, if anything did. */
  get error(): FramingError | undefined {
    return this.#error;
  }

  /**
   * Decodes one chunk. Returns the octets consumed: all of them, unless the sink returned false; then push the rest
   * again later. After an error the decoder is dead, and each further call throws the same error.
   * `reused`: the chunk's memory is overwritten after the call.
   * @throws FramingError `reserved_bits`, `reserved_type`, `bad_length_bit`, `frame_too_long`, after the frames before it.
   */
  push(chunk: Uint8Array, reused = false): number {
    if (this.#error !== undefined) throw this.#error;
    return this.#take(chunk, 0, reused);
  }

  #take(chunk: Uint8Array, start: number, reused: boolean): number {
    const size = chunk.length;
    let at = start;
    while (at < size) {
      if (this.#length === NO_PREFIX) {
        const end = this.#endOfRun(chunk, at);
        if (end > at) {
          const go = this.#runs?.onRun(new Uint8Array(chunk.buffer, chunk.byteOffset + at, end - at));
          at = end;
          if (go === false) return at;
          continue;
        }
        at = this.#takePrefix(chunk, at);
        if (this.#length === NO_PREFIX) return size;
      }
      const missing = this.#length - this.#filled;
      const taken = Math.min(missing, size - at);
      let payload = EMPTY;
      let room = 0;
      if (this.#filled > 0 || taken < missing) {
        this.#keep(chunk, at, taken);
        if (taken < missing) return size;
        payload = this.#payload;
        room = payload.byteOffset;
      } else if (taken > 0) {
        // its prefix may have come in the chunk before
        room = at < PREFIX_OCTETS ? 0 : PREFIX_OCTETS;
        if (reused) {
          const from = at - room;
          return from + this.#take(this.#copyOf(chunk.subarray(from)), room, false);
        }
        // Always a plain Uint8Array: Buffer.subarray would pass on Buffer's differing methods.
        payload = new Uint8Array(chunk.buffer, chunk.byteOffset + at, taken);
      }
      at += taken;
      if (this.#finish(payload, room) === false) return at;
    }
    return size;
  }

  /**
   * Tells the decoder that the stream has ended.
   * @throws FramingError `truncated_frame` inside a frame.
   */
  end(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.idle) return;
    const words =
      this.#length === NO_PREFIX
        ? `after ${String(this.#prefixOctets)} of ${String(PREFIX_OCTETS)} prefix octets`
        : `after ${String(this.#filled)} of ${String(this.#length)} payload octets`;
    this.#die(new FramingError("truncated_frame", `the stream ended inside a frame, ${words}`));
  }

  #takePrefix(chunk: Uint8Array, start: number): number {
    let at = start;
    if (this.#prefixOctets === 0 && chunk.length - at >= PREFIX_OCTETS) {
      this.#prefix = readPrefix(chunk, at);
      this.#prefixOctets = PREFIX_OCTETS;
      at += PREFIX_OCTETS;
    } else {
      while (this.#prefixOctets < PREFIX_OCTETS && at < chunk.length) {
        this.#prefix = ((this.#prefix << 8) | (chunk[at] ?? 0)) >>> 0;
        this.#prefixOctets += 1;
        this.#copied += 1;
        at += 1;
      }
      if (this.#prefixOctets < PREFIX_OCTETS) return at;
    }
    this.#judgePrefix();
    return at;
  }

  #judgePrefix(): void {
    let length = this.#prefix;
    if (this.#wire === "standard") {
      try {
        this.#type = typeOf(this.#prefix);
        length = lengthOf(this.#prefix);
      } catch (error) {
        if (error instanceof FramingError) this.#die(error);
        throw error;
      }
    }
    if (length > this.#maxLength) {
      const words = `the peer sends a frame of ${String(length)} octets, over the ${String(this.#maxLength)} taken here`;
      this.#die(new FramingError("frame_too_long", words));
    }
    this.#length = length;
  }

  /** Copies octets of an unfinished payload. The capacity is at most twice what has arrived of it. */
  #keep(chunk: Uint8Array, at: number, count: number): void {
    const needed = this.#filled + count;
    if (needed > this.#payload.length) {
      const grown = this.#allocate(Math.min(this.#length, needed * 2));
      grown.set(this.#filled === this.#payload.length ? this.#payload : this.#payload.subarray(0, this.#filled));
      this.#copied += this.#filled;
      this.#payload = grown;
    }
    if (count === 1) this.#payload[this.#filled] = chunk[at] ?? 0;
    else this.#payload.set(chunk.subarray(at, at + count), this.#filled);
    this.#copied += count;
    this.#filled = needed;
  }

  /** `at` unless a run begins there. */
  #endOfRun(chunk: Uint8Array, at: number): number {
    if (this.#runs === undefined || this.#prefixOctets > 0) return at;
    return endOfMessages(chunk, at, longestInRun(this.#maxLength, this.#wire), this.#runs.takes);
  }

  #copyOf(octets: Uint8Array): Uint8Array {
    const { length } = octets;
    const copy = length > LARGEST_IN_SLAB ? this.#allocate(length) : newOctets(length);
    copy.set(octets);
    this.#copied += length;
    return copy;
  }

  #finish(payload: Uint8Array, room: number): boolean | void {
    this.#prefix = 0;
    this.#prefixOctets = 0;
    this.#length = NO_PREFIX;
    this.#payload = EMPTY;
    this.#filled = 0;
    return this.#sink(this.#type, payload, room);
  }

  #die(error: FramingError): never {
    this.#error = error;
    this.#payload = EMPTY;
    this.#prefixOctets = 0;
    throw error;
  }
}
