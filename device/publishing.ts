/**
 * Readings on their way to subscribers. Owns the counters of what left the board and what nobody will get. Keeps nothing
 * but those: a reading made while the link is down is counted as lost, and states are told again after a join.
 */
import type { Client } from "@pinion/wamp/client";
import type { Reading } from "../drivers/reading.ts";
import type { ReadingsReport } from "./health.ts";
import type { Naming } from "./naming.ts";

/** The part of a client that publishing needs. */
export type Publisher = Pick<Client, "publish" | "session">;

export class Publishing {
  readonly #client: Publisher;
  readonly #naming: Naming;
  #published = 0;
  #lost = 0;
  #restated = 0;

  constructor(client: Publisher, naming: Naming) {
    this.#client = client;
    this.#naming = naming;
  }

  /** `sensor.<stream>`: args [value], the rest in kwargs. Never throws, never waits. */
  reading(stream: string, reading: Reading): void {
    this.#send(stream, reading, () => {
      this.#published += 1;
    });
  }

  /** The present state, with the sequence number and time it had when it came about. */
  restate(readings: readonly (readonly [stream: string, reading: Reading])[]): void {
    for (const [stream, reading] of readings) {
      this.#send(stream, reading, () => {
        this.#restated += 1;
      });
    }
  }

  report(): ReadingsReport {
    return { published: this.#published, lost: this.#lost, restated: this.#restated };
  }

  #send(stream: string, reading: Reading, taken: () => void): void {
    const { value, ...rest } = reading;
    if (this.#client.session === undefined) {
      this.#lost += 1;
      return;
    }
    this.#client.publish(this.#naming.topic(stream), [value], { ...rest, device: this.#naming.id }).then(taken, () => {
      this.#lost += 1;
    });
  }
}
