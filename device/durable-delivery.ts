/**
 * Durable readings on their way to the router: into the journal first, out of what is owed only after PUBLISHED. New readings go at
 * once while there is a session; what was made without one follows in order per stream, at a bounded rate, told apart by
 * `replayed`. Owns what is on its way and the one pass through the backlog. Holds no reading itself: the journal does.
 */
import { ApplicationError, ErrorUri } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import type { Clock, Log, Timers } from "../drivers/driver.ts";
import type { Reading } from "../drivers/reading.ts";
import { gapEvent } from "./gap-event.ts";
import type { Gap } from "./journal/gap.ts";
import type { Journal } from "./journal/journal.ts";
import type { Stored } from "./journal/read-back.ts";
import type { Naming } from "./naming.ts";

export interface DeliveryLimits {
  /** New readings that wait for PUBLISHED; beyond it they are left to the backlog. */
  readonly live: number;
  /** Readings of the backlog that wait for PUBLISHED. */
  readonly replayed: number;
  /** Readings of the backlog a second. */
  readonly rate: number;
}

export const deliveryDefaults: DeliveryLimits = { live: 256, replayed: 32, rate: 200 };

export interface DeliveryContext {
  readonly client: Pick<Client, "publish" | "session">;
  readonly naming: Naming;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly limits: DeliveryLimits;
}

export interface DeliveryReport {
  /** Acknowledged by the router. */
  readonly delivered: number;
  /** Of these, later than they were made. */
  readonly replayed: number;
  /** On their way. */
  readonly inFlight: number;
  /** Why the router takes none, when it refuses them. */
  readonly refused?: string;
}

/** ms between two helpings of the backlog. */
const BEAT = 100;
/** ms until the backlog is tried again after a refusal, doubled up to the last. */
const RETRY_FIRST = 1_000;
const RETRY_LAST = 60_000;

export class DurableDelivery {
  readonly #context: DeliveryContext;
  readonly #onTheWay = new Set<string>();
  #live = 0;
  #delivered = 0;
  #replayed = 0;
  #refused: string | undefined;
  #pass: Promise<void> | undefined;
  /** Something was left to the backlog since the pass began. */
  #left = false;
  #retryIn = RETRY_FIRST;
  #cancelRetry: (() => void) | undefined;
  #stopped = false;

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  /** Never throws, never waits. */
  reading(stream: string, reading: Reading): void {
    const { journal, limits, client } = this.#context;
    journal.append(stream, reading);
    if (client.session === undefined || this.#live >= limits.live) {
      this.#left = true;
      return;
    }
    this.#live += 1;
    void this.#send({ stream, reading }, false).then((isTaken) => {
      this.#live -= 1;
      if (!isTaken) this.#left = true;
      if (this.#left && this.#live < limits.live / 2) this.#follow();
    });
  }

  /** There is a session: what is owed follows. */
  ready(): void {
    this.#retryIn = RETRY_FIRST;
    this.#follow();
  }

  /** A gap was declared. */
  gapFound(): void {
    this.#follow();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
  }

  report(): DeliveryReport {
    return {
      delivered: this.#delivered,
      replayed: this.#replayed,
      inFlight: this.#onTheWay.size,
      ...(this.#refused === undefined ? {} : { refused: this.#refused }),
    };
  }

  #follow(): void {
    if (this.#stopped || this.#pass !== undefined || this.#context.client.session === undefined) return;
    this.#cancelRetry?.();
    this.#left = false;
    this.#pass = this.#passThrough()
      .then((isThrough) => {
        this.#pass = undefined;
        if (isThrough && this.#left) this.#follow();
        else if (!isThrough || this.#context.journal.pending > this.#onTheWay.size) this.#retry();
      })
      .catch((error: unknown) => {
        this.#pass = undefined;
        this.#context.log.error(`the backlog could not be read: ${String(error)}`);
        this.#retry();
      });
  }

  /** What was refused, or could not be read, is tried again by time: without a session the next one starts it. */
  #retry(): void {
    if (this.#stopped || this.#context.client.session === undefined) return;
    this.#cancelRetry = this.#context.timers.after(this.#retryIn, () => this.#follow());
    this.#retryIn = Math.min(RETRY_LAST, this.#retryIn * 2);
  }

  /** Gaps first: they are few. Then one pass in the journal's order, ended by the first that is not taken. */
  async #passThrough(): Promise<boolean> {
    const { journal, limits } = this.#context;
    for (const gap of journal.gaps()) if (!(await this.#tell(gap))) return false;
    const helping = Math.max(1, Math.ceil((limits.rate * BEAT) / 1_000));
    const window = new Set<Promise<void>>();
    const course = { isOpen: true };
    let left = helping;
    for await (const stored of journal.backlog()) {
      if (this.#onTheWay.has(keyOf(stored))) continue;
      if (left === 0) {
        await this.#beat();
        left = helping;
      }
      while (window.size >= limits.replayed) await Promise.race(window);
      if (!course.isOpen || this.#stopped) break;
      left -= 1;
      const sending: Promise<void> = this.#send(stored, true).then((isTaken) => {
        window.delete(sending);
        course.isOpen &&= isTaken;
      });
      window.add(sending);
    }
    await Promise.all(window);
    return course.isOpen;
  }

  #beat(): Promise<void> {
    return new Promise((resolve) => {
      this.#context.timers.after(BEAT, resolve);
    });
  }

  /** Whether the router has taken it. Never rejects. */
  async #send(stored: Stored, isReplayed: boolean): Promise<boolean> {
    const { client, naming, journal } = this.#context;
    const { stream, reading } = stored;
    if (client.session === undefined) return false;
    const key = keyOf(stored);
    const { value, ...rest } = reading;
    const told = isReplayed
      ? { ...rest, quality: reading.quality === "good" ? "replayed" : reading.quality, replayed: true }
      : rest;
    this.#onTheWay.add(key);
    try {
      await client.publish(naming.topic(stream), [value], { ...told, device: naming.id }, { acknowledge: true });
      journal.delivered(reading.boot, stream, reading.seq);
      this.#delivered += 1;
      if (isReplayed) this.#replayed += 1;
      this.#refused = undefined;
      this.#retryIn = RETRY_FIRST;
      return true;
    } catch (error) {
      this.#note(stream, error);
      return false;
    } finally {
      this.#onTheWay.delete(key);
    }
  }

  async #tell(gap: Gap): Promise<boolean> {
    const { client, naming, journal, clock } = this.#context;
    const { stream } = gap;
    const kwargs = gapEvent(gap, naming.id, clock.wall());
    try {
      await client.publish(naming.topic(stream), [null], kwargs, { acknowledge: true });
      journal.gapDelivered(gap);
      return true;
    } catch (error) {
      this.#note(stream, error);
      return false;
    }
  }

  #note(stream: string, error: unknown): void {
    const isRefusal = error instanceof ApplicationError && error.uri !== ErrorUri.networkFailure;
    if (!isRefusal || this.#context.client.session === undefined) return; // the session is gone: the link says so
    const before = this.#refused;
    this.#refused = `the router does not take readings of ${stream}: ${error.uri}${error.message === "" ? "" : `, ${error.message}`}`;
    if (before === undefined) this.#context.log.error(`${this.#refused}; they stay in the journal and are tried again`);
  }
}

function keyOf({ stream, reading }: Stored): string {
  return `${stream} ${reading.boot} ${String(reading.seq)}`;
}
