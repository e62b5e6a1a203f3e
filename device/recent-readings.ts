/**
 * What went by lately on streams that are not journaled: for whoever was away a moment, and for a chart's first paint. Owns the last
 * readings of each stream, bounded in number and size; what it dropped lies in a gap of its answer.
 */
import type { Reading } from "../drivers/reading.ts";
import type { Gap } from "./journal/gap.ts";
import type { Cursor, HistoryPage } from "./journal/read-back.ts";

export interface RecentLimits {
  /** Readings of one stream. */
  readonly readings: number;
  /** Of one stream, about, in octets of JSON. */
  readonly octets: number;
}

export const recentDefaults: RecentLimits = { readings: 512, octets: 64 * 1024 };

interface Kept {
  readonly reading: Reading;
  readonly octets: number;
}

interface Ring {
  kept: Kept[];
  octets: number;
  /** Numbers that no reading has, the last ones. */
  gaps: Gap[];
}

const MOST_GAPS = 64;

export class RecentReadings {
  readonly #boot: string;
  readonly #wall: () => number;
  readonly #limits: RecentLimits;
  readonly #rings = new Map<string, Ring>();

  constructor(boot: string, wall: () => number, limits: RecentLimits = recentDefaults) {
    this.#boot = boot;
    this.#wall = wall;
    this.#limits = limits;
  }

  add(stream: string, reading: Reading): void {
    const ring = this.#ring(stream);
    const octets = sizeOf(reading);
    ring.kept.push({ reading, octets });
    ring.octets += octets;
    const { readings, octets: most } = this.#limits;
    while (ring.kept.length > 1 && (ring.kept.length > readings || ring.octets > most)) {
      ring.octets -= ring.kept.shift()?.octets ?? 0;
    }
  }

  addGap(gap: Gap): void {
    const ring = this.#ring(gap.stream);
    ring.gaps = [...ring.gaps.slice(1 - MOST_GAPS), gap];
  }

  #ring(stream: string): Ring {
    let ring = this.#rings.get(stream);
    if (ring === undefined) this.#rings.set(stream, (ring = { kept: [], octets: 0, gaps: [] }));
    return ring;
  }

  history(stream: string, after: Cursor | undefined, limit: number): HistoryPage {
    const all = (this.#rings.get(stream)?.kept ?? []).map(({ reading }) => reading);
    const found = after === undefined || after.boot === this.#boot;
    const from = found ? (after?.seq ?? 0) : 0;
    const later = all.filter(({ seq }) => seq > from);
    const readings = later.slice(0, limit);
    const [first] = later;
    const last = all.at(-1);
    const gaps = (this.#rings.get(stream)?.gaps ?? []).filter(({ to }) => to === null || to > from);
    const numbered = first !== undefined && gaps.filter(({ to }) => to !== null && to < first.seq).length;
    const dropped = first !== undefined && first.seq > from + 1 + Number(numbered);
    return {
      readings,
      gaps: dropped ? [...gaps, this.#dropped(stream, from + 1, first.seq - 1)] : gaps,
      boots: last === undefined ? [] : [{ boot: this.#boot, seq: last.seq }],
      more: later.length > readings.length,
      found,
    };
  }

  #dropped(stream: string, from: number, to: number): Gap {
    const id = `${this.#boot}-recent-${String(to)}`;
    return { id, stream, boot: this.#boot, from, to, reason: "dropped_by_policy", t: this.#wall() };
  }
}

/** Most values are a number; only what may be large is measured. */
function sizeOf({ value, cause }: Reading): number {
  const FRAME = 100;
  const own = typeof value === "object" ? JSON.stringify(value).length : typeof value === "string" ? value.length : 8;
  return FRAME + own + (cause?.length ?? 0);
}
