/** A reading as it arrives: an event of `sensor.<name>` or an entry of a description's last readings. */
import type { Quality } from "../../../drivers/reading.ts";
import { fieldsOf, numberOf, textOf, type Fields } from "./untrusted.ts";

const QUALITIES: readonly string[] = ["good", "stale", "error", "clamped", "simulated", "replayed"] satisfies Quality[];

export interface Reading {
  readonly topic: string;
  readonly value: unknown;
  /** Undefined: as the description says. */
  readonly unit: string | undefined;
  /** Wall clock of the board, ms since 1970. */
  readonly t: number | undefined;
  readonly seq: number | undefined;
  readonly boot: string;
  readonly quality: Quality;
  readonly cause: string;
  /** Sent again from the board's journal: it is not the newest. */
  readonly isLate: boolean;
  /** No reading, but word that some will not come, or that one number stands for something else. */
  readonly isGap: boolean;
  /** The board's id, where it says so. */
  readonly device: string;
}

/** Never fails: a publisher that knows nothing of Pinion sends `args: [21.5]` and no more. */
export function readingOf(topic: string, value: unknown, kwargs: Fields): Reading {
  const quality = kwargs["quality"];
  const gap = fieldsOf(kwargs["gap"]);
  // of a failed driver nothing else is heard: to a person that is an error, and it has a number of its own
  const isFault = gap["reason"] === "driver_fault";
  return {
    topic,
    value,
    unit: typeof kwargs["unit"] === "string" ? textOf(kwargs["unit"]) : undefined,
    t: numberOf(kwargs["t"]),
    seq: numberOf(kwargs["seq"]) ?? (gap["from"] === gap["to"] ? numberOf(gap["from"]) : undefined),
    boot: textOf(kwargs["boot"]),
    quality: typeof quality === "string" && QUALITIES.includes(quality) ? (quality as Quality) : "good", // a member of QUALITIES
    cause: textOf(kwargs["cause"]),
    isLate: quality === "replayed" || kwargs["replayed"] === true,
    isGap: !isFault && typeof kwargs["gap"] === "object" && kwargs["gap"] !== null,
    device: textOf(kwargs["device"]),
  };
}

/** An entry of `lastReadings`: the same fields beside `topic` and `value`. Undefined when it names no topic. */
export function lastReadingOf(entry: unknown): Reading | undefined {
  const fields = fieldsOf(entry);
  const topic = textOf(fields["topic"]);
  return topic === "" ? undefined : readingOf(topic, fields["value"], fields);
}
