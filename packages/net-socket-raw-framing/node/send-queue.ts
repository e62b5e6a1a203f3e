/**
 * What one connection still has to write. Owns the octets from `push` until the kernel has taken them, and when they are
 * written: once per turn of the event loop, as one write, a large frame at once. Frames that lie side by side in memory
 * already are passed on as one, without a copy, and so are large ones; other small ones are copied into one block, and so
 * are runs of frames in memory that somebody else overwrites. While a write is under way the next one collects.
 * Knows nothing of frames' meaning, of handlers, or of why a connection ends.
 */
import type { Socket } from "node:net";
import { BLOCK_OF_RUNS, giveBack, isLent, lendBlock } from "./run-blocks.ts";
import { atTurnsEnd } from "./turns-end.ts";

export interface SendQueueLimits {
  readonly highWaterMark: number;
  readonly maxBuffered: number;
}

export interface SendQueueEvents {
  /** After a `push` that returned false: at most half the high-water mark is left. */
  onDrain(): void;
  /** A `push` would have gone over `maxBuffered`; it was not queued. */
  onOverflow(octets: number): void;
}

/** From here on copying costs more than one more part in a gathered write. */
const LARGE = 16 * 1024;
/** The same for a stretch of several frames. A short stretch would keep the whole buffer around it in memory. */
const LONG_STRETCH = 4 * 1024;
const BLOCK = 64 * 1024;
const SMALLEST_BLOCK = 1024;
/** Handed to the socket at a time, so that it can be seen whether a slow peer takes anything at all. */
const AT_ONCE = 1024 * 1024;
/** A longer rest of a block is let go after a write, so that idle connections hold little. */
const KEPT_REST = 4096;
const NONE: Uint8Array = new Uint8Array(0);
const NO_PARTS: readonly Uint8Array[] = [];

export class SendQueue {
  readonly #socket: Socket;
  readonly #limits: SendQueueLimits;
  readonly #events: SendQueueEvents;
  #parts: Uint8Array[] = [];
  /** The last stretch of frames that lie side by side: from `from` to `to` in its buffer. */
  #stretch: ArrayBufferLike | undefined;
  #from = 0;
  #to = 0;
  #frames = 0;
  /** Blocks of runs in the write that is under way. */
  #lent = NO_PARTS;
  #block = NONE;
  #filled = 0;
  #queued = 0;
  /** Octets that the socket has and the kernel has not. */
  #underWay = 0;
  #scheduled = false;
  #due = false;
  #writing = false;
  #waiting = false;
  #ending = false;
  #stopped = false;

  constructor(socket: Socket, limits: SendQueueLimits, events: SendQueueEvents) {
    this.#socket = socket;
    this.#limits = limits;
    this.#events = events;
  }

  get bufferedAmount(): number {
    return this.#stopped ? 0 : this.#queued + this.#underWay;
  }

  /**
   * Queues head and body as neighbours. False over the high-water mark, or if nothing is taken any more.
   * A single frame is always taken by an empty queue, however long it is.
   */
  push(head: Uint8Array, body: Uint8Array = NONE): boolean {
    const size = head.length + body.length;
    if (!this.#mayTake(size)) return false;
    this.#endStretch();
    this.#put(head);
    if (body.length > 0) this.#put(body);
    return this.#took(size);
  }

  /** The same for a whole frame whose octets nobody changes any more. */
  pushShared(frame: Uint8Array): boolean {
    if (!this.#mayTake(frame.length)) return false;
    const buffer = bufferOf(frame);
    if (buffer === this.#stretch && frame.byteOffset === this.#to) {
      this.#to += frame.length;
      this.#frames += 1;
    } else {
      this.#endStretch();
      this.#stretch = buffer;
      this.#from = frame.byteOffset;
      this.#to = this.#from + frame.length;
      this.#frames = 1;
    }
    return this.#took(frame.length);
  }

  /** The same for whole frames whose octets somebody else overwrites after the call. */
  pushCopy(frames: Uint8Array): boolean {
    if (!this.#mayTake(frames.length)) return false;
    // what waits goes into the same block
    if (frames.length >= LARGE && this.#filled === 0) this.#block = lendBlock();
    this.#endStretch();
    if (frames.length < LARGE) this.#put(frames);
    else for (let at = 0; at < frames.length; at += BLOCK) this.#copy(frames.subarray(at, at + BLOCK));
    return this.#took(frames.length);
  }

  /** Writes what is queued, then ends the socket's sending side. */
  end(): void {
    if (this.#stopped || this.#ending) return;
    this.#ending = true;
    if (!this.#writing) this.#flush();
  }

  /** Forgets what is queued. */
  stop(): void {
    this.#stopped = true;
    this.#parts = [];
    this.#lent = NO_PARTS;
    this.#stretch = undefined;
    this.#block = NONE;
    this.#queued = 0;
  }

  #mayTake(size: number): boolean {
    if (this.#stopped || this.#ending) return false;
    const before = this.bufferedAmount;
    if (before === 0 || before + size <= this.#limits.maxBuffered) return true;
    this.#events.onOverflow(before + size);
    return false;
  }

  #took(size: number): boolean {
    this.#queued += size;
    // its octets are near the processor now, and need no company
    if (size >= LARGE && !this.#writing) this.#flush();
    else this.#schedule();
    if (this.bufferedAmount <= this.#limits.highWaterMark) return true;
    this.#waiting = true;
    return false;
  }

  #put(octets: Uint8Array): void {
    if (octets.length >= LARGE) {
      this.#seal();
      this.#parts.push(octets);
      return;
    }
    if (this.#filled + octets.length > this.#block.length) this.#makeRoom(octets.length);
    this.#block.set(octets, this.#filled);
    this.#filled += octets.length;
  }

  /** Into a block that is used again once it is written: new ones, as large, would be most of the collector's work. */
  #copy(octets: Uint8Array): void {
    if (this.#filled + octets.length > this.#block.length) {
      if (this.#filled + octets.length > BLOCK_OF_RUNS) this.#seal();
      const block = lendBlock();
      block.set(this.#block.subarray(0, this.#filled));
      this.#block = block;
    }
    this.#block.set(octets, this.#filled);
    this.#filled += octets.length;
  }

  #takeStretch(): Uint8Array | undefined {
    if (this.#stretch === undefined) return undefined;
    // a Buffer, since a socket would make one of any other array
    const octets = Buffer.from(this.#stretch, this.#from, this.#to - this.#from);
    this.#stretch = undefined;
    return octets;
  }

  #endStretch(): void {
    const octets = this.#takeStretch();
    if (octets === undefined) return;
    if (this.#frames === 1 || octets.length < LONG_STRETCH) return this.#put(octets);
    this.#seal();
    this.#parts.push(octets);
  }

  #makeRoom(size: number): void {
    const needed = this.#filled + size;
    if (needed > BLOCK) {
      this.#seal();
      this.#block = Buffer.allocUnsafeSlow(BLOCK);
      return;
    }
    const block = Buffer.allocUnsafe(Math.min(BLOCK, Math.max(SMALLEST_BLOCK, needed * 2)));
    block.set(this.#block.subarray(0, this.#filled));
    this.#block = block;
  }

  /**
   * The filled part goes on; its neighbourhood is used further, since nothing writes to the same octets twice. A lent block comes
   * back as a whole, once it is written.
   */
  #seal(): void {
    if (this.#filled === 0) return;
    this.#parts.push(this.#block.subarray(0, this.#filled));
    this.#block = isLent(this.#block) ? NONE : this.#block.subarray(this.#filled);
    this.#filled = 0;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    atTurnsEnd(this);
  }

  /** The turn of the event loop in which it was scheduled ends. */
  turnEnds(): void {
    this.#scheduled = false;
    if (this.#writing) this.#due = true;
    else this.#flush();
  }

  #flush(): void {
    if (this.#stopped) return;
    this.#due = false;
    if (this.#filled > 0 || this.#parts.length > 0) this.#endStretch();
    this.#seal();
    // what is all in one stretch needs no block
    const stretch = this.#takeStretch();
    if (this.#block.length > KEPT_REST) this.#block = NONE;
    if (stretch !== undefined && this.#parts.length === 0) {
      this.#queued -= stretch.length;
      this.#underWay = stretch.length;
      return this.#write(stretch);
    }
    if (stretch !== undefined) this.#parts.push(stretch);
    const parts = this.#takeParts();
    const last = parts.pop();
    if (last === undefined) {
      if (this.#ending) this.#socket.end();
      return;
    }
    // gathering costs a single part more than it is worth
    if (parts.length === 0) return this.#write(last);
    this.#socket.cork();
    for (const part of parts) {
      this.#lend(part);
      this.#socket.write(part);
    }
    this.#write(last);
    this.#socket.uncork();
  }

  /** To be given back when it is written. */
  #lend(part: Uint8Array): void {
    if (!isLent(part)) return;
    if (this.#lent === NO_PARTS) this.#lent = [part];
    else this.#lent = [...this.#lent, part];
  }

  #write(last: Uint8Array): void {
    this.#writing = true;
    this.#lend(last);
    this.#socket.write(last, this.#written);
  }

  #takeParts(): Uint8Array[] {
    const parts = this.#parts;
    let count = 0;
    let octets = 0;
    while (count < parts.length && octets < AT_ONCE) {
      octets += parts[count]?.length ?? 0;
      count += 1;
    }
    this.#parts = parts.slice(count);
    this.#queued -= octets;
    this.#underWay = octets;
    this.#due = this.#parts.length > 0;
    return parts.slice(0, count);
  }

  /** A failed write needs no word here: the socket reports it as an error, once. */
  readonly #written = (error?: Error | null): void => {
    this.#writing = false;
    this.#underWay = 0;
    if (this.#stopped || (error !== undefined && error !== null)) return;
    if (this.#lent !== NO_PARTS) {
      giveBack(this.#lent);
      this.#lent = NO_PARTS;
    }
    if (this.#due || this.#ending) this.#flush();
    if (!this.#waiting || this.bufferedAmount > this.#limits.highWaterMark / 2) return;
    this.#waiting = false;
    this.#events.onDrain();
  };
}

let lastFrame = NONE;
let lastBuffer: ArrayBufferLike = NONE.buffer;

/** One frame goes to many queues, one after the other, and asking an array for its buffer costs as much as all the rest. */
function bufferOf(frame: Uint8Array): ArrayBufferLike {
  if (frame === lastFrame) return lastBuffer;
  const { buffer } = frame;
  // a large one would stay in memory
  if (frame.length > BLOCK) return buffer;
  lastFrame = frame;
  lastBuffer = buffer;
  return buffer;
}
