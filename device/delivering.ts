/**
 * Which way a reading goes: through the journal until the router has it, or sent while there is a session. Owns the journal's life,
 * what is remembered of the other streams, and what of both the past is asked for. Knows neither drivers nor numbering.
 */
import type { Client } from "@pinion/wamp/client";
import { DriverError } from "../drivers/driver-error.ts";
import type { Clock, Log, Timers } from "../drivers/driver.ts";
import type { Reading } from "../drivers/reading.ts";
import type { DurableDelivery } from "./durable-delivery.ts";
import type { JournalHealth, ReadingsReport } from "./health.ts";
import type { BootClocks } from "./journal/boot-clocks.ts";
import type { Disk } from "./journal/disk.ts";
import type { Journal } from "./journal/journal.ts";
import type { Cursor, HistoryPage } from "./journal/read-back.ts";
import type { JournalSettings } from "./delivery-config.ts";
import type { Naming } from "./naming.ts";
import { Publishing } from "./publishing.ts";
import type { Interruption } from "./readings.ts";
import { RecentReadings } from "./recent-readings.ts";
import { sizeText } from "./size.ts";

export interface JournalPlace {
  readonly disk: Disk;
  /** Left out: memory only. */
  readonly directory?: string;
  /** Why memory only. */
  readonly cause?: string;
  readonly release: () => void;
}

export interface DeliveringContext {
  readonly client: Pick<Client, "publish" | "session">;
  readonly naming: Naming;
  readonly boot: string;
  readonly clock: Clock;
  readonly clocks: BootClocks;
  readonly timers: Timers;
  readonly log: Log;
  /** Streams that are journaled. */
  readonly durable: ReadonlySet<string>;
  readonly settings: JournalSettings;
  readonly openPlace: () => Promise<JournalPlace>;
}

/** Readings of one answer, and about how many octets. */
export const HISTORY_LIMIT = 1_000;
const HISTORY_OCTETS = 512 * 1024;
/** Of the disk that is none, so that a small board's memory stays its own. */
const MEMORY_CAPACITY = 2 * 1024 * 1024;
const GAPS_EVERY = 5_000;
/** Readings that wait while the journal of earlier runs is being read. */
const MOST_EARLY = 10_000;
/** ms for reading it, however slow the disk. */
const OPEN_LIMIT = 120_000;
const DAY = 24 * 3_600_000;

export class Delivering {
  readonly #context: DeliveringContext;
  readonly #publishing: Publishing;
  readonly #recent: RecentReadings;
  #place: JournalPlace | undefined;
  #journal: Journal | undefined;
  #durable: DurableDelivery | undefined;
  /** What came before the journal was open. */
  readonly #early: (() => void)[] = [];
  readonly #lostEarly = new Map<string, readonly [from: number, to: number]>();
  #cancelTick: () => void = () => undefined;
  #opening: Promise<void> | undefined;
  #openedAt = Number.POSITIVE_INFINITY;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(context: DeliveringContext) {
    this.#context = context;
    const { client, naming, boot, clock } = context;
    this.#publishing = new Publishing({ client, naming, boot, wall: () => clock.wall() });
    this.#recent = new RecentReadings(context.boot, () => context.clock.wall());
  }

  /** Reads back what earlier runs left; hardware is read meanwhile. Never rejects. */
  open(): Promise<void> {
    this.#opening = this.#open();
    return this.#opening;
  }

  async #open(): Promise<void> {
    const { durable, openPlace, settings, log } = this.#context;
    if (durable.size === 0) return;
    this.#openedAt = this.#context.clock.mono();
    // few boards have durable streams: the others do not load the code
    const [{ Journal }, { DurableDelivery, deliveryDefaults }] = await Promise.all([
      import("./journal/journal.ts"),
      import("./durable-delivery.ts"),
    ]);
    const place = await openPlace();
    this.#place = place;
    if (place.cause !== undefined) {
      log.warn(`journal: readings are kept in memory only, and end with the process: ${place.cause}`);
    }
    const { limits } = settings;
    const own =
      place.directory === undefined ? { ...limits, capacity: Math.min(limits.capacity, MEMORY_CAPACITY) } : limits;
    const segment = Math.min(own.segment, Math.floor(own.capacity / 8));
    this.#journal = await Journal.open({
      ...this.#context,
      disk: place.disk,
      streams: [...durable],
      limits: { ...own, segment },
    });
    this.#durable = new DurableDelivery({ ...this.#context, journal: this.#journal, limits: deliveryDefaults });
    for (const one of this.#early.splice(0)) one();
    for (const [stream, range] of this.#lostEarly) {
      this.#journal.declareGap(stream, range, { reason: "journal_unwritable" });
    }
    if (this.#context.client.session !== undefined) this.#durable.ready();
    this.#tick();
  }

  /** Never throws, never waits. */
  reading(stream: string, reading: Reading): void {
    if (this.#context.durable.has(stream)) {
      this.#journaled(stream, reading.seq, () => this.#durable?.reading(stream, reading));
      return;
    }
    this.#recent.add(stream, reading);
    this.#publishing.reading(stream, reading);
  }

  /** A number of the stream that no reading has. Never throws, never waits. */
  interruption(stream: string, { seq, ...why }: Interruption): void {
    const { boot, clock, durable } = this.#context;
    if (durable.has(stream)) {
      this.#journaled(stream, seq, () => {
        this.#journal?.declareGap(stream, [seq, seq], why);
        this.#durable?.gapFound();
      });
      return;
    }
    const gap = { id: `${boot}-${stream}-${String(seq)}`, stream, boot, from: seq, to: seq, ...why, t: clock.wall() };
    this.#recent.addGap(gap);
    this.#publishing.gap(gap);
  }

  /** The clock was set, or its steps were told. */
  clocksChanged(): void {
    this.#journal?.clocksChanged();
  }

  #journaled(stream: string, seq: number, run: () => void): void {
    if (this.#durable !== undefined) run();
    else if (this.#early.length < MOST_EARLY) this.#early.push(run);
    else this.#lostEarly.set(stream, [this.#lostEarly.get(stream)?.[0] ?? seq, seq]);
  }

  /** There is a session: present states are told again, and what is owed follows. */
  ready(states: readonly (readonly [stream: string, reading: Reading])[]): void {
    this.#publishing.restate(states);
    this.#durable?.ready();
  }

  /** @throws DriverError `closed` */
  async history(stream: string, after: Cursor | undefined, limit: number): Promise<HistoryPage> {
    const most = Math.min(limit, HISTORY_LIMIT);
    if (!this.#context.durable.has(stream)) return cut(this.#recent.history(stream, after, most));
    if (this.#journal === undefined) throw new DriverError("closed", "The journal is not open");
    return cut(await this.#journal.history(stream, after, most));
  }

  readings(): ReadingsReport {
    const { published, lost, restated } = this.#publishing.report();
    const durable = this.#durable?.report();
    return {
      published: published + (durable?.delivered ?? 0),
      lost,
      restated,
      ...(durable === undefined ? {} : { durable }),
    };
  }

  /** Undefined where no stream is journaled. */
  journal(): JournalHealth | undefined {
    if (this.#journal === undefined) return undefined;
    const { writeBudgetPerDay } = this.#context.settings;
    const { cause, ...report } = this.#journal.report();
    const why = cause ?? this.#place?.cause;
    return {
      ...report,
      place: this.#place?.directory ?? "memory",
      fill: Math.round((report.octets / report.capacity) * 1_000) / 1_000,
      writeBudgetPerDay,
      overBudget: this.#place?.directory !== undefined && report.writtenPerDay > writeBudgetPerDay,
      ...(why === undefined ? {} : { cause: why }),
    };
  }

  /** Why the disk, which took readings before, takes none now. One that never took any is not cured by a new start. */
  get fault(): string | undefined {
    const { clock, durable } = this.#context;
    if (this.#journal === undefined && durable.size > 0 && clock.mono() - this.#openedAt > OPEN_LIMIT) {
      return "the journal of earlier runs cannot be read in time";
    }
    const { state, cause, written } = this.#journal?.report() ?? {};
    return state === "failing" && written !== 0 ? `the journal cannot write: ${cause ?? "unknown cause"}` : undefined;
  }

  /** Everything on disk, vouched for. Idempotent; never rejects. */
  async close(): Promise<void> {
    this.#cancelTick();
    await this.#opening;
    this.#cancelTick();
    this.#durable?.stop();
    await this.#journal?.close();
    this.#place?.release();
  }

  #tick(): void {
    const { timers, clock, log } = this.#context;
    this.#cancelTick = timers.after(GAPS_EVERY, () => this.#tick());
    const journal = this.journal();
    if (journal === undefined) return;
    if (journal.gaps > 0) this.#durable?.gapFound();
    if (!journal.overBudget || clock.mono() - this.#warnedAt < DAY) return;
    this.#warnedAt = clock.mono();
    const { writtenPerDay, writeBudgetPerDay } = journal;
    log.warn(
      `journal: writes ${sizeText(writtenPerDay)} a day, journal.writeBudgetPerDay is ${sizeText(writeBudgetPerDay)}: ` +
        "read less often, set delivery: latest for what may be lost, or raise journal.commitEvery",
    );
  }
}

/** At least one reading, then as many as fit: one answer must pass any transport. */
function cut(page: HistoryPage): HistoryPage {
  let octets = 0;
  const { readings } = page;
  const end = readings.findIndex((reading, index) => {
    octets += JSON.stringify(reading).length;
    return index > 0 && octets > HISTORY_OCTETS;
  });
  return end === -1 ? page : { ...page, readings: readings.slice(0, end), more: true };
}
