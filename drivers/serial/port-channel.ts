/**
 * One serial port: open, lost, opened again, for ever. Owns the connection and the queue of writes; a write belongs to the
 * connection it was asked for, so that nothing old comes out of a port that has come back. Knows nothing of rules.
 */
import type { ModemOutputs, SerialConnection } from "../board.ts";
import type { ChannelHealth, DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { durationText } from "../duration.ts";
import { Retry } from "../retry.ts";
import { Sequence } from "../sequence.ts";
import { reasonOf } from "../words.ts";
import { decodeText } from "./encoding.ts";
import type { Framer } from "./frame-sink.ts";
import { createFramer } from "./framing.ts";
import { LineReader } from "./line-reader.ts";
import { PortRequests } from "./port-requests.ts";
import type { Port } from "./serial-config.ts";

const QUEUE = 64;

export class PortChannel {
  readonly port: Port;
  readonly #ctx: DriverContext;
  readonly #reader: LineReader;
  readonly #framer: Framer;
  readonly #retry: Retry;
  readonly #writes: Sequence;
  readonly #requests: PortRequests;
  readonly #unwatch: () => void;
  /** Ends the break under way before its time. */
  #endBreak: () => void = () => undefined;
  #cancelBreak: () => void = () => undefined;
  #breaking: Promise<void> | undefined;
  #attempting = false;
  /** A device file has appeared while an attempt was under way. */
  #again = false;
  #told: "open" | "lost" | undefined;
  #connection: SerialConnection | undefined;
  #connecting: Promise<void> | undefined;
  #error: DriverError | undefined;
  #opens = 0;
  #closed = false;

  constructor(port: Port, ctx: DriverContext) {
    this.port = port;
    this.#ctx = ctx;
    this.#requests = new PortRequests(port.name, ctx.timers);
    this.#reader = new LineReader(port, ctx, (text) => this.#requests.frame(text));
    this.#framer = createFramer(port.framing, this.#reader, ctx.timers);
    this.#retry = new Retry(ctx.timers);
    this.#writes = new Sequence(port.name, QUEUE);
    this.#unwatch = ctx.board.serial.watch?.(port.path, () => this.#appeared()) ?? (() => undefined);
  }

  /** The first attempt. A port that is not there yet is no failure: it is tried again. Never rejects. */
  async open(): Promise<void> {
    this.#connecting = this.#connect();
    await this.#connecting;
  }

  async write(bytes: Uint8Array) {
    return this.#onConnection(async (connection) => {
      await this.#writeInTime(connection, bytes);
      return { port: this.port.name, octets: bytes.length, t: this.#ctx.clock.wall() };
    });
  }

  /** Sends, and answers the first frame after it that matches. One at a time, and no write comes in between. */
  async request(bytes: Uint8Array, matches: (text: string) => boolean, limit = this.port.requestTimeout) {
    return this.#onConnection(async (connection) => {
      const send = async (): Promise<void> => this.#writeInTime(connection, bytes);
      const answer = await this.#requests.ask(send, matches, limit);
      return { port: this.port.name, answer, t: this.#ctx.clock.wall() };
    });
  }

  /** Answers when the break has begun; what is written meanwhile waits for its end. Another one counts anew. */
  async break(duration: number) {
    const connection = this.#require();
    const answer = { port: this.port.name, duration, t: this.#ctx.clock.wall() };
    if (this.#breaking !== undefined) {
      this.#breakFor(duration);
      return answer;
    }
    return this.#onConnection(async () => {
      await connection.drain();
      await connection.setBreak(true);
      this.#breaking = this.#breakTime(connection);
      this.#breakFor(duration);
      return answer;
    });
  }

  async modem() {
    return { port: this.port.name, ...(await this.#require().lines()), t: this.#ctx.clock.wall() };
  }

  async setModem(outputs: ModemOutputs) {
    await this.#require().setLines(outputs);
    return { port: this.port.name, ...outputs, t: this.#ctx.clock.wall() };
  }

  /** Until the port is opened anew: then it has its configured speed again. */
  async baud(baudRate: number) {
    const connection = this.#require();
    await connection.drain();
    await connection.setBaudRate(baudRate);
    return { port: this.port.name, baudRate, t: this.#ctx.clock.wall() };
  }

  get health(): ChannelHealth {
    const counters = { ...this.#reader.counters, reopens: Math.max(0, this.#opens - 1) };
    if (!this.#connection) return { state: "faulted", cause: this.#error?.message ?? "not open yet", counters };
    const { trouble } = this.#reader;
    return trouble === undefined ? { state: "ok", counters } : { state: "degraded", cause: trouble, counters };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    this.#retry.stop();
    this.#endBreak();
    this.#requests.fail(new DriverError("closed", `${this.port.name} is closed`));
    this.#framer.reset();
    await this.#connecting;
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection) await this.#letGo(connection);
  }

  async #onConnection<Result>(task: (connection: SerialConnection) => Promise<Result>): Promise<Result> {
    // Asked before the queue, so that a caller hears at once that the port is gone.
    const connection = this.#require();
    return this.#writes.run(async () => {
      await this.#breaking;
      if (connection !== this.#connection) throw this.#notOpen();
      return task(connection);
    });
  }

  async #breakTime(connection: SerialConnection): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#endBreak = () => {
        this.#cancelBreak();
        resolve();
      };
    });
    this.#breaking = undefined;
    try {
      await connection.setBreak(false);
    } catch (error) {
      this.#ctx.log.debug(`${this.port.name}: the break was not ended: ${reasonOf(error)}`);
    }
  }

  #breakFor(duration: number): void {
    this.#cancelBreak();
    this.#cancelBreak = this.#ctx.timers.after(duration, () => this.#endBreak());
  }

  /** A device file has appeared: no need to wait for the next attempt. */
  #appeared(): void {
    if (this.#closed || this.#connection) return;
    if (this.#attempting) {
      this.#again = true;
      return;
    }
    this.#retry.stop();
    this.#connecting = this.#connect();
  }

  async #connect(): Promise<void> {
    this.#attempting = true;
    this.#again = false;
    await this.#attempt();
    this.#attempting = false;
    if (this.#again) this.#appeared();
  }

  #received(bytes: Uint8Array): void {
    const { raw, name } = this.port;
    if (raw) this.#ctx.publish(`${name}_raw`, { value: decodeText(bytes, "hex") });
    this.#reader.received(bytes.length);
    this.#framer.push(bytes);
  }

  #tell(state: "open" | "lost", cause?: string): void {
    if (this.#told === state) return;
    this.#told = state;
    this.#ctx.publish(`${this.port.name}_state`, { value: state, ...(cause === undefined ? {} : { cause }) });
  }

  async #attempt(): Promise<void> {
    const { path, usb, line } = this.port;
    let lost: Error | undefined;
    // Until open has answered there is no connection to compare with; afterwards only the current one counts.
    let own: SerialConnection | undefined;
    try {
      own = await this.#ctx.board.serial.open({
        path,
        ...(usb === undefined ? {} : { usb }),
        ...line,
        onData: (bytes) => {
          if (!this.#closed && own === this.#connection) this.#received(bytes);
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
    if (own.sharedWith !== undefined)
      this.#ctx.log.warn(
        `${this.port.name}: ${path} is open in another program too, and each gets part of what is received: ${own.sharedWith}`,
      );
    this.#error = undefined;
    this.#retry.reset();
    this.#tell("open");
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
    this.#endBreak();
    this.#requests.fail(new DriverError("not_open", `${name} was lost while it was asked: ${error.what}`));
    this.#tell("lost", error.message);
    this.#reader.lost(error.message);
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
