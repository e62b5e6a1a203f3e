/**
 * Frames on their way into one socket. Frames of one turn of the event loop leave in one write: small ones joined into one
 * buffer, large ones as they are (joining them costs more than it saves). Owns the frames until the socket took them.
 */
import type { Socket } from "node:net";

/** Frames up to this many octets are copied together. */
const SMALL = 4096;
/** `add` answers false above this many queued octets. */
export const HIGH_WATER = 256 * 1024;

export class Outbox {
  readonly #socket: Socket;
  #frames: Uint8Array[] = [];
  #octets = 0;
  #scheduled: NodeJS.Immediate | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Octets not yet taken by the kernel. */
  get bufferedAmount(): number {
    return this.#octets + this.#socket.writableLength;
  }

  add(frame: Uint8Array): boolean {
    this.#frames.push(frame);
    this.#octets += frame.length;
    this.#scheduled ??= setImmediate(() => this.flush());
    return this.bufferedAmount <= HIGH_WATER;
  }

  /** Hands what is gathered to the socket now. */
  flush(): void {
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const frames = this.#frames;
    this.#frames = [];
    this.#octets = 0;
    if (frames.length === 0 || !this.#socket.writable) return;
    const parts = joinSmall(frames);
    if (parts.length > 1) this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    if (parts.length > 1) this.#socket.uncork();
  }
}

/** The same octets in fewer pieces: neighbours in memory as they are, other small ones copied together. */
export function joinSmall(given: readonly Uint8Array[]): readonly Uint8Array[] {
  const frames = joinNeighbours(given);
  const parts: Uint8Array[] = [];
  let run: Uint8Array[] = [];
  const endRun = (): void => {
    const [only] = run;
    if (only !== undefined) parts.push(run.length === 1 ? only : Buffer.concat(run));
    run = [];
  };
  for (const frame of frames) {
    if (frame.length <= SMALL) {
      run.push(frame);
      continue;
    }
    endRun();
    parts.push(frame);
  }
  endRun();
  return parts;
}

/** Frames that were made one after the other lie side by side, and are as good as one. */
function joinNeighbours(frames: readonly Uint8Array[]): readonly Uint8Array[] {
  if (frames.length < 2) return frames;
  const joined: Uint8Array[] = [];
  let first = 0;
  for (let next = 1; next <= frames.length; next++) {
    const [start, last, frame] = [frames[first], frames[next - 1], frames[next]];
    if (start === undefined || last === undefined) break;
    if (frame?.buffer === last.buffer && frame.byteOffset === last.byteOffset + last.length) continue;
    const length = last.byteOffset + last.length - start.byteOffset;
    joined.push(next - first === 1 ? start : new Uint8Array(start.buffer, start.byteOffset, length));
    first = next;
  }
  return joined;
}
