/** Values over a stream of octets, in order: four octets of length, then the value as V8 writes it. Knows no message. */
import type { Duplex } from "node:stream";
import { deserialize, serialize } from "node:v8";

/** Octets of one message; more is a fault of who sends it. */
export const MAX_MESSAGE = 1_048_576;
/** Octets that may wait for a reader that takes none. */
const MAX_WAITING = 4 * MAX_MESSAGE;
const HEAD = 4;

export interface LinkEnd<In> {
  onMessage(message: In): void;
  /** Once; nothing comes after it. */
  onFault(words: string): void;
}

export class MessageLink<In, Out> {
  readonly #stream: Duplex;
  readonly #end: LinkEnd<In>;
  #held: Buffer = Buffer.alloc(0);
  #broken = false;

  constructor(stream: Duplex, end: LinkEnd<In>) {
    this.#stream = stream;
    this.#end = end;
    stream.on("data", (octets: Buffer) => this.#take(octets));
    // the end of the process behind it is told elsewhere, with its reason
    stream.on("error", () => undefined);
  }

  /** @throws RangeError when it is too large, DOMException when it holds what cannot be copied (a function). */
  send(message: Out): void {
    if (this.#broken || this.#stream.destroyed || this.#stream.writableEnded) return;
    this.#stream.write(framed(message));
    if (this.#stream.writableLength > MAX_WAITING) this.#break("takes no messages");
  }

  /** The last message; resolves when it has left, or never will. */
  async sendLast(message: Out): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stream.once("close", resolve);
      this.#stream.end(framed(message), () => resolve());
    });
  }

  #take(octets: Buffer): void {
    if (this.#broken) return;
    this.#held = this.#held.length === 0 ? octets : Buffer.concat([this.#held, octets]);
    while (this.#held.length >= HEAD) {
      const length = this.#held.readUInt32BE();
      if (length > MAX_MESSAGE) return this.#break(`sent a message of ${String(length)} octets`);
      if (this.#held.length < HEAD + length) return;
      const body = this.#held.subarray(HEAD, HEAD + length);
      this.#held = this.#held.subarray(HEAD + length);
      let message: In;
      try {
        message = deserialize(body) as In; // the other end is our own code; what a driver put in it is looked at where it is used
      } catch {
        return this.#break("sent octets that are no message");
      }
      this.#end.onMessage(message);
    }
  }

  #break(words: string): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#end.onFault(words);
  }
}

function framed(message: unknown): Buffer {
  const body = serialize(message);
  if (body.length > MAX_MESSAGE)
    throw new RangeError(
      `${String(body.length)} octets are more than the ${String(MAX_MESSAGE)} that may be sent at once`,
    );
  const frame = Buffer.allocUnsafe(HEAD + body.length);
  frame.writeUInt32BE(body.length);
  body.copy(frame, HEAD);
  return frame;
}
