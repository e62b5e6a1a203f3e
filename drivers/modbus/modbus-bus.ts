/**
 * One RS-485 line with a master: this process. Owns the connection, whose turn it is, and how long each slave that does not
 * answer is left alone; a dead slave takes the time of one attempt now and then, and none of the others' otherwise.
 * Knows no registers.
 */
import type { SerialConnection, SerialRequest } from "../board.ts";
import type { DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { durationText } from "../duration.ts";
import { Retry } from "../retry.ts";
import { Sequence } from "../sequence.ts";
import { reasonOf } from "../words.ts";
import { answerData, answerLength, ModbusException, type Question } from "./modbus-frame.ts";

const QUEUE = 64;
const FIRST_PAUSE = 5000;
const LONGEST_PAUSE = 300_000;
/** The longest frame of the protocol. */
const LONGEST = 256;

export interface BusOptions {
  readonly request: Omit<SerialRequest, "onData" | "onClose">;
  readonly timeout: number;
  readonly retries: number;
  /** ms of silence before each question. */
  readonly silence: number;
}

interface Absent {
  readonly until: number;
  readonly pause: number;
  readonly cause: DriverError;
}

export class ModbusBus {
  readonly #options: BusOptions;
  readonly #ctx: DriverContext;
  readonly #turns: Sequence;
  readonly #retry: Retry;
  readonly #absent = new Map<number, Absent>();
  readonly #unwatch: () => void;
  #connection: SerialConnection | undefined;
  #connecting: Promise<void> = Promise.resolve();
  #attempting = false;
  #error: DriverError | undefined;
  #received: number[] = [];
  /** When something was last on the line. */
  #active = -Infinity;
  /** The question under way. */
  #heard: (outcome: Uint8Array | DriverError) => void = () => undefined;
  #stopWaiting: () => void = () => undefined;
  #closed = false;

  constructor(options: BusOptions, ctx: DriverContext) {
    this.#options = options;
    this.#ctx = ctx;
    this.#turns = new Sequence(options.request.path, QUEUE);
    this.#retry = new Retry(ctx.timers);
    this.#unwatch = ctx.board.serial.watch?.(options.request.path, () => this.#appeared()) ?? (() => undefined);
  }

  /** The first attempt. A port that is not there yet is no failure. Never rejects. */
  async open(): Promise<void> {
    this.#connecting = this.#connect();
    await this.#connecting;
  }

  /** Runs `task` when the bus is free; a slave that is left alone fails at once, without waiting. */
  async enter<Result>(slave: number, task: () => Promise<Result>): Promise<Result> {
    this.#assertAsked(slave);
    return this.#turns.runAnyway(async () => {
      this.#assertAsked(slave);
      return task();
    });
  }

  /** For callers: more than 64 that wait are refused, and a slave that is left alone is tried all the same. */
  async request<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#turns.run(task);
  }

  /** Within a turn. @throws (rejects) DriverError `timeout`, `io`, `not_open`. */
  async ask(question: Question): Promise<Uint8Array> {
    const { slave } = question;
    const attempts = this.#absent.has(slave) ? 1 : this.#options.retries + 1;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const data = await this.#once(question);
        this.#absent.delete(slave);
        return data;
      } catch (error) {
        if (error instanceof ModbusException) this.#absent.delete(slave);
        if (error instanceof ModbusException || !this.#connection || this.#closed) throw error;
        if (attempt >= attempts) throw this.#leftAlone(slave, error);
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    this.#retry.stop();
    this.#stopWaiting();
    this.#heard(new DriverError("closed", `${this.#options.request.path} is closed`));
    await this.#connecting;
    await this.#letGo();
  }

  #assertAsked(slave: number): void {
    const absent = this.#absent.get(slave);
    const left = absent === undefined ? 0 : absent.until - this.#ctx.clock.mono();
    if (absent === undefined || left <= 0) return;
    throw new DriverError("timeout", absent.cause.what, {
      cure: "Check its address, supply and wiring (A and B swapped?), speed and parity. It is asked now and then, the others meanwhile.",
      cause: absent.cause,
    });
  }

  #leftAlone(slave: number, thrown: unknown): DriverError {
    const cause = thrown instanceof DriverError ? thrown : new DriverError("io", reasonOf(thrown), { cause: thrown });
    const before = this.#absent.get(slave);
    const pause = before === undefined ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, before.pause * 2);
    this.#absent.set(slave, { until: this.#ctx.clock.mono() + pause, pause, cause });
    return cause;
  }

  async #once(question: Question): Promise<Uint8Array> {
    const { timeout, silence } = this.#options;
    await this.#pause(this.#active + silence - this.#ctx.clock.mono());
    const connection = this.#connection;
    if (!connection) throw this.#notOpen();
    // what came unasked, or too late, is no answer
    this.#received = [];
    const answer = new Promise<Uint8Array | DriverError>((resolve) => {
      this.#heard = resolve;
    });
    const words = `Slave ${String(question.slave)} did not answer within ${durationText(timeout)}`;
    const cancel = this.#ctx.timers.after(timeout, () => this.#heard(new DriverError("timeout", words)));
    try {
      const written = connection.write(question.octets);
      // a write that hangs ends with the time of the question
      const outcome = await Promise.race([answer, written.then(async () => answer)]);
      if (outcome instanceof DriverError) throw outcome;
      return answerData(question, outcome);
    } finally {
      cancel();
      this.#active = this.#ctx.clock.mono();
      this.#heard = () => undefined;
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#closed || ms <= 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#ctx.timers.after(ms, resolve);
      this.#stopWaiting = () => {
        cancel();
        resolve();
      };
    });
  }

  #hear(bytes: Uint8Array): void {
    this.#active = this.#ctx.clock.mono();
    for (const byte of bytes) if (this.#received.length < LONGEST) this.#received.push(byte);
    const received = Uint8Array.from(this.#received);
    const length = answerLength(received);
    if (length !== undefined && received.length >= length) this.#heard(received.slice(0, length));
  }

  #appeared(): void {
    if (this.#closed || this.#connection || this.#attempting) return;
    this.#retry.stop();
    this.#connecting = this.#connect();
  }

  async #connect(): Promise<void> {
    let own: SerialConnection | undefined;
    let lost: Error | undefined;
    this.#attempting = true;
    try {
      own = await this.#ctx.board.serial.open({
        ...this.#options.request,
        onData: (bytes) => {
          if (!this.#closed && own === this.#connection) this.#hear(bytes);
        },
        onClose: (cause) => {
          lost = cause;
          if (own !== undefined && own === this.#connection) this.#lose(cause);
        },
      });
    } catch (error) {
      this.#lose(error);
      return;
    } finally {
      this.#attempting = false;
    }
    this.#connection = own;
    if (this.#closed) return this.#letGo();
    if (lost) return this.#lose(lost);
    this.#error = undefined;
    this.#absent.clear();
    this.#retry.reset();
    return undefined;
  }

  #lose(thrown: unknown): void {
    const error = thrown instanceof DriverError ? thrown : new DriverError("io", reasonOf(thrown), { cause: thrown });
    if (this.#error?.message !== error.message) this.#ctx.log.warn(error.message, { code: error.code });
    this.#connection = undefined;
    this.#error = error;
    this.#heard(this.#notOpen());
    if (this.#closed) return;
    this.#retry.schedule(() => {
      this.#connecting = this.#connect();
    });
  }

  #notOpen(): DriverError {
    const { path } = this.#options.request;
    if (this.#closed) return new DriverError("closed", `${path} is closed`);
    const options = this.#error === undefined ? {} : { cure: this.#error.cure, cause: this.#error };
    return new DriverError("not_open", `${path} is not open${this.#error ? `: ${this.#error.what}` : ""}`, options);
  }

  async #letGo(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    try {
      await connection?.close();
    } catch (error) {
      this.#ctx.log.warn(`${this.#options.request.path} could not be closed: ${reasonOf(error)}`);
    }
  }
}
