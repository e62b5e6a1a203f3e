/**
 * A count of edges that outlives the process: published now and then, kept in the store now and then and at the end. Owns
 * the count and when it was last told and kept; knows no line.
 */
import type { LineEdge } from "../board.ts";
import type { DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { startPolling, type Polling } from "../polling.ts";
import { reasonOf } from "../words.ts";
import { EdgeCounter, type CountedEdge } from "./edge-counter.ts";

export interface CounterOptions {
  readonly stream: string;
  readonly edge: CountedEdge;
  /** ms */
  readonly interval: number;
  readonly save: number;
  readonly factor: number;
}

export class Counter {
  readonly #pin: string;
  readonly #options: CounterOptions;
  readonly #ctx: DriverContext;
  readonly #edges: EdgeCounter;
  #published: number | undefined;
  #stored: number | undefined;
  #kept = false;
  #toldOfLoss = false;
  #telling: Polling | undefined;
  #saving: Polling | undefined;

  constructor(pin: string, options: CounterOptions, ctx: DriverContext) {
    this.#pin = pin;
    this.#options = options;
    this.#ctx = ctx;
    this.#edges = new EdgeCounter(options.edge);
  }

  /** Takes up the count from the last run. Never rejects: a count that cannot be read starts at 0, and that is said. */
  async start(): Promise<void> {
    if (this.#telling !== undefined) return;
    const { store, log } = this.#ctx;
    if (store === undefined)
      log.warn(`${this.#pin}: the count starts at 0 with each start; set board.stateDir to keep it`);
    else {
      try {
        const text = await store.load(this.#key);
        const count = text === undefined ? 0 : Number(text);
        if (!Number.isSafeInteger(count) || count < 0) throw new Error(`${String(text).slice(0, 40)} is no count`);
        this.#edges.count = count;
        this.#stored = count;
        this.#kept = true;
      } catch (error) {
        log.error(`${this.#pin}: the count of the last run cannot be read, it starts at 0: ${reasonOf(error)}`);
      }
    }
    const { interval, save } = this.#options;
    this.#telling = startPolling(this.#ctx, interval, async () => this.#tell());
    this.#saving = startPolling(this.#ctx, save, async () => this.#save());
  }

  reopened(level: number): void {
    this.#edges.reopened(level);
  }

  edge(edge: LineEdge): void {
    this.#edges.edge(edge);
    if (this.#toldOfLoss || edge.seq !== undefined) return;
    this.#toldOfLoss = true;
    this.#ctx.log.warn(
      `${this.#pin}: this way to the line does not number edges, so a count may miss some; board.gpioBackend: chardev does`,
    );
  }

  get answer() {
    const { count, lossless = null, missed } = this.#edges;
    return { pin: this.#pin, count, value: count * this.#options.factor, lossless, missed, kept: this.#kept };
  }

  get missed(): number {
    return this.#edges.missed;
  }

  async reset(count: number): Promise<void> {
    this.#edges.count = count;
    this.#tell();
    await this.#save();
  }

  /** Never rejects. */
  async stop(): Promise<void> {
    await Promise.all([this.#telling?.stop(), this.#saving?.stop()]);
    await this.#save();
  }

  get #key(): string {
    return `gpio.${this.#pin}.count`;
  }

  #tell(): void {
    const { count } = this.#edges;
    if (count === this.#published) return;
    this.#published = count;
    this.#ctx.publish(this.#options.stream, { value: count * this.#options.factor });
  }

  async #save(): Promise<void> {
    const { count } = this.#edges;
    const { store, log } = this.#ctx;
    if (store === undefined || count === this.#stored) return;
    try {
      await store.save(this.#key, String(count));
      this.#stored = count;
      this.#kept = true;
    } catch (error) {
      this.#kept = false;
      const cure = error instanceof DriverError ? error.message : reasonOf(error);
      log.error(`${this.#pin}: the count cannot be kept: ${cure}`);
    }
  }
}
