/**
 * What is still owed to consumers: per boot and stream the readings that nobody has acknowledged, and the gaps that nobody has
 * been told of. Owns also what of that the disk does not know yet. Knows neither segments nor sessions.
 */
import type { DeliveredEntry } from "./entry.ts";
import { gapEnd, type Gap, type GapReason } from "./gap.ts";
import { IntervalSet, type Interval } from "@pinion/wamp";

interface Owed {
  readonly boot: string;
  readonly stream: string;
  readonly pending: IntervalSet;
}

/** What has changed since the disk was last told: to be written in this order, a gap before the word that it was told. */
export interface LedgerChanges {
  readonly gaps: readonly Gap[];
  readonly delivered: DeliveredEntry;
}

export class Ledger {
  readonly #boot: string;
  readonly #owed = new Map<string, Owed>();
  readonly #gaps = new Map<string, Gap>();
  #newGaps = new Map<string, Gap>();
  /** Of the last changes that were taken. */
  #taken: readonly Gap[] = [];
  #delivered = new Map<string, Owed>();
  #told = new Map<string, number | null>();
  #lastGap = 0;

  /** `boot` names this run; ids of new gaps begin with it. */
  constructor(boot: string) {
    this.#boot = boot;
  }

  /** How many readings nobody has acknowledged. */
  get pending(): number {
    let sum = 0;
    for (const { pending } of this.#owed.values()) sum += pending.size;
    return sum;
  }

  /** Gaps that nobody has acknowledged, oldest first. */
  gaps(): readonly Gap[] {
    return [...this.#gaps.values()];
  }

  /** These, and those that the disk may not have yet, told or not. */
  recentGaps(): readonly Gap[] {
    return [...this.#taken, ...this.#newGaps.values(), ...this.#gaps.values()];
  }

  add(boot: string, stream: string, seq: number): void {
    ranges(this.#owed, boot, stream).add(seq, seq);
  }

  isPending(boot: string, stream: string, seq: number): boolean {
    return this.#owed.get(keyOf(boot, stream))?.pending.has(seq) ?? false;
  }

  hasPending(boot: string, stream: string, [from, to]: Interval): boolean {
    const found = this.#owed.get(keyOf(boot, stream))?.pending.ranges() ?? [];
    return found.some((range) => range[0] <= to && range[1] >= from);
  }

  /** Delivered, as far as it was owed. */
  settle(boot: string, stream: string, [from, to]: Interval): void {
    for (const [low, high] of this.#take(boot, stream, from, to)) ranges(this.#delivered, boot, stream).add(low, high);
  }

  /** Whatever of it is still owed cannot be delivered any more: that becomes a gap. */
  lose(boot: string, stream: string, range: Interval, why: { reason: GapReason; t: number }): void {
    for (const [from, to] of this.#take(boot, stream, ...range)) this.declare({ boot, stream, from, to, ...why });
  }

  /** A gap that continues one of the same reason which nobody has been told of grows that one. */
  declare(found: Omit<Gap, "id">): void {
    const before = [...this.#gaps.values()].find((gap) => continues(gap, found));
    const id = before?.id ?? this.#nextId();
    const gap = before === undefined ? { ...found, id } : { ...before, to: found.to };
    this.#gaps.set(id, gap);
    this.#newGaps.set(id, gap);
  }

  /** Out of a segment. What the gap covers is owed no more. */
  restoreGap(gap: Gap): void {
    this.#take(gap.boot, gap.stream, gap.from, gapEnd(gap));
    this.#gaps.set(gap.id, gap);
  }

  /** Out of a segment: delivered, or told, before. */
  restoreDelivered({ readings, gaps }: DeliveredEntry): void {
    for (const [boot, stream, list] of readings) for (const [from, to] of list) this.#take(boot, stream, from, to);
    for (const [id, to] of gaps) if (this.#gaps.get(id)?.to === to) this.#gaps.delete(id);
  }

  /** The gap has reached its consumers, as it was when it was told: one that has grown since is told again. */
  settleGap({ id, to }: Pick<Gap, "id" | "to">): void {
    if (this.#gaps.get(id)?.to !== to) return;
    this.#gaps.delete(id);
    this.#told.set(id, to);
  }

  /** A new segment begins with all of them: no single damaged file takes the only word of a loss with it. */
  rewriteGaps(): void {
    for (const gap of this.#gaps.values()) this.#newGaps.set(gap.id, gap);
  }

  get hasChanges(): boolean {
    return this.#newGaps.size > 0 || this.#delivered.size > 0 || this.#told.size > 0;
  }

  /** The caller writes them, or gives them back. */
  takeChanges(): LedgerChanges {
    const gaps = [...this.#newGaps.values()];
    const readings = [...this.#delivered.values()].map(
      ({ boot, stream, pending }) => [boot, stream, [...pending.ranges()]] as const,
    );
    const told = [...this.#told];
    this.#taken = gaps;
    this.#newGaps = new Map();
    this.#delivered = new Map();
    this.#told = new Map();
    return { gaps, delivered: { kind: "delivered", readings, gaps: told } };
  }

  giveBack({ gaps, delivered }: LedgerChanges): void {
    for (const gap of gaps) if (!this.#newGaps.has(gap.id)) this.#newGaps.set(gap.id, gap);
    for (const [boot, stream, list] of delivered.readings) {
      for (const [from, to] of list) ranges(this.#delivered, boot, stream).add(from, to);
    }
    for (const [id, to] of delivered.gaps) if (!this.#told.has(id)) this.#told.set(id, to);
  }

  #take(boot: string, stream: string, from: number, to: number): readonly Interval[] {
    const key = keyOf(boot, stream);
    const owed = this.#owed.get(key);
    if (owed === undefined) return [];
    const taken = owed.pending.take(from, to);
    if (owed.pending.isEmpty) this.#owed.delete(key);
    return taken;
  }

  #nextId(): string {
    this.#lastGap += 1;
    return `${this.#boot}-${String(this.#lastGap)}`;
  }
}

function ranges(lists: Map<string, Owed>, boot: string, stream: string): IntervalSet {
  const key = keyOf(boot, stream);
  const found = lists.get(key);
  if (found !== undefined) return found.pending;
  const pending = new IntervalSet();
  lists.set(key, { boot, stream, pending });
  return pending;
}

function continues(gap: Gap, next: Omit<Gap, "id">): boolean {
  if (next.detail !== undefined) return false;
  const same = gap.boot === next.boot && gap.stream === next.stream && gap.reason === next.reason;
  return same && gap.from <= next.from && gapEnd(gap) + 1 >= next.from && gapEnd(gap) < gapEnd(next);
}

/** Neither a boot nor a stream's name holds a line feed. */
function keyOf(boot: string, stream: string): string {
  return `${boot}\n${stream}`;
}
