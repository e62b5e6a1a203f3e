/**
 * One serial port: open, lost, opened again, for ever. Owns the connection and the queue of writes; a write belongs to the
 * connection it was asked for, so that nothing old comes out of a port that has come back. Knows nothing of rules.
 */
import type { SerialConnection } from "../board.ts";
import type { ChannelHealth, DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { durationText } from "../duration.ts";
import { Retry } from "../retry.ts";
import { Sequence } from "../sequence.ts";
import { reasonOf } from "../words.ts";
import { createFramer, type Framer } from "./framing.ts";
import { LineReader } from "./line-reader.ts";
import type { Port } from "./serial-config.ts";

const QUEUE = 64;

export class PortChannel {
  readonly port: Port;
  readonly #ctx: DriverContext;
  readonly #reader: LineReader;
  readonly #framer: Framer;
  readonly #retry: Retry;
  readonly #writes: Sequence;
  #connection: SerialConnection | undefined;
  #connecting: Promise<void> | undefined;
  #error: DriverError | undefined;
  #opens = 0;
  #closed = false;

  constructor(port: Port, ctx: DriverContext) {
    this.port = port;
    this.#ctx = ctx;
    this.#reader = new LineReader(port, ctx);
    this.#framer = createFramer(port.framing, this.#reader, ctx.timers);
    this.#retry = new Retry(ctx.timers);
    this.#writes = new Sequence(port.name, QUEUE);
  }

  /** The first attempt. A port that is not there yet is no failure: it is tried again. Never rejects. */
  async open(): Promise<void> {
    this.#connecting = this.#connect();
    await this.#connecting;
  }

  async write(bytes: Uint8Array) {
    // Asked before the queue, so that a caller hears at once that the port is gone.
    const connection = this.#require();
    return this.#writes.run(async () => {
      if (connection !== this.#connection) throw this.#notOpen();
      await this.#writeInTime(connection, bytes);
      return { port: this.port.name, octets: bytes.length, t: this.#ctx.clock.wall() };
    });
  }

  get health(): ChannelHealth {
    const counters = { ...this.#reader.counters, reopens: Math.max(0, this.#opens - 1) };
    if (!this.#connection) return { state: "faulted", cause: this.#error?.message ?? "not open yet", counters };
    const { trouble } = this.#reader;
    return trouble === undefined ? { state: "ok", counters } : { state: "degraded", cause: trouble, counters };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#retry.stop();
    this.#framer.reset();
    await this.#connecting;
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection) await this.#letGo(connection);
  }

  async #connect(): Promise<void> {
    const { path, line } = this.port;
    let lost: Error | undefined;
    // Until open has answered there is no connection to compare with; afterwards only the current one counts.
    let own: SerialConnection | undefined;
    try {
      own = await this.#ctx.board.serial.open({
        path,
        ...line,
        onData: (bytes) => {
          if (!this.#closed && own === this.#connection) this.#framer.push(bytes);
        },
        onClose: (cause) => {
          lost = cause;
          if (own !== undefined && own === this.#connection) this.#lost(cause);
        },
      });
    } catch (error) {
      this.#lost(error);
      return;
    }
    if (this.#closed) return this.#letGo(own);
    if (lost) return this.#lost(lost);
    this.#connection = own;
    this.#opens += 1;
    if (this.#error) this.#ctx.log.info(`${this.port.name} (${path}) is open`);
    this.#error = undefined;
    this.#retry.reset();
    return undefined;
  }

  #lost(thrown: unknown): void {
    const { name, path } = this.port;
    const error =
      thrown instanceof DriverError
        ? thrown
        : new DriverError("io", `${path} failed: ${reasonOf(thrown)}`, { cause: thrown });
    const news = this.#error?.message !== error.message;
    this.#connection = undefined;
    this.#error = error;
    // Half a line of the old connection has nothing to do with what the next one brings.
    this.#framer.reset();
    if (this.#closed) return;
    this.#reader.fail(error.message);
    const pause = this.#retry.schedule(() => {
      this.#connecting = this.#connect();
    });
    if (news) this.#ctx.log.warn(`${name}: ${error.message}`, { code: error.code, retryMs: pause });
  }

  async #writeInTime(connection: SerialConnection, bytes: Uint8Array): Promise<void> {
    const { name, writeTimeout } = this.port;
    let stop = (): void => undefined;
    const late = new Promise<"late">((resolve) => {
      stop = this.#ctx.timers.after(writeTimeout, () => resolve("late"));
    });
    const write = connection.write(bytes);
    try {
      if ((await Promise.race([write, late])) !== "late") return;
    } finally {
      stop();
    }
    // Whoever waited for it has been told of the time-out.
    write.catch(() => undefined);
    const error = new DriverError(
      "timeout",
      `${name} did not take ${String(bytes.length)} bytes in ${durationText(writeTimeout)}`,
    );
    if (connection === this.#connection) {
      this.#connection = undefined;
      await this.#letGo(connection);
      this.#lost(error);
    }
    throw error;
  }

  #require(): SerialConnection {
    if (this.#closed) throw new DriverError("closed", `${this.port.name} is closed`);
    if (!this.#connection) throw this.#notOpen();
    return this.#connection;
  }

  #notOpen(): DriverError {
    const { name, path } = this.port;
    const reason = this.#error ? `: ${this.#error.what}` : "";
    return new DriverError("not_open", `${name} (${path}) is not open${reason}`, {
      cure: this.#error?.cure ?? "Nothing was sent: send it again.",
      cause: this.#error,
    });
  }

  async #letGo(connection: SerialConnection): Promise<void> {
    try {
      await connection.close();
    } catch (error) {
      this.#ctx.log.warn(`${this.port.name} could not be closed: ${reasonOf(error)}`);
    }
  }
}
