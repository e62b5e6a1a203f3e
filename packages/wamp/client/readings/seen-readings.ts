/**
 * Which readings one has had already. Owns per device, stream and boot the numbers that came and those that were given up. Bounded: of
 * the boots of a stream the last ones are remembered. Usable alone, wherever readings come at least once.
 */
import { UsageError } from "../../errors.ts";
import { IntervalSet, type Interval } from "../../interval-set.ts";
import type { ReadingKey } from "./reading-key.ts";

/** To be kept as JSON and given back: `[boot, [[from, to], ...], given up [[from, to | null], ...]]` per stream, the latest last. */
export interface ReadingCursor {
  readonly version: 1;
  readonly streams: Readonly<Record<string, readonly BootCursor[]>>;
}

type Ranges = readonly (readonly [from: number, to: number | null])[];
type BootCursor = readonly [boot: string, seen: Ranges, lost: Ranges];

interface Boot {
  readonly seen: IntervalSet;
  readonly lost: IntervalSet;
}

/** Boots of one stream that are remembered. */
const MOST_BOOTS = 16;

export class SeenReadings {
  readonly #streams = new Map<string, Map<string, Boot>>();

  /** @throws UsageError `invalid_option` for what no `cursor()` has made. */
  constructor(cursor?: ReadingCursor | Readonly<Record<string, never>>) {
    if (cursor === undefined || Object.keys(cursor).length === 0) return;
    try {
      const { version, streams } = cursor as ReadingCursor; // checked by what follows
      if (version !== 1) throw new Error(`version ${String(version)}`);
      for (const [stream, boots] of Object.entries(streams)) {
        for (const [boot, seen, lost] of boots) this.#restore(this.#boot(stream, boot), seen, lost);
      }
    } catch (error) {
      throw new UsageError("invalid_option", "from is no cursor of readings; begin with {}", { cause: error });
    }
  }

  /** True the first time. */
  add(key: ReadingKey): boolean {
    if (this.has(key)) return false;
    const { seen, lost } = this.#boot(streamOf(key), key.boot);
    seen.add(key.seq, key.seq);
    lost.take(key.seq, key.seq);
    return true;
  }

  has(key: ReadingKey): boolean {
    return this.#find(key)?.seen.has(key.seq) ?? false;
  }

  /** Whether it follows the highest number so far, those given up included. */
  isNext(key: ReadingKey): boolean {
    const found = this.#find(key);
    return found !== undefined && key.seq === highest(found) + 1;
  }

  /** What of the range has neither come nor been given up; from now on it is given up. */
  giveUp(key: Omit<ReadingKey, "seq">, from: number, to: number): readonly Interval[] {
    if (to < from) return [];
    const { seen, lost } = this.#boot(streamOf(key), key.boot);
    const open = new IntervalSet();
    open.add(from, to);
    for (const [low, high] of [...seen.ranges(), ...lost.ranges()]) open.take(low, high);
    for (const [low, high] of open.ranges()) lost.add(low, high);
    return open.ranges();
  }

  /** The highest number accounted for in the boot; undefined while nothing is known of it. */
  highest(key: Omit<ReadingKey, "seq">): number | undefined {
    const found = this.#find(key);
    return found === undefined ? undefined : highest(found);
  }

  /** The last reading that came, to ask for what comes after it. */
  newest(key: Pick<ReadingKey, "device" | "topic">): { readonly boot: string; readonly seq: number } | undefined {
    const last = [...(this.#streams.get(streamOf(key)) ?? [])].at(-1);
    return last === undefined ? undefined : { boot: last[0], seq: last[1].seen.ranges().at(-1)?.[1] ?? 0 };
  }

  cursor(): ReadingCursor {
    const streams: Record<string, BootCursor[]> = {};
    for (const [stream, boots] of this.#streams) {
      streams[stream] = [...boots].map(([boot, { seen, lost }]) => [boot, finite(seen), finite(lost)]);
    }
    return { version: 1, streams };
  }

  #find(key: Omit<ReadingKey, "seq">): Boot | undefined {
    return this.#streams.get(streamOf(key))?.get(key.boot);
  }

  /** The one that is used becomes the last. */
  #boot(stream: string, name: string): Boot {
    let boots = this.#streams.get(stream);
    if (boots === undefined) this.#streams.set(stream, (boots = new Map<string, Boot>()));
    const boot = boots.get(name) ?? { seen: new IntervalSet(), lost: new IntervalSet() };
    boots.delete(name);
    boots.set(name, boot);
    const [oldest] = boots.keys();
    if (boots.size > MOST_BOOTS && oldest !== undefined) boots.delete(oldest);
    return boot;
  }

  #restore({ seen, lost }: Boot, had: Ranges, gone: Ranges): void {
    for (const [from, to] of had) seen.add(whole(from), whole(to));
    for (const [from, to] of gone) lost.add(whole(from), to === null ? Number.POSITIVE_INFINITY : whole(to));
  }
}

/** No URI and no board's id holds a blank. */
function streamOf({ device, topic }: Pick<ReadingKey, "device" | "topic">): string {
  return `${device} ${topic}`;
}

function highest({ seen, lost }: Boot): number {
  const given = lost.ranges().findLast(([, to]) => Number.isFinite(to))?.[1] ?? 0;
  return Math.max(seen.ranges().at(-1)?.[1] ?? 0, given);
}

/** JSON has no Infinity. */
function finite(set: IntervalSet): Ranges {
  return set.ranges().map(([from, to]) => [from, Number.isFinite(to) ? to : null]);
}

function whole(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new RangeError(`${String(value)} is no sequence number`);
}
