/**
 * One output. Owns its line, what runs on it by itself (a pulse, a blink, a lease, a maximum on time) and what was last
 * published; every access goes through one queue, so that a receipt tells what this call did. Knows callers by id only, and
 * of the link only whether it is up.
 */
import type { Level, OutputLine } from "../board.ts";
import type { Caller, ChannelHealth, DriverContext } from "../driver.ts";
import type { DriverError } from "../driver-error.ts";
import type { Interlock } from "../interlock.ts";
import { Sequence } from "../sequence.ts";
import { reasonOf } from "../words.ts";
import { AnsweredKeys } from "./answered-keys.ts";
import type { AuditRing, Why } from "./audit-ring.ts";
import { Deadline } from "./deadline.ts";
import type { OutputPin } from "./gpio-config.ts";
import { LineKeeper } from "./line-keeper.ts";
import type { LeaseReceipt, Receipt, Terms } from "./output-terms.ts";
import { OutputRules } from "./output-rules.ts";
import { PulseTrain, type TrainShape } from "./pulse-train.ts";
import { levelsOf, opposite, outputRequest, trainFault, trainTooLong } from "./output-shapes.ts";
import { SafeReturn } from "./safe-return.ts";

const WAITING = 64;

interface Move {
  readonly why: Why;
  readonly action: string | null;
  readonly caller?: Caller | undefined;
}

/** What moves the output by itself later; `quiet` ones are not published at each step. */
interface Running {
  readonly endsWith: Level;
  readonly quiet: boolean;
  readonly stop: () => void;
}

export interface OutputNeighbours {
  readonly audit: AuditRing;
  readonly interlock: Interlock | undefined;
}

export class OutputChannel {
  readonly pin: OutputPin;
  readonly #ctx: DriverContext;
  readonly #audit: AuditRing;
  readonly #queue: Sequence;
  readonly #keeper: LineKeeper<OutputLine>;
  readonly #rules: OutputRules;
  readonly #keys: AnsweredKeys;
  readonly #return: SafeReturn;
  readonly #maxOn: Deadline;
  #running: Running | undefined;
  #published: Level | undefined;
  #disagreement: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(pin: OutputPin, ctx: DriverContext, { audit, interlock }: OutputNeighbours) {
    this.pin = pin;
    this.#ctx = ctx;
    this.#audit = audit;
    this.#queue = new Sequence(pin.name, WAITING);
    this.#rules = new OutputRules(pin, ctx.clock, interlock);
    this.#keys = ctx.remembered(`keys of ${pin.name}`, () => new AnsweredKeys(ctx.clock));
    this.#return = new SafeReturn(pin, ctx, (reason) => void this.#goSafe(reason));
    this.#maxOn = new Deadline(ctx, () => void this.#goSafe("maximum on time"));
    let opened = false;
    let why: Why = "start";
    this.#keeper = new LineKeeper({
      name: pin.name,
      timers: ctx.timers,
      log: ctx.log,
      open: async () => {
        this.#rules.adopt(pin.safe);
        const line = await ctx.board.gpio.openOutput({
          ...outputRequest(pin),
          keep: pin.keep && !opened,
          signal: ctx.signal,
        });
        why = opened ? "reopened" : "start";
        opened = true;
        return line;
      },
      opened: async (line) => this.#found(line, await line.read(), why),
      lost: (error) => this.#lost(error),
      retry: () => void this.#queue.runAnyway(async () => this.#keeper.reopen()),
    });
  }

  /** Answers why it does not work yet; it keeps trying. Never rejects. */
  async open(): Promise<DriverError | undefined> {
    return this.#queue.runAnyway(async () => this.#keeper.open());
  }

  async set(level: Level, terms: Terms = {}) {
    return this.#asked("set", [level, terms.lease], terms, async () => {
      this.#rules.permit(level);
      this.#stopRunning();
      return this.#leased(await this.#apply(level, { why: "call", action: "set", caller: terms.caller }), terms);
    });
  }

  async toggle(terms: Terms = {}) {
    return this.#asked("toggle", [terms.lease], terms, async () => {
      const level = opposite(await this.#keeper.use(async (line) => line.read()));
      this.#rules.permit(level);
      this.#stopRunning();
      return this.#leased(await this.#apply(level, { why: "call", action: "toggle", caller: terms.caller }), terms);
    });
  }

  async pulse(duration: number, level: Level = opposite(this.pin.safe), terms: Terms = {}) {
    const fault = trainTooLong(this.pin, duration, level);
    if (fault !== undefined) throw fault;
    return this.#asked("pulse", [duration, level], terms, async () => {
      this.#rules.permit(level);
      const before = this.#stopRunning();
      const receipt = await this.#apply(level, { why: "call", action: "pulse", caller: terms.caller }, true);
      // A pulse that follows a running one goes back to where the first would have gone.
      const back = before?.endsWith ?? receipt.previous;
      const endsWith = back === level ? this.pin.safe : back;
      const end = new Deadline(this.#ctx, () => void this.#queue.runAnyway(async () => this.#finish(running)));
      const running: Running = { endsWith, quiet: false, stop: () => end.end() };
      this.#running = running;
      end.start(duration);
      return { ...receipt, duration, endsWith };
    });
  }

  async blink(shape: TrainShape, terms: Terms = {}) {
    const receipt = await this.#train("blink", shape, terms);
    return { ...receipt, on: shape.on, off: shape.off, count: shape.count ?? null, endsWith: this.pin.safe };
  }

  /** By timers of this process: each edge may be some ms late, more on a busy machine. */
  async pwm(duty: number, frequency: number, terms: Terms = {}) {
    const { on, off, level } = levelsOf(this.pin, duty, frequency);
    const words = { duty, frequency, mode: "software" } as const;
    if (level !== undefined) return { ...(await this.set(level, terms)), ...words };
    return { ...(await this.#train("pwm", { on, off }, terms)), ...words };
  }

  async renew(lease: number, caller: Caller | undefined): Promise<{ pin: string; lease: LeaseReceipt }> {
    return this.#queue.run(async () => ({ pin: this.pin.name, lease: this.#return.renew(lease, caller) }));
  }

  async get() {
    const value = await this.#queue.run(async () => this.#keeper.use(async (line) => line.read()));
    return { pin: this.pin.name, value, t: this.#ctx.clock.wall() };
  }

  /** Somebody else may have moved it, or the chip may be gone. Never rejects. */
  async check(): Promise<void> {
    await this.#queue.runAnyway(async () => {
      if (this.#keeper.health.state === "faulted" || this.#closing) return;
      try {
        await this.#keeper.use(async (line) => {
          const level = await line.read();
          if (level !== this.#rules.level) await this.#found(line, level, "moved by another");
        });
      } catch {
        // The keeper has reported it and tries again.
      }
    });
  }

  callerLeft(id: string): void {
    this.#return.callerLeft(id);
  }

  linkChanged(up: boolean): void {
    this.#return.linkChanged(up);
  }

  get health(): ChannelHealth {
    const health = this.#keeper.health;
    if (health.state !== "ok" || this.#disagreement === undefined) return health;
    return { ...health, state: "degraded", cause: this.#disagreement };
  }

  async close(): Promise<void> {
    this.#return.end();
    this.#closing ??= this.#queue.runAnyway(async () => {
      this.#stopRunning();
      this.#maxOn.end();
      await this.#keeper.close(async (line) => {
        const before = await line.read();
        await line.write(this.pin.safe);
        const after = await line.read();
        if (before !== after) this.#note(this.pin.safe, after, { why: "stop", action: null });
        this.#changed(after, false);
        this.#publish(after);
      });
      this.#maxOn.end();
    });
    return this.#closing;
  }

  async #asked<Answer extends object>(
    action: string,
    args: readonly unknown[],
    { key }: Terms,
    run: () => Promise<Answer>,
  ) {
    return this.#keys.once(key, JSON.stringify([action, ...args]), async () => this.#queue.run(run));
  }

  async #train(action: "blink" | "pwm", shape: TrainShape, terms: Terms) {
    const fault = trainFault(this.pin, shape);
    if (fault !== undefined) throw fault;
    return this.#asked(action, [shape, terms.lease], terms, async () => {
      this.#rules.permit(1);
      this.#stopRunning();
      const receipt = await this.#apply(1, { why: "call", action, caller: terms.caller }, true);
      const quiet = action === "pwm";
      const train = new PulseTrain(shape, {
        clock: this.#ctx.clock,
        timers: this.#ctx.timers,
        step: async (level) => this.#queue.runAnyway(async () => this.#step(running, level)),
        ended: () => void this.#queue.runAnyway(async () => this.#finish(running)),
      });
      const running: Running = { endsWith: this.pin.safe, quiet, stop: () => train.stop() };
      this.#running = running;
      train.start();
      return this.#leased(receipt, terms);
    });
  }

  async #step(running: Running, level: Level): Promise<boolean> {
    if (this.#running !== running) return false;
    try {
      this.#rules.claim(level);
      await this.#keeper.use(async (line) => {
        await line.write(level);
        this.#changed(level, true);
        if (!running.quiet) this.#publish(level);
      });
      return true;
    } catch {
      return false; // the keeper opens the line again, at its safe level
    }
  }

  /** Takes what runs to its end, unless something else has taken its place. */
  async #finish(running: Running): Promise<void> {
    if (this.#running !== running) return;
    this.#running = undefined;
    this.#return.endLease();
    try {
      await this.#apply(running.endsWith, { why: "pulse ended", action: null });
    } catch (error) {
      // The keeper opens the line again, at its safe level.
      this.#ctx.log.error(`The pulse on ${this.pin.name} could not be ended in time: ${reasonOf(error)}`);
    }
  }

  async #goSafe(why: Why): Promise<void> {
    await this.#queue.runAnyway(async () => {
      if (this.#closing) return;
      this.#stopRunning();
      this.#return.endLease();
      if (this.#keeper.health.state === "faulted") return; // it is opened again at its safe level
      try {
        const now = await this.#keeper.use(async (line) => line.read());
        if (now === this.pin.safe) return;
        await this.#apply(this.pin.safe, { why, action: null });
        this.#ctx.log.warn(`${this.pin.name} went to its safe level: ${why}`);
      } catch (error) {
        this.#ctx.log.error(`${this.pin.name} could not be brought to its safe level (${why}): ${reasonOf(error)}`);
      }
    });
  }

  async #apply(requested: Level, move: Move, moreToCome = false): Promise<Receipt> {
    if (this.#keeper.health.state === "ok") this.#rules.claim(requested);
    return this.#keeper.use(async (line) => {
      const previous = await line.read();
      return this.#write(line, { requested, previous }, move, moreToCome);
    });
  }

  async #write(
    line: OutputLine,
    { requested, previous }: { requested: Level; previous: Level },
    move: Move,
    moreToCome: boolean,
  ): Promise<Receipt> {
    await line.write(requested);
    const readBack = await line.read();
    this.#disagreement =
      readBack === requested ? undefined : `${String(requested)} was set but the line reads ${String(readBack)}`;
    this.#changed(readBack, moreToCome);
    this.#note(requested, readBack, move);
    this.#publish(readBack);
    return { pin: this.pin.name, requested, readBack, previous, t: this.#ctx.clock.wall() };
  }

  /**
   * A line may be on without having been asked: it was left so, its safe level is on, or another program has moved it. What runs on
   * it by itself goes on.
   */
  async #found(line: OutputLine, found: Level, why: Why): Promise<void> {
    let level = found;
    try {
      this.#rules.adopt(level);
    } catch (error) {
      this.#ctx.log.warn(reasonOf(error));
      this.#stopRunning();
      await line.write(this.pin.safe);
      level = await line.read();
    }
    const moved = why === "moved by another";
    if (moved) this.#ctx.log.warn(`${this.pin.name} was found at ${String(found)}: another program has moved it`);
    this.#changed(level, this.#running !== undefined);
    this.#note(moved || (this.pin.keep && why === "start") ? found : this.pin.safe, level, { why, action: null });
    this.#publish(level);
  }

  #leased<Answer extends Receipt>(receipt: Answer, { lease, caller }: Terms): Answer & { lease?: LeaseReceipt } {
    if (lease === undefined || (receipt.requested === this.pin.safe && this.#running === undefined)) {
      this.#return.endLease();
      return receipt;
    }
    return { ...receipt, lease: this.#return.lend(lease, caller) };
  }

  #changed(level: Level, moreToCome: boolean): void {
    this.#rules.changed(level, moreToCome);
    const { maxOn } = this.pin;
    if (level === 0) this.#maxOn.end();
    else if (maxOn !== undefined && !this.#maxOn.running) this.#maxOn.start(maxOn);
  }

  #note(requested: Level, readBack: Level, { why, action, caller }: Move): void {
    const { clock } = this.#ctx;
    const at = { t: clock.wall(), mono: clock.mono() };
    this.#audit.add({ ...at, pin: this.pin.name, action, why, requested, readBack, caller });
  }

  #stopRunning(): Running | undefined {
    const running = this.#running;
    running?.stop();
    this.#running = undefined;
    return running;
  }

  #publish(value: Level): void {
    if (value === this.#published) return;
    this.#published = value;
    this.#ctx.publish(this.pin.name, { value });
  }

  #lost(error: DriverError): void {
    this.#stopRunning();
    this.#return.stop();
    this.#maxOn.end();
    this.#published = undefined;
    this.#ctx.publish(this.pin.name, { value: null, quality: "error", cause: error.message });
  }
}
