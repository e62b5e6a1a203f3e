/**
 * One driver's life: opened, reopened after a failure without end, closed once. Owns its state and the present instance; what
 * an older instance still says is not heard. Knows no other driver and no session: nothing that happens to the link comes
 * here.
 */
import type { Board } from "../drivers/board.ts";
import { claimedBoard } from "../drivers/claimed-board.ts";
import type { Caller, Clock, DriverContext, DriverInstance, Log, Store, Timers } from "../drivers/driver.ts";
import { DriverError } from "../drivers/driver-error.ts";
import type { RawReading } from "../drivers/reading.ts";
import { newMemory } from "../drivers/remembered.ts";
import type { DriverReport } from "./health.ts";
import type { PlannedDriver } from "./plan.ts";
import { RestartSchedule } from "./restart-schedule.ts";
import { within } from "./within.ts";

/** An open that takes longer is a failure; the next try waits for its end all the same. */
export const OPEN_LIMIT = 15_000;

/** Undeclared streams that are named in the log, of one driver. */
const MOST_REFUSED_STREAMS = 32;

export interface DriverHost {
  readonly board: Board;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: Log;
  /** Left out where nothing can be kept. */
  readonly store: Store | undefined;
  readonly interlock: DriverContext["interlock"];
  /** May throw DriverError `undeclared`. */
  accept(driver: PlannedDriver, stream: string, reading: RawReading): void;
  /** It is not open any more, or could not be opened. */
  onFailure(driver: PlannedDriver, error: DriverError): void;
  /** After each change of `state`. */
  onState(driver: PlannedDriver): void;
}

/** restarting: it has failed and is tried again. faulted: the same, but it has failed so often that somebody should look. */
export type DriverState = "opening" | "ready" | "restarting" | "faulted" | "closing" | "closed";

type Phase = "opening" | "ready" | "failed" | "closing" | "closed";

export class SupervisedDriver {
  readonly planned: PlannedDriver;
  readonly #host: DriverHost;
  #state: Phase = "opening";
  #since: number;
  #cause: DriverError | undefined;
  #failures = 0;
  readonly #restarts = new RestartSchedule();
  #retryIn = 0;
  #instance: DriverInstance | undefined;
  /** Counts attempts; a callback of an older one is ignored. */
  #generation = 0;
  #abort: AbortController | undefined;
  /** When the attempt to open it, or to let it go, began that has not ended yet, whatever became of its driver. */
  #attemptSince: number | undefined;
  #opening: Promise<void> = Promise.resolve();
  #cancelRetry: () => void = () => {};
  #closed: Promise<void> | undefined;
  #refused = 0;
  #linkUp = false;
  readonly #refusedStreams = new Set<string>();
  readonly #remembered = newMemory();

  constructor(planned: PlannedDriver, host: DriverHost) {
    this.planned = planned;
    this.#host = host;
    this.#since = host.clock.mono();
  }

  get state(): DriverState {
    if (this.#state !== "failed" && this.#state !== "opening") return this.#state;
    if (!this.#isInTrouble) return "opening";
    return this.#isHopeless || this.#restarts.isFaulted ? "faulted" : "restarting";
  }

  get cause(): string | undefined {
    return this.#cause?.message;
  }

  /** Resolves when the first try has ended, well or not, or has taken too long. Never rejects. */
  async open(): Promise<void> {
    const ended = this.#attempt();
    this.#opening = ended;
    await within(this.#host.timers, OPEN_LIMIT, ended);
  }

  /** Runs an action, while the driver is ready. Rejects with DriverError, or with whatever a faulty driver threw. */
  async invoke(
    action: string,
    channel: string | number | undefined,
    args: readonly unknown[],
    caller?: Caller,
  ): Promise<unknown> {
    const instance = this.#instance;
    if (this.#state === "ready" && instance !== undefined) return await instance.invoke(action, channel, args, caller);
    throw this.#whyNot();
  }

  callerLeft(id: string): void {
    this.#tell((instance) => instance.callerLeft?.(id));
  }

  /** An instance that is opened later is told then. */
  linkChanged(up: boolean): void {
    this.#linkUp = up;
    this.#tell((instance) => instance.linkChanged?.(up));
  }

  /** It was told to give up opening, or to let go, and has not even done that. */
  get isStuck(): boolean {
    return this.#attemptSince !== undefined && this.#host.clock.mono() - this.#attemptSince > 2 * OPEN_LIMIT;
  }

  report(): DriverReport {
    const { name, definition } = this.planned;
    const seconds = Math.max(0, Math.round((this.#host.clock.mono() - this.#since) / 1_000));
    const common = {
      name,
      kind: definition.kind,
      for: seconds,
      failures: this.#failures,
      refusedReadings: this.#refused,
    };
    if (this.#state === "ready" && this.#instance !== undefined) return { ...common, ...ownHealth(this.#instance) };
    const { state: now } = this;
    const state = now === "ready" ? "faulted" : now;
    return this.#cause === undefined ? { ...common, state } : { ...common, state, cause: this.#cause.message };
  }

  /**
   * Outputs to their safe level, then everything let go. Resolves with false when that took longer than `limit` ms or
   * did not go well: the hardware's state is then not known. Idempotent; never rejects.
   */
  async close(limit: number): Promise<boolean> {
    this.#closed ??= this.#close();
    return await within(this.#host.timers, limit, this.#closed);
  }

  async #close(): Promise<void> {
    this.#cancelRetry();
    this.#enter("closing");
    this.#abort?.abort();
    await this.#opening;
    const instance = this.#instance;
    this.#instance = undefined;
    try {
      await instance?.close();
    } finally {
      this.#enter("closed");
    }
  }

  async #attempt(): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    this.#attemptSince = this.#host.clock.mono();
    this.#enter("opening");
    const abort = new AbortController();
    this.#abort = abort;
    const { definition, config } = this.planned;
    const tooLong = this.#host.timers.after(OPEN_LIMIT, () => {
      const seconds = String(OPEN_LIMIT / 1_000);
      const error = new DriverError("timeout", `The driver ${this.planned.name} was not open after ${seconds} s`);
      this.#fault(error, generation);
      abort.abort(error);
    });
    try {
      const instance = await definition.open(config, this.#context(generation, abort.signal));
      // opened too late, or failed as soon as it was open: nobody else will let go of what it holds
      if (generation === this.#generation && this.#state === "opening") this.#opened(instance);
      else await this.#discard(instance);
    } catch (error) {
      this.#fault(asDriverError(error, this.planned.name), generation);
    } finally {
      tooLong();
      this.#attemptSince = undefined;
    }
    if (generation === this.#generation && this.#state === "failed") this.#retryLater();
  }

  #context(generation: number, signal: AbortSignal): DriverContext {
    const { board, clock, timers, random, log, store, interlock } = this.#host;
    return {
      clock,
      timers,
      random,
      log,
      interlock,
      remembered: this.#remembered,
      ...(store === undefined ? {} : { store }),
      signal,
      board: claimedBoard(board, this.planned.claims),
      publish: (stream, reading) => {
        // also while closing: that the outputs went to their safe level is worth telling
        if (generation === this.#generation && this.#state !== "closed") this.#publish(stream, reading);
      },
      failed: (error) => this.#failed(error, generation),
    };
  }

  #publish(stream: string, reading: RawReading): void {
    try {
      this.#host.accept(this.planned, stream, reading);
    } catch (error) {
      this.#refused += 1;
      // once per stream: a driver that is wrong is wrong a thousand times a second
      if (this.#refusedStreams.has(stream) || this.#refusedStreams.size >= MOST_REFUSED_STREAMS) return;
      this.#refusedStreams.add(stream);
      this.#host.log.error(`driver ${this.planned.name}: a reading was refused: ${wordsOf(error)}`, { stream });
    }
  }

  #opened(instance: DriverInstance): void {
    this.#instance = instance;
    this.#cause = undefined;
    this.#enter("ready");
    this.#tell((one) => one.linkChanged?.(this.#linkUp));
    this.#host.log.info(`driver ${this.planned.name} is open`);
  }

  /** A driver that throws where it was only told something is a fault of the driver, and not the end of the board. */
  #tell(news: (instance: DriverInstance) => void): void {
    if (this.#instance === undefined) return;
    try {
      news(this.#instance);
    } catch (error) {
      this.#host.log.error(`driver ${this.planned.name} threw what no driver may throw: ${wordsOf(error)}`);
    }
  }

  /** The driver gave up by itself: what it holds is let go before it is opened again. */
  #failed(error: DriverError, generation: number): void {
    if (generation !== this.#generation || (this.#state !== "ready" && this.#state !== "opening")) return;
    const wasReady = this.#state === "ready";
    this.#fault(error, generation);
    const instance = this.#instance;
    this.#instance = undefined;
    if (!wasReady || instance === undefined) return; // still opening: its own end schedules the retry
    this.#opening = this.#letGo(instance, generation);
  }

  async #letGo(instance: DriverInstance, generation: number): Promise<void> {
    this.#attemptSince = this.#host.clock.mono();
    await this.#discard(instance);
    this.#attemptSince = undefined;
    if (generation === this.#generation && this.#state === "failed") this.#retryLater();
  }

  async #discard(instance: DriverInstance): Promise<void> {
    try {
      await instance.close();
    } catch (error) {
      this.#host.log.error(`driver ${this.planned.name} failed to close: ${wordsOf(error)}`);
    }
  }

  #fault(error: DriverError, generation: number): void {
    if (generation !== this.#generation || (this.#state !== "opening" && this.#state !== "ready")) return;
    this.#failures += 1;
    this.#cause = error;
    this.#retryIn = this.#restarts.failed(this.#state === "ready" ? this.#host.clock.mono() - this.#since : 0);
    this.#enter("failed");
    this.#host.onFailure(this.planned, error);
    const waits = error.code === "no_permission" && this.state === "restarting";
    // the system gives a device its group a moment after it has appeared: told once, and as a failure only if that does not come
    if (waits && this.#restarts.failures > 1) return;
    const words = waits ? "waits for its rights" : this.state === "faulted" ? "is faulted" : "failed";
    this.#host.log[waits ? "warn" : "error"](`driver ${this.planned.name} ${words}: ${error.message}`, {
      code: error.code,
      failures: this.#failures,
      ...(this.#isHopeless ? {} : { retryIn: this.#retryIn }),
    });
  }

  /** Tries again count as one trouble. */
  get #isInTrouble(): boolean {
    return this.#cause !== undefined && (this.#state === "failed" || this.#state === "opening");
  }

  /** What is written in the configuration stays wrong until somebody writes something else and starts again. */
  get #isHopeless(): boolean {
    return this.#cause?.code === "bad_config";
  }

  #retryLater(): void {
    if (this.#isHopeless) return;
    this.#cancelRetry = this.#host.timers.after(this.#retryIn, () => {
      this.#opening = this.#attempt();
    });
  }

  #enter(state: Phase): void {
    const wasInTrouble = this.#isInTrouble;
    this.#state = state;
    if (!wasInTrouble || !this.#isInTrouble) this.#since = this.#host.clock.mono();
    this.#host.onState(this.planned);
  }

  #whyNot(): DriverError {
    const { name } = this.planned;
    if (this.#state === "closing" || this.#state === "closed") {
      return new DriverError("closed", `The driver ${name} is shutting down`);
    }
    const cause = this.#cause;
    if (cause === undefined) return new DriverError("not_open", `The driver ${name} is still opening`);
    return new DriverError(cause.code, `The driver ${name} is not open: ${cause.what}`, { cure: cause.cure, cause });
  }
}

/** What a user's driver throws in `health` is one more thing that is wrong with it. */
function ownHealth(instance: DriverInstance): Pick<DriverReport, "state" | "cause" | "channels"> {
  try {
    return instance.health();
  } catch (error) {
    return { state: "faulted", cause: `the driver cannot tell its health: ${wordsOf(error)}` };
  }
}

function asDriverError(error: unknown, name: string): DriverError {
  if (error instanceof DriverError) return error;
  const cure = "This is a fault of the driver: report it with this text.";
  return new DriverError("io", `The driver ${name} threw ${wordsOf(error)}`, { cure, cause: error });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
