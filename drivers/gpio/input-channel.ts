/**
 * One input. Owns its line, its debouncing and the level it has reported last. Must not know who listens.
 */
import type { InputLine, Level, LineEdge } from "../board.ts";
import type { ChannelHealth, DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { Sequence } from "../sequence.ts";
import { Button } from "./button.ts";
import { Counter } from "./counter.ts";
import { Debounce } from "./debounce.ts";
import type { InputPin } from "./gpio-config.ts";
import { LineKeeper } from "./line-keeper.ts";

const WAITING = 64;

export class InputChannel {
  readonly pin: InputPin;
  readonly #ctx: DriverContext;
  readonly #queue: Sequence;
  readonly #keeper: LineKeeper<InputLine>;
  readonly #debounce: Debounce;
  readonly #button: Button | undefined;
  readonly #counter: Counter | undefined;
  #reported: Level | undefined;
  #missedEdges = 0;
  #closing: Promise<void> | undefined;

  constructor(pin: InputPin, ctx: DriverContext) {
    this.pin = pin;
    this.#ctx = ctx;
    this.#queue = new Sequence(pin.name, WAITING);
    this.#debounce = new Debounce(pin.debounce, ctx, (first) => void this.#settled(first));
    const { button, counter } = pin;
    this.#button =
      button && new Button(button, ctx.timers, (event, t) => ctx.publish(button.stream, { value: event, t }));
    this.#counter = counter && new Counter(pin.name, counter, ctx);
    this.#keeper = new LineKeeper({
      name: pin.name,
      timers: ctx.timers,
      log: ctx.log,
      open: async () => {
        const { name: consumer, pin: where, chip, activeLow, pull, kernelDebounce: debounce } = pin;
        const onEdge = (edge: LineEdge): void => this.#edge(edge);
        // Both edges whatever is published: the quiet time counts from any of them.
        const onGone = (cause: DriverError): void => void this.#gone(cause);
        const { signal } = ctx;
        const request = {
          line: where.line,
          activeLow,
          consumer,
          edge: "both",
          debounce,
          onEdge,
          onGone,
          signal,
        } as const;
        const place = chip === undefined ? {} : { chip };
        return ctx.board.gpio.openInput({ ...request, ...place, ...(pull === undefined ? {} : { pull }) });
      },
      opened: async (line) => {
        const level = await line.read();
        this.#counter?.reopened(level);
        this.#reported = level;
        ctx.publish(pin.name, { value: level });
      },
      lost: (error) => this.#lost(error),
      retry: () => void this.#queue.runAnyway(async () => this.#keeper.reopen()),
    });
  }

  /** Answers why it does not work yet; it keeps trying. Never rejects. */
  async open(): Promise<DriverError | undefined> {
    return this.#queue.runAnyway(async () => {
      await this.#counter?.start();
      return this.#keeper.open();
    });
  }

  async get() {
    const value = await this.#queue.run(async () => this.#keeper.use(async (line) => line.read()));
    return { pin: this.pin.name, value, t: this.#ctx.clock.wall() };
  }

  async count(): Promise<Counter["answer"]> {
    return this.#counted().answer;
  }

  async resetCount(count: number): Promise<Counter["answer"]> {
    const counter = this.#counted();
    await counter.reset(count);
    return counter.answer;
  }

  /** Finds an edge that the system has swallowed, and a chip that is gone. Never rejects. */
  async check(): Promise<void> {
    await this.#queue.runAnyway(async () => {
      if (this.#keeper.health.state === "faulted" || this.#closing) return;
      const level = await this.#read();
      if (level === undefined || level === this.#reported || this.#debounce.waiting) return;
      this.#missedEdges += 1;
      this.#debounce.edge();
    });
  }

  get health(): ChannelHealth {
    const health = this.#keeper.health;
    const missed = this.#missedEdges + (this.#counter?.missed ?? 0);
    return { ...health, counters: { ...health.counters, missed_edges: missed } };
  }

  async close(): Promise<void> {
    this.#closing ??= this.#queue.runAnyway(async () => {
      this.#debounce.stop();
      this.#button?.stop();
      await this.#keeper.close();
      await this.#counter?.stop();
    });
    return this.#closing;
  }

  #edge(edge: LineEdge): void {
    if (this.#closing) return;
    this.#counter?.edge(edge);
    const { level, t } = edge;
    // Without debouncing each edge counts with the level it came with, however short it was.
    if (this.pin.debounce === 0) this.#report(level, t ?? this.#ctx.clock.wall());
    else this.#debounce.edge(t);
  }

  /** Without edges the line is of no use, whatever a read would say. Never rejects. */
  async #gone(cause: DriverError): Promise<void> {
    await this.#queue.runAnyway(async () => {
      if (this.#closing || this.#keeper.health.state === "faulted") return;
      await this.#keeper.use(() => Promise.reject(cause)).catch(() => undefined); // the keeper opens it again
    });
  }

  async #settled(firstEdge: number): Promise<void> {
    await this.#queue.runAnyway(async () => {
      if (this.#closing) return;
      const level = await this.#read();
      // An edge during the read: not quiet after all, and the change began with the edge that is known.
      if (level === undefined) return;
      if (this.#debounce.waiting) this.#debounce.edge(firstEdge);
      else this.#report(level, firstEdge);
    });
  }

  #counted(): Counter {
    if (this.#counter !== undefined) return this.#counter;
    throw new DriverError("unknown_action", `${this.pin.name} does not count`, {
      cure: "Give the pin a counter in the configuration (counter: {}).",
    });
  }

  async #read(): Promise<Level | undefined> {
    try {
      return await this.#keeper.use(async (line) => line.read());
    } catch {
      return undefined; // the keeper has reported it and tries again
    }
  }

  #report(level: Level, t: number): void {
    if (level === this.#reported) return;
    this.#reported = level;
    this.#button?.level(level, t);
    const { edge, name } = this.pin;
    if (edge === "both" || (edge === "rising") === (level === 1)) this.#ctx.publish(name, { value: level, t });
  }

  #lost(error: DriverError): void {
    this.#debounce.stop();
    this.#button?.stop();
    this.#reported = undefined;
    this.#ctx.publish(this.pin.name, { value: null, quality: "error", cause: error.message });
  }
}
