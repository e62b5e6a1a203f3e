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

/** The same octets in fewer pieces. */
export function joinSmall(frames: readonly Uint8Array[]): readonly Uint8Array[] {
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
