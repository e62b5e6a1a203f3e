/**
 * Readings that must not be lost, on a disk that dies of too much writing and may lose power at any time. Owns the segments, what
 * waits to be written, and the ledger of what is owed. Readings are appended in memory and written in groups; whole segments
 * go when room is needed, and what nobody had by then becomes a gap. Knows nothing of the session.
 */
import type { Clock, Log, Timers } from "../../drivers/driver.ts";
import type { Reading } from "../../drivers/reading.ts";
import type { BootClocks } from "./boot-clocks.ts";
import type { Disk } from "./disk.ts";
import type { HeadEntry } from "./entry.ts";
import type { Gap, GapDetail, GapReason } from "./gap.ts";
import type { JournalLimits } from "./journal-limits.ts";
import type { JournalReport } from "./journal-report.ts";
import { Ledger } from "./ledger.ts";
import { ReadBack, type Cursor, type HistoryPage, type Stored } from "./read-back.ts";
import { recover } from "./recover.ts";
import { BLOCK, footprint, type Segment } from "./segment.ts";
import { encoded, SegmentWriter, type Encoded } from "./segment-writer.ts";
import { WriteMeter } from "./write-meter.ts";

export interface JournalOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Names this run of the process. */
  readonly boot: string;
  /** Kept with the readings that they put right. */
  readonly clocks: BootClocks;
  /** All streams that will be appended to. */
  readonly streams: readonly string[];
  readonly limits: JournalLimits;
}

const RETRY_FIRST = 1_000;
const RETRY_LAST = 60_000;
/** What only says that something was delivered waits for company: losing it costs a duplicate. */
const SETTLE_EVERY = 15;

export class Journal {
  readonly #options: JournalOptions;
  readonly #ledger: Ledger;
  readonly #writer: SegmentWriter;
  readonly #readBack: ReadBack;
  readonly #meter: WriteMeter;
  readonly #next = new Map<string, number>();
  /** In order, the one being written included. */
  readonly #segments: Segment[];
  /** Files given up; no segment repeats yet what they leave undelivered. */
  #doomed: string[];
  /** One segment says what they leave undelivered: they go when a second one does. */
  #condemned: string[] = [];
  /** Waits to be written. */
  #group: Encoded[] = [];
  /** Is being written. */
  #writing: readonly Encoded[] = [];
  #groupOctets = 0;
  #needsHead = false;
  #committing: Promise<void> | undefined;
  #due: { at: number; cancel: () => void } | undefined;
  #failure: { cause: string; wait: number } | undefined;
  #closed = false;

  private constructor(options: JournalOptions, ledger: Ledger, found: Awaited<ReturnType<typeof recover>>) {
    this.#options = options;
    this.#ledger = ledger;
    this.#meter = new WriteMeter(() => options.clock.mono());
    this.#segments = [...found.segments];
    this.#doomed = [...found.useless];
    this.#writer = new SegmentWriter(options.disk, options.boot, found.nextNumber);
    for (const stream of options.streams) this.#next.set(stream, 1);
    this.#readBack = new ReadBack({
      ...options,
      ledger,
      segments: this.#segments,
      writer: this.#writer,
      waiting: () => [...this.#writing, ...this.#group],
    });
  }

  /** Reads back what is there and begins a segment. A disk that fails does not keep the board from running: see `report`. */
  static async open(options: JournalOptions): Promise<Journal> {
    const { disk, boot, clock, clocks, streams, log } = options;
    const ledger = new Ledger(boot);
    const nothing = { segments: [], useless: [], nextNumber: 1, damage: [] };
    let unreadable: string | undefined;
    const found = await recover({ disk, ledger, clocks, streams, wall: () => clock.wall() }).catch((error: unknown) => {
      unreadable = words(error);
      return nothing;
    });
    for (const line of found.damage) log.warn(`journal: ${line}`);
    if (unreadable !== undefined) log.error(`journal: what earlier runs left cannot be listed: ${unreadable}`);
    clocks.compare();
    const journal = new Journal(options, ledger, found);
    await journal.#commit();
    return journal;
  }

  /** At once in memory, on disk within `commitEvery`. `reading.boot` is this run's. */
  append(stream: string, reading: Reading): void {
    const { limits, clock } = this.#options;
    const { boot, ...rest } = reading;
    const one = encoded({ kind: "reading", stream, reading: rest });
    if (one.octets.length > limits.reading || this.#closed) {
      const reason: GapReason = this.#closed ? "unclean_stop" : "too_large";
      this.declareGap(stream, [reading.seq, reading.seq], { reason });
      return;
    }
    this.#ledger.add(boot, stream, reading.seq);
    this.#group.push(one);
    this.#groupOctets += one.octets.length;
    const isIdle = this.#committing === undefined && this.#failure === undefined;
    if (isIdle && (this.#groupOctets >= limits.commitOctets || limits.commitEvery === 0)) void this.#commit();
    else this.#schedule(limits.commitEvery);
    while (this.#groupOctets > limits.memory) this.#forgetOldest(clock.wall());
  }

  /** Readings of this run that will never come. */
  declareGap(
    stream: string,
    [from, to]: readonly [from: number, to: number],
    why: { readonly reason: GapReason; readonly detail?: GapDetail },
  ): void {
    const { boot, clock, limits } = this.#options;
    this.#ledger.declare({ boot, stream, from, to, ...why, t: clock.wall() });
    this.#schedule(limits.commitEvery);
  }

  /** The clocks have changes to be written. */
  clocksChanged(): void {
    this.#schedule(this.#options.limits.commitEvery);
  }

  /** Somebody else keeps it from now on. */
  delivered(boot: string, stream: string, seq: number): void {
    this.#ledger.settle(boot, stream, [seq, seq]);
    if (this.#ledger.hasChanges) this.#schedule(this.#options.limits.commitEvery * SETTLE_EVERY);
  }

  /** Gaps that nobody has been told of, oldest first. */
  gaps(): readonly Gap[] {
    return this.#ledger.gaps();
  }

  gapDelivered(gap: Gap): void {
    this.#ledger.settleGap(gap);
    this.#schedule(this.#options.limits.commitEvery * SETTLE_EVERY);
  }

  isPending(boot: string, stream: string, seq: number): boolean {
    return this.#ledger.isPending(boot, stream, seq);
  }

  get pending(): number {
    return this.#ledger.pending;
  }

  /** What nobody has acknowledged, oldest first, in order per stream. Holds one segment in memory at a time. */
  backlog(): AsyncGenerator<Stored, void> {
    return this.#readBack.backlog();
  }

  /** Readings of one stream after a cursor, oldest first, and what the journal still knows of its gaps. */
  history(stream: string, after: Cursor | undefined, limit: number): Promise<HistoryPage> {
    return this.#readBack.history(stream, after, limit);
  }

  /** True when all that was appended before is on disk; false when the disk does not take it. */
  async flush(): Promise<boolean> {
    await this.#committing;
    await this.#commit();
    return this.#group.length === 0 && this.#failure === undefined;
  }

  /** Writes everything and vouches for it. Afterwards nothing is taken any more. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#due?.cancel();
    if ((await this.flush()) && this.#writer.segment !== undefined) {
      await this.#writer.write(undefined, [encoded({ kind: "clean" })]).catch((error: unknown) => this.#failed(error));
    }
    await this.#writer.end();
  }

  report(): JournalReport {
    const { limits } = this.#options;
    const oldest = this.#segments.find(({ firstAt }) => firstAt !== undefined)?.firstAt;
    return {
      state: this.#closed ? "closed" : this.#failure === undefined ? "ok" : "failing",
      ...(this.#failure === undefined ? {} : { cause: this.#failure.cause }),
      pending: this.#ledger.pending,
      gaps: this.#ledger.gaps().length,
      octets: this.#octets(),
      capacity: limits.capacity,
      segments: this.#segments.length,
      written: this.#meter.total,
      writtenPerDay: this.#meter.perDay(),
      ...(oldest === undefined ? {} : { oldest }),
    };
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#committing !== undefined || this.#failure !== undefined) return;
    const { timers, clock } = this.#options;
    const at = clock.mono() + ms;
    if (this.#due !== undefined && this.#due.at <= at) return;
    this.#due?.cancel();
    const cancel = timers.after(ms, () => {
      this.#due = undefined;
      void this.#commit();
    });
    this.#due = { at, cancel };
  }

  /** Never rejects. One at a time; goes on until nothing waits or the disk fails. */
  #commit(): Promise<void> {
    this.#committing ??= this.#commitAll().finally(() => {
      this.#committing = undefined;
      this.#afterCommit();
    });
    return this.#committing;
  }

  async #commitAll(): Promise<void> {
    this.#due?.cancel();
    this.#due = undefined;
    do {
      const batch = this.#group;
      this.#writing = batch;
      this.#group = [];
      this.#groupOctets = 0;
      try {
        await this.#write(batch);
        this.#recovered();
      } catch (error) {
        this.#group = [...batch, ...this.#group];
        this.#writing = [];
        this.#groupOctets = this.#group.reduce((sum, { octets }) => sum + octets.length, 0);
        this.#failed(error);
        if (isFull(error)) await this.#giveBack();
        return;
      }
    } while (this.#groupOctets >= this.#options.limits.commitOctets);
  }

  #afterCommit(): void {
    const { timers, limits } = this.#options;
    if (this.#closed) return;
    if (this.#failure !== undefined) {
      this.#due ??= { at: 0, cancel: timers.after(this.#failure.wait, () => this.#retry()) };
    } else if (this.#group.length > 0) this.#schedule(limits.commitEvery);
    else if (this.#ledger.hasChanges || this.#options.clocks.hasChanges)
      this.#schedule(limits.commitEvery * SETTLE_EVERY);
  }

  #retry(): void {
    this.#due = undefined;
    void this.#commit();
  }

  /** Gaps before readings before what was delivered: in this order they are read back. */
  async #write(batch: readonly Encoded[]): Promise<void> {
    const size = batch.reduce((sum, { octets }) => sum + octets.length, 0);
    const { segment } = this.#writer;
    if (segment !== undefined && segment.octets + size > this.#options.limits.segment) await this.#writer.end();
    if (this.#writer.segment === undefined) {
      this.#makeRoom();
      this.#segments.push(await this.#writer.begin());
      this.#needsHead = true;
    }
    const changes = this.#ledger.takeChanges();
    const { clocks } = this.#options;
    const steps = clocks.takeChanges();
    const { gaps, delivered } = changes;
    const told = delivered.readings.length > 0 || delivered.gaps.length > 0 ? [encoded(delivered)] : [];
    const all = [...gaps.map((gap) => encoded({ kind: "gap", gap })), ...batch, ...steps.map(encoded), ...told];
    if (all.length === 0 && !this.#needsHead) return;
    try {
      this.#meter.count(await this.#writer.write(this.#needsHead ? this.#head() : undefined, all));
    } catch (error) {
      this.#ledger.giveBack(changes);
      clocks.giveBack(steps);
      if (this.#needsHead) await this.#abandon();
      throw error;
    }
    this.#writing = [];
    for (const { entry } of batch) if (entry.kind === "reading") this.#next.set(entry.stream, entry.reading.seq + 1);
    for (const gap of gaps) this.#follow(gap);
    if (!this.#needsHead) return;
    this.#needsHead = false;
    await this.#removeCondemned();
  }

  /** A number that a gap stands for is as good as written, unless what comes before it is still on its way. */
  #follow({ boot, stream, from, to }: Gap): void {
    const next = this.#next.get(stream) ?? 1;
    if (boot === this.#options.boot && to !== null && from <= next && to >= next) this.#next.set(stream, to + 1);
  }

  #head(): HeadEntry {
    const { boot, clocks } = this.#options;
    return { kind: "head", boot, next: [...this.#next], clock: clocks.head() };
  }

  /**
   * The oldest segments are given up one segment ahead of need. What nobody had of them is declared at once; they are removed
   * when the next segment repeats it, so that one damaged file never takes the only word of a loss with it.
   */
  #makeRoom(): void {
    const { limits, clock } = this.#options;
    while (this.#segments.length > 0 && this.#octets() + 2 * Math.max(limits.segment, BLOCK) > limits.capacity) {
      const oldest = this.#segments.shift();
      if (oldest === undefined) return;
      for (const [stream, span] of oldest.spans) {
        this.#ledger.lose(oldest.boot, stream, span, { reason: "journal_full", t: clock.wall() });
      }
      this.#doomed.push(oldest.name);
    }
    this.#options.clocks.keep(new Set(this.#segments.map(({ boot }) => boot)));
    this.#ledger.rewriteGaps();
  }

  /** A segment that could not even be begun holds nothing, and is not to take the room of one that does. */
  async #abandon(): Promise<void> {
    const { name } = this.#segments.pop() ?? {};
    if (name === undefined) return;
    await this.#options.disk.remove(name).catch(() => this.#condemned.push(name));
  }

  /** Somebody else has filled the disk: the oldest segment goes when everybody has what is in it, before new readings are lost. */
  async #giveBack(): Promise<void> {
    const [oldest] = this.#segments;
    if (oldest === undefined || oldest === this.#writer.segment) return;
    if ([...oldest.spans].some(([stream, span]) => this.#ledger.hasPending(oldest.boot, stream, span))) return;
    const isGone = await this.#options.disk.remove(oldest.name).then(
      () => true,
      () => false,
    );
    if (isGone) this.#segments.shift();
  }

  async #removeCondemned(): Promise<void> {
    const { disk, log } = this.#options;
    const names = this.#condemned;
    this.#condemned = this.#doomed;
    this.#doomed = [];
    for (const name of names) {
      await disk.remove(name).catch((error: unknown) => {
        log.warn(`journal: ${name} cannot be removed, it will be tried again: ${words(error)}`);
        this.#condemned.push(name);
      });
    }
  }

  #forgetOldest(t: number): void {
    const oldest = this.#group.shift();
    if (oldest === undefined) return;
    this.#groupOctets -= oldest.octets.length;
    const { entry } = oldest;
    if (entry.kind !== "reading") return;
    const { seq } = entry.reading;
    this.#ledger.lose(this.#options.boot, entry.stream, [seq, seq], { reason: "journal_unwritable", t });
  }

  #failed(error: unknown): void {
    const cause = words(error);
    const { log } = this.#options;
    if (this.#failure === undefined) {
      log.error(`journal: the disk does not take readings, they are kept in memory for now: ${cause}`);
    }
    this.#failure = { cause, wait: Math.min(RETRY_LAST, (this.#failure?.wait ?? RETRY_FIRST / 2) * 2) };
  }

  #recovered(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#options.log.info("journal: the disk takes readings again");
  }

  #octets(): number {
    return this.#segments.reduce((sum, segment) => sum + footprint(segment), 0);
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
