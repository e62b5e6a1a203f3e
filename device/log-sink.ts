/**
 * Where log lines go: one file descriptor, written behind the caller's back. Owns the lines that wait. Nobody who reads the log
 * slowly may hold up a pump, and a reader that is gone ends the log, not the board: then lines are dropped.
 */
import { write, writeSync } from "node:fs";

/** Characters that may wait for a slow reader; what comes after is dropped, and said when there is room again. */
export const MOST_WAITING = 1_048_576;
const RETRY = 50;

export class LogSink {
  readonly #fd: number;
  #waiting = "";
  #writing = false;
  #dead = false;
  #dropped = 0;
  #onIdle: (() => void)[] = [];

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    if (this.#dead) return;
    if (this.#waiting.length + line.length > MOST_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting += line;
    if (!this.#writing) this.#pump();
  }

  /** Resolves when nothing waits any more, or nobody will ever take it. */
  flushed(): Promise<void> {
    if (!this.#writing && this.#waiting === "") return Promise.resolve();
    return new Promise((resolve) => void this.#onIdle.push(resolve));
  }

  /** For the last moment of the process: what waits, tried once. */
  flushSync(): void {
    if (this.#dead || this.#writing || this.#waiting === "") return;
    try {
      writeSync(this.#fd, this.#waiting);
    } catch {
      // nobody takes it, and there is nobody left to tell
    }
    this.#waiting = "";
  }

  #pump(): void {
    if (this.#waiting === "" || this.#dead) return this.#idle();
    this.#writing = true;
    const octets = Buffer.from(this.#waiting);
    this.#waiting = "";
    this.#send(octets);
  }

  #send(octets: Buffer): void {
    write(this.#fd, octets, (error, written) => {
      if (error?.code === "EAGAIN") {
        setTimeout(() => this.#send(octets), RETRY).unref();
        return;
      }
      if (error) {
        this.#dead = true;
        this.#waiting = "";
      } else if (written < octets.length) return this.#send(octets.subarray(written));
      this.#writing = false;
      if (this.#dropped > 0 && !this.#dead) this.#tellDropped();
      this.#pump();
    });
  }

  #tellDropped(): void {
    this.#waiting += `${JSON.stringify({ level: 40, msg: `${String(this.#dropped)} log lines were dropped: their reader was too slow` })}\n`;
    this.#dropped = 0;
  }

  #idle(): void {
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
