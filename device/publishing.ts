/**
 * Readings that are not journaled, on their way to subscribers. Owns the counters of what left the board, and what was lost: a reading
 * made while the link is down, or not taken by the router, is told as a gap when there is a session. States are told again after a join.
 */
import type { Client } from "@pinion/wamp/client";
import type { Reading } from "../drivers/reading.ts";
import { gapEvent } from "./gap-event.ts";
import type { ReadingsReport } from "./health.ts";
import type { Gap } from "./journal/gap.ts";
import type { Naming } from "./naming.ts";

/** Readings that wait for PUBLISHED; beyond it the newest are lost. */
export const MOST_IN_FLIGHT = 1_024;

/** The part of a client that publishing needs. */
export type Publisher = Pick<Client, "publish" | "session">;

export interface PublishingContext {
  readonly client: Publisher;
  readonly naming: Naming;
  readonly boot: string;
  readonly wall: () => number;
}

export class Publishing {
  readonly #context: PublishingContext;
  #published = 0;
  #lost = 0;
  #restated = 0;
  #inFlight = 0;
  /** By stream: the lowest and the highest number that was lost since it was told last. */
  readonly #untold = new Map<string, readonly [from: number, to: number]>();
  #telling = false;

  constructor(context: PublishingContext) {
    this.#context = context;
  }

  /** `sensor.<stream>`: args [value], the rest in kwargs. Never throws, never waits. */
  reading(stream: string, reading: Reading): void {
    if (this.#context.client.session === undefined || this.#inFlight >= MOST_IN_FLIGHT) {
      this.#lose(stream, reading.seq);
      return;
    }
    this.#inFlight += 1;
    this.#send(stream, reading)
      .then(
        () => {
          this.#published += 1;
        },
        () => this.#lose(stream, reading.seq),
      )
      .finally(() => {
        this.#inFlight -= 1;
        if (this.#untold.size > 0 && this.#inFlight < MOST_IN_FLIGHT / 2) void this.#tellLost();
      });
  }

  /** A number that no reading has. Without a session it is told as part of what was lost. */
  gap(gap: Gap): void {
    this.#tell(gap).catch(() => this.#note(gap.stream, gap.from, gap.from));
  }

  /** The present state, with the sequence number and time it had when it came about. */
  restate(readings: readonly (readonly [stream: string, reading: Reading])[]): void {
    for (const [stream, reading] of readings) {
      this.#send(stream, reading).then(
        () => {
          this.#restated += 1;
        },
        () => this.#note(stream, reading.seq, reading.seq),
      );
      // the newest of a state is not lost, however old it is
      const [from, to] = this.#untold.get(stream) ?? [];
      if (from === undefined || to !== reading.seq) continue;
      if (from === to) this.#untold.delete(stream);
      else this.#untold.set(stream, [from, to - 1]);
    }
    void this.#tellLost();
  }

  report(): ReadingsReport {
    return { published: this.#published, lost: this.#lost, restated: this.#restated };
  }

  async #send(stream: string, reading: Reading): Promise<void> {
    const { value, ...rest } = reading;
    const { client, naming } = this.#context;
    if (client.session === undefined) throw new Error("no session");
    await client.publish(naming.topic(stream), [value], { ...rest, device: naming.id }, { acknowledge: true });
  }

  async #tell(gap: Gap): Promise<void> {
    const { client, naming, wall } = this.#context;
    if (client.session === undefined) throw new Error("no session");
    await client.publish(naming.topic(gap.stream), [null], gapEvent(gap, naming.id, wall()), { acknowledge: true });
  }

  /** One round at a time, ended by the first that is not taken: the next session, or the next reading, begins another. */
  async #tellLost(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    const { boot, wall } = this.#context;
    try {
      for (const [stream, [from, to]] of this.#untold) {
        this.#untold.delete(stream);
        const id = `${boot}-dropped-${String(to)}`;
        try {
          await this.#tell({ id, stream, boot, from, to, reason: "dropped_by_policy", t: wall() });
        } catch {
          this.#note(stream, from, to);
          return;
        }
      }
    } finally {
      this.#telling = false;
    }
  }

  #lose(stream: string, seq: number): void {
    this.#lost += 1;
    this.#note(stream, seq, seq);
  }

  #note(stream: string, from: number, to: number): void {
    const [low, high] = this.#untold.get(stream) ?? [from, to];
    this.#untold.set(stream, [Math.min(low, from), Math.max(high, to)]);
  }
}
