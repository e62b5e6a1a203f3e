/**
 * After the link was lost: asks each board's history for what its charts missed. Owns which streams are being asked for. One question
 * after the other: a board is small.
 */
import type { Client } from "@pinion/wamp/client";
import type { BoardState } from "../state/board-state.ts";
import { readingOf } from "../state/reading.ts";
import type { Store } from "../state/store.ts";
import { fieldsOf } from "../state/untrusted.ts";

export interface FillingContext {
  readonly client: Pick<Client, "call">;
  readonly store: Store;
  readonly now: () => number;
}

const PAGE = 500;
/** Of one stream; beyond it the chart's span is over. */
const MOST_PAGES = 20;
const ASK_LIMIT = 10_000;

export class FillingHoles {
  readonly #context: FillingContext;
  readonly #busy = new Set<string>();

  constructor(context: FillingContext) {
    this.#context = context;
  }

  /** Never rejects: what cannot be filled stays a break in the line. */
  async fill({ model }: BoardState): Promise<void> {
    if (model.historyProcedure === undefined || this.#busy.has(model.id)) return;
    this.#busy.add(model.id);
    try {
      for (const { streams } of model.channels) {
        for (const { topic, kind, text } of streams) {
          if (kind !== "event" && !text) await this.#fillStream(model.historyProcedure, topic);
        }
      }
    } catch {
      // no session, no such procedure, no right to it: the next join asks again
    } finally {
      this.#busy.delete(model.id);
    }
  }

  async #fillStream(procedure: string, topic: string): Promise<void> {
    const { client, store, now } = this.#context;
    let after = store.stream(topic)?.filledTo;
    for (let page = 0; after !== undefined && page < MOST_PAGES; page += 1) {
      const asked = { stream: topic, after, limit: PAGE };
      const answer = await client.call(procedure, [], asked, { timeout: ASK_LIMIT, whenDown: "reject" });
      const { readings, more } = fieldsOf(answer.args[0]);
      const list = Array.isArray(readings) ? readings.slice(0, PAGE).map(fieldsOf) : [];
      for (const fields of list) {
        const reading = readingOf(topic, fields["value"], fields);
        store.fill(reading, now());
        if (reading.seq !== undefined) after = { boot: reading.boot, seq: reading.seq };
      }
      if (more !== true || list.length === 0) return;
    }
  }
}
