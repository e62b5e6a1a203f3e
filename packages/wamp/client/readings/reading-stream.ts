/**
 * One stream of one board, in order: what comes live and what the board's history holds are joined, each number once. Owns what
 * waits for its turn and the one question to the history. A hole is a gap only after the history was asked behind it.
 */
import { ApplicationError } from "../../errors.ts";
import { ErrorUri } from "../../error-uri.ts";
import type { Dict } from "../../message.ts";
import type { PublicationId } from "../../id.ts";
import type { Client } from "../client.ts";
import { after } from "../alarm.ts";
import type { Timers } from "../client-options.ts";
import type { ReceivedEvent } from "../conversation-options.ts";
import { gapOf, type ReadingGap } from "./reading-gap.ts";
import { readingKey, type ReadingKey } from "./reading-key.ts";
import type { SeenReadings } from "./seen-readings.ts";

export interface ReadingStreamContext {
  readonly client: Pick<Client, "call" | "state">;
  readonly timers: Timers;
  readonly device: string;
  readonly topic: string;
  /** Of the board's history; null where it has none, undefined while the board has not said. */
  readonly procedure: () => string | null | undefined;
  readonly seen: SeenReadings;
  readonly hand: (event: ReceivedEvent) => void;
  readonly gap: (gap: ReadingGap) => void;
}

interface Held {
  readonly event: ReceivedEvent;
  readonly key: ReadingKey;
  /** Of the question that was under way when it came. */
  readonly round: number;
}

interface Page {
  readonly readings: readonly ReceivedEvent[];
  readonly gaps: readonly Omit<ReadingGap, "device" | "topic">[];
  readonly boots: readonly string[];
  readonly more: boolean;
  readonly found: boolean;
}

type Last = Pick<ReadingKey, "boot" | "seq">;

const PAGE = 500;
const MOST_HELD = 1_000;
const ASK_LIMIT = 10_000;
const TRIES = 3;
const FIRST_PAUSE = 1_000;
/** ms that what came behind a hole waits for a board that has gone: until it is back, its history cannot be asked. */
const AWAY_LIMIT = 600_000;

export class ReadingStream {
  readonly #context: ReadingStreamContext;
  #held: Held[] = [];
  #unsent: readonly Omit<ReadingGap, "device" | "topic">[] = [];
  #round = 0;
  #asking = false;
  #again = false;
  /** Since the last question began something came live: the board is there. */
  #heard = false;
  #cancelAway: (() => void) | undefined;
  #closed = false;

  constructor(context: ReadingStreamContext) {
    this.#context = context;
  }

  /** Its board has gone, with a hole that nobody could ask for. */
  get isWaiting(): boolean {
    return this.#cancelAway !== undefined;
  }

  close(): void {
    this.#closed = true;
    this.#cancelAway?.();
    this.#held = [];
  }

  receive(event: ReceivedEvent): void {
    const { seen, hand } = this.#context;
    const gap = gapOf(event.kwargs["gap"]);
    if (gap !== undefined) return this.#lost(gap);
    const key = readingKey(event);
    if (key === undefined) return hand(event);
    if (seen.has(key)) return;
    this.#heard = true;
    if (!this.#asking && seen.isNext(key)) return this.#hand(event, key);
    this.#held.push({ event, key, round: this.#round });
    if (this.#held.length > MOST_HELD) {
      this.#held.shift(); // the history has it, or says what became of it
      this.#again = true;
    }
    this.#start();
  }

  /** What was only not sent may still be remembered by the board: it is asked first. */
  #lost(gap: Omit<ReadingGap, "device" | "topic">): void {
    if (gap.reason !== "dropped_by_policy") return this.#giveUp(gap);
    this.#unsent = [...this.#unsent.slice(1 - MOST_HELD), gap];
    this.catchUp();
  }

  /** Asks for what came after the last reading. Returns at once. */
  catchUp(): void {
    if (this.#asking) this.#again = true;
    else this.#start();
  }

  #start(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#cancelAway?.();
    this.#cancelAway = undefined;
    void this.#catchUp().finally(() => {
      this.#asking = false;
    });
  }

  async #catchUp(): Promise<void> {
    do {
      this.#again = false;
      this.#round += 1;
      this.#heard = false;
      const reason = await this.#ask();
      if (this.#closed || this.#context.client.state !== "ready") return; // the next session asks again
      if (reason === "away" && !this.#heard) return this.#wait();
      this.#flush(reason === "away" ? "history_unavailable" : reason);
    } while (this.#again);
  }

  /** Until the board is back: its announcement, or its next reading, asks again. */
  #wait(): void {
    if (this.#held.length === 0) return;
    this.#cancelAway = after(this.#context.timers, AWAY_LIMIT, () => {
      this.#cancelAway = undefined;
      this.#flush("history_unavailable");
    });
  }

  /** Why there may be holes afterwards; `away`: nobody holds the procedure. */
  async #ask(): Promise<string> {
    let reason = "history_unavailable";
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const procedure = this.#context.procedure();
      if (procedure === null) break;
      if (procedure === undefined) {
        // its readings may be here before its announcement
        await this.#pause(FIRST_PAUSE * 2 ** attempt);
        continue;
      }
      try {
        let after = this.#context.seen.newest(this.#context);
        for (let more = true; more && !this.#closed;) {
          const page = await this.#page(procedure, after);
          const last = page.readings.at(-1);
          after = last === undefined ? after : readingKey(last);
          more = page.more && last !== undefined;
        }
        return "not_kept";
      } catch (error) {
        if (!(error instanceof ApplicationError) || this.#context.client.state !== "ready") break;
        reason = error.uri === ErrorUri.noSuchProcedure ? "away" : "history_unavailable";
        await this.#pause(FIRST_PAUSE * 2 ** attempt);
      }
    }
    return reason;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#context.timers.setTimeout(resolve, ms);
    });
  }

  async #page(procedure: string, after: Last | undefined): Promise<Page> {
    const { client, seen, topic, device } = this.#context;
    const cursor = after === undefined ? null : { boot: after.boot, seq: after.seq };
    const asked = { stream: topic, after: cursor, limit: PAGE };
    const answer = await client.call(procedure, [], asked, { timeout: ASK_LIMIT, whenDown: "reject" });
    const page = this.#read(answer.args[0]);
    const isFirstContact = after === undefined;
    if (after !== undefined && !page.found && !page.boots.includes(after.boot)) {
      this.#giveUp({ boot: after.boot, from: after.seq + 1, to: Number.POSITIVE_INFINITY, reason: "not_kept" });
    }
    for (const event of page.readings) {
      const key = readingKey(event);
      if (key === undefined || seen.has(key)) continue;
      const before =
        seen.highest(key) ?? (isFirstContact && seen.newest(this.#context) === undefined ? key.seq - 1 : 0);
      this.#hole({ device, topic, boot: key.boot }, [before + 1, key.seq - 1], { gaps: page.gaps, reason: "not_kept" });
      this.#hand(event, key);
    }
    if (!page.more) for (const gap of page.gaps) this.#giveUp(gap);
    return page;
  }

  /** What the board says of the hole, and what it does not. */
  #hole(
    at: Omit<ReadingKey, "seq">,
    [from, to]: readonly [from: number, to: number],
    why: { readonly gaps: Page["gaps"]; readonly reason: string },
  ): void {
    for (const gap of why.gaps) {
      if (gap.boot !== at.boot) continue;
      this.#giveUp({ ...gap, from: Math.max(from, gap.from), to: Math.min(to, gap.to) });
    }
    this.#giveUp({ boot: at.boot, from, to, reason: why.reason });
  }

  #giveUp({ boot, from, to, ...why }: Omit<ReadingGap, "device" | "topic">): void {
    const { seen, device, topic, gap } = this.#context;
    for (const [low, high] of seen.giveUp({ device, topic, boot }, from, to)) {
      gap({ device, topic, boot, from: low, to: high, ...why });
    }
  }

  /** What waited, in its order, as far as nothing is missing before it that could still be asked for. */
  #flush(reason: string): void {
    const { seen, device, topic } = this.#context;
    for (const gap of this.#unsent) this.#giveUp(gap);
    this.#unsent = [];
    const waiting = this.#held.toSorted((a, b) => (a.key.boot === b.key.boot ? a.key.seq - b.key.seq : 0));
    this.#held = [];
    for (const held of waiting) {
      const { event, key, round } = held;
      if (seen.has(key)) continue;
      if (this.#again || (!seen.isNext(key) && round >= this.#round)) {
        this.#again = true;
        this.#held.push(held);
        continue;
      }
      const before = seen.highest(key) ?? (seen.newest(key) === undefined ? key.seq - 1 : 0);
      this.#hole({ device, topic, boot: key.boot }, [before + 1, key.seq - 1], { gaps: [], reason });
      this.#hand(event, key);
    }
  }

  #hand(event: ReceivedEvent, key: ReadingKey): void {
    this.#context.seen.add(key);
    this.#context.hand(event);
  }

  #read(answer: unknown): Page {
    const page = isDict(answer) ? answer : {};
    const { readings, gaps, boots } = page;
    return {
      readings: listOf(readings).flatMap((one) => (isDict(one) ? [this.#event(one)] : [])),
      gaps: listOf(gaps).flatMap((one) => gapOf(one) ?? []),
      boots: listOf(boots).flatMap((one) => (isDict(one) && typeof one["boot"] === "string" ? [one["boot"]] : [])),
      more: page["more"] === true,
      found: page["found"] !== false,
    };
  }

  /** As it would have come live, told apart by `details.history`. */
  #event({ value, ...rest }: Dict): ReceivedEvent {
    const { topic, device } = this.#context;
    const publication = 0 as PublicationId; // it was no publication
    return { topic, args: [value], kwargs: { ...rest, device }, details: { history: true }, publication };
  }
}

function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
