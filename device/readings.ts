/**
 * The board's streams. Owns which streams exist, the sequence number and the last reading of each. Makes a Reading out
 * of what a driver published; knows neither drivers' lives nor the session.
 */
import type { TSchema } from "typebox";
import { Check } from "typebox/schema";
import type { StreamDescription } from "../drivers/description.ts";
import type { Clock } from "../drivers/driver.ts";
import { DriverError } from "../drivers/driver-error.ts";
import type { RawReading, Reading } from "../drivers/reading.ts";
import type { GapDetail, GapReason } from "./journal/gap.ts";

/** A number of a stream that no reading has, and why. */
export interface Interruption {
  readonly seq: number;
  readonly reason: GapReason;
  readonly detail: GapDetail;
}

export interface ReadingsContext {
  /** Names this run of the process; `mono` and `seq` are comparable within one boot only. */
  readonly boot: string;
  readonly clock: Clock;
  /** Whether the wall clock is known to be right. */
  readonly isSynced: () => boolean;
  /** Gets each reading in order. Must not throw. */
  onReading(stream: string, reading: Reading): void;
  /** Gets each in its place among the readings. Must not throw. */
  onInterruption(stream: string, interruption: Interruption): void;
}

interface Stream {
  /** The one that may publish on it. */
  readonly driver: string;
  readonly description: StreamDescription;
  seq: number;
  last: Reading | undefined;
  /** Its driver has failed, which was told. */
  isInterrupted: boolean;
}

export class Readings {
  readonly #context: ReadingsContext;
  readonly #streams = new Map<string, Stream>();

  constructor(context: ReadingsContext) {
    this.#context = context;
  }

  /** Streams are declared before anything can be published on them. */
  declare(driver: string, stream: string, description: StreamDescription): void {
    this.#streams.set(stream, { driver, description, seq: 0, last: undefined, isInterrupted: false });
  }

  /**
   * Numbers and dates a reading and hands it on. A value that breaks the stream's schema is not handed on as if it were
   * one: an `error` reading takes its place. @throws DriverError `undeclared` for a stream that the driver's description
   * does not name, another driver's included.
   */
  accept(driver: string, stream: string, raw: RawReading): Reading {
    const found = this.#streams.get(stream);
    if (found?.driver !== driver) {
      const declared = [...this.#streams].filter(([, one]) => one.driver === driver).map(([name]) => name);
      const names = declared.join(", ") || "none";
      throw new DriverError(
        "undeclared",
        `The stream '${stream}' is not in the description of ${driver} (it has: ${names})`,
      );
    }
    const { clock, boot } = this.#context;
    const checked = conforming(raw, found.description);
    const unit = checked.unit ?? found.description.unit;
    found.seq += 1;
    const reading: Reading = {
      value: checked.value,
      ...(unit === undefined ? {} : { unit }),
      t: checked.t ?? clock.wall(),
      mono: clock.mono(),
      boot,
      seq: found.seq,
      synced: this.#context.isSynced(),
      quality: checked.quality ?? "good",
      ...(checked.cause === undefined ? {} : { cause: checked.cause }),
    };
    found.last = reading;
    found.isInterrupted = false;
    this.#context.onReading(stream, reading);
    return reading;
  }

  /** The driver has failed: until its next reading one number of each of its streams stands for what is not read. */
  driverFailed(driver: string, cause: string): void {
    for (const [name, stream] of this.#streams) {
      if (stream.driver !== driver || stream.isInterrupted) continue;
      stream.isInterrupted = true;
      this.#interrupt(name, stream, { reason: "driver_fault", detail: { cause } });
    }
  }

  /** The clock was set: one number of each stream that has readings stands for the jump. */
  clockStepped({ offset, mono }: { readonly offset: number; readonly mono: number }): void {
    for (const [name, stream] of this.#streams) {
      if (stream.seq > 0) this.#interrupt(name, stream, { reason: "clock_step", detail: { offset, mono } });
    }
  }

  #interrupt(name: string, stream: Stream, why: Omit<Interruption, "seq">): void {
    stream.seq += 1;
    this.#context.onInterruption(name, { seq: stream.seq, ...why });
  }

  /** All that were declared. */
  get streams(): ReadonlySet<string> {
    return new Set(this.#streams.keys());
  }

  /** The newest reading of each stream that has one. */
  last(kind?: StreamDescription["kind"]): readonly (readonly [stream: string, reading: Reading])[] {
    const found: [string, Reading][] = [];
    for (const [stream, { description, last }] of this.#streams) {
      if (last !== undefined && (kind === undefined || description.kind === kind)) found.push([stream, last]);
    }
    return found;
  }
}

function conforming(raw: RawReading, { schema }: StreamDescription): RawReading {
  if (raw.quality === "error" || raw.quality === "stale") return raw;
  // a JSON Schema as it stands in the description is what TypeBox checks
  if (Check(schema as TSchema, raw.value)) return raw;
  const cause = `the driver published ${JSON.stringify(raw.value)?.slice(0, 60)}, which the stream's schema does not allow`;
  return { ...(raw.t === undefined ? {} : { t: raw.t }), value: null, quality: "error", cause };
}
