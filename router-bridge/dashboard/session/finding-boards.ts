/**
 * Keeps the store true: which boards there are, whether they answer, what they read. After each join it asks every board
 * to announce itself; then it asks each for its health, because a board that lost its power cannot say goodbye. Owns its
 * subscriptions and one timer; knows no document.
 */
import { ApplicationError, ErrorUri } from "@pinion/wamp";
import type { Client, ClientStatus, ReceivedEvent, SubscribeOptions } from "@pinion/wamp/client";
import { parseHealth, type BoardHealth } from "../state/board-health.ts";
import type { BoardModel } from "../state/board-model.ts";
import type { BoardState } from "../state/board-state.ts";
import { limits } from "../state/limits.ts";
import { linkFrom } from "../state/link.ts";
import { parseDescription } from "../state/parse-description.ts";
import { readingOf } from "../state/reading.ts";
import type { Store } from "../state/store.ts";
import { errorWords } from "../words/error.ts";
import { readLevel } from "./acting.ts";
import { FillingHoles } from "./filling-holes.ts";
import { ANNOUNCE, DESCRIBE_ALONE, DISCOVER, READINGS } from "./names.ts";

export interface FindingContext {
  readonly client: Pick<Client, "call" | "publish" | "subscribe" | "onState" | "open">;
  readonly store: Store;
  readonly timers: { setTimeout(run: () => void, ms: number): unknown };
  readonly now: () => number;
}

/** ms between two questions for a board's health, and how long one may take. */
const HEALTH_EVERY = 5_000;
const HEALTH_LIMIT = 4_000;
/** ms without a further loss before the charts are filled. */
const FILL_AFTER = 1_000;

export class FindingBoards {
  readonly #context: FindingContext;
  readonly #filling: FillingHoles;
  /** Counts joined sessions: an answer that belongs to an earlier one says nothing about a board. */
  #epoch = 0;
  #losses = 0;
  readonly #asking = new Set<string>();
  /** Boards whose levels are being read; true: once more after that, because something new was heard. */
  readonly #reading = new Map<string, boolean>();

  constructor(context: FindingContext) {
    this.#context = context;
    this.#filling = new FillingHoles(context);
  }

  /** Declares the subscriptions, opens the client and watches for ever. */
  start(): void {
    const { client } = this.#context;
    client.onState((status) => this.#linkChanged(status));
    this.#subscribe(ANNOUNCE, (event) => void this.#announced(event.args[0]), {
      match: "exact",
      onGap: () => void this.#discover(),
    });
    this.#subscribe(READINGS, (event) => this.#received(event), {
      match: "prefix",
      onGap: ({ dropped }) => this.#lost(dropped),
    });
    client.open();
    this.#tick();
  }

  #subscribe(topic: string, handler: (event: ReceivedEvent) => void, options: SubscribeOptions): void {
    const { client, store } = this.#context;
    client.subscribe(topic, handler, options).catch((error: unknown) => {
      store.setNotice(`The router refused to send ${topic === READINGS ? "readings" : "boards"}. ${errorWords(error)}`);
    });
  }

  #linkChanged(status: ClientStatus): void {
    const { store, now } = this.#context;
    const wasConnected = store.link.kind === "connected";
    store.setLink(linkFrom(status, store.link, now()), now());
    const refused = status.unrestored.find(({ kind }) => kind === "subscription");
    if (refused) store.setNotice(`The router does not send ${refused.uri}. ${errorWords(refused.error)}`);
    else if (store.notice !== undefined && status.state === "ready") store.setNotice(undefined);
    if (store.link.kind !== "connected" || wasConnected) return;
    this.#epoch += 1;
    this.#asking.clear();
    void this.#discover();
  }

  /** Asks all boards at once; known ones for their health too, so that their controls come back with the first answer. */
  async #discover(): Promise<void> {
    const { client, store } = this.#context;
    for (const board of store.boards) void this.#askHealth(board);
    try {
      await client.publish(DISCOVER);
    } catch (error) {
      store.setNotice(`Boards could not be asked to announce themselves. ${errorWords(error)}`);
    }
    await this.#askDescription(DESCRIBE_ALONE);
  }

  async #askDescription(procedure: string): Promise<void> {
    const { client } = this.#context;
    try {
      const answer = await client.call(procedure, [], {}, { timeout: HEALTH_LIMIT, whenDown: "reject" });
      await this.#announced(answer.args[0]);
    } catch {
      // No such board, or not under this name: what announces itself is found all the same.
    }
  }

  async #announced(description: unknown): Promise<void> {
    const { store, now } = this.#context;
    const model = parseDescription(description);
    if (!model) return;
    // The board's own clock comes with its health, and the times in the description are by that clock.
    const isNew = !store.board(model.id) && store.boards.length < limits.boards;
    const health = isNew ? await this.#firstHealth(model) : undefined;
    const board = store.describe(model, now(), health);
    if (board === undefined) return;
    await this.#readLevels(board);
    await this.#filling.fill(board);
  }

  async #firstHealth(model: BoardModel): Promise<BoardHealth | undefined> {
    try {
      return await this.#health(model);
    } catch {
      return undefined; // the next round of questions says whether it is there
    }
  }

  /** One round per board at a time, one call after the other: a board is small, and announcements may come in dozens. */
  async #readLevels(board: BoardState): Promise<void> {
    const { id } = board.model;
    if (this.#reading.has(id)) {
      this.#reading.set(id, true);
      return;
    }
    let again: boolean | undefined = true;
    while (again === true) {
      this.#reading.set(id, false);
      for (const channel of board.model.channels) await readLevel(this.#context, board, channel);
      again = this.#reading.get(id);
    }
    this.#reading.delete(id);
  }

  #received({ topic, args, kwargs }: ReceivedEvent): void {
    const { store, now } = this.#context;
    store.receive(readingOf(topic, args[0], kwargs), now());
  }

  /** Once the flood is over, the charts are filled: asking at once would only add to it. */
  #lost(readings: number): void {
    const { store, timers } = this.#context;
    store.lose(readings);
    const loss = (this.#losses += 1);
    timers.setTimeout(() => {
      if (loss !== this.#losses) return;
      for (const board of store.boards) void this.#filling.fill(board);
    }, FILL_AFTER);
  }

  #tick(): void {
    const { store, timers } = this.#context;
    if (store.link.kind === "connected") {
      for (const board of store.boards) void this.#askHealth(board);
    }
    timers.setTimeout(() => this.#tick(), HEALTH_EVERY);
  }

  /** One question at a time per board; an answer that belongs to an earlier session counts for nothing. */
  async #askHealth(board: BoardState): Promise<void> {
    const { store, now } = this.#context;
    const { id } = board.model;
    if (this.#asking.has(id)) return;
    this.#asking.add(id);
    const epoch = this.#epoch;
    try {
      const health = await this.#health(board.model);
      if (epoch !== this.#epoch) return;
      if (health) store.setHealth(id, health, now());
      const restarted = health !== undefined && health.boot !== "" && health.boot !== board.model.boot;
      if (!restarted && board.presence.kind === "online") return;
      await this.#askDescription(board.model.describeProcedure);
      // It answers, even if it would not describe itself again: what is known of it holds.
      if (epoch === this.#epoch) store.setPresence(id, { kind: "online" });
    } catch (error) {
      if (epoch !== this.#epoch || store.link.kind !== "connected") return;
      store.setPresence(id, { kind: "offline", since: now(), cause: absenceWords(error) });
    } finally {
      if (epoch === this.#epoch) this.#asking.delete(id);
    }
  }

  /** Rejects when the board does not answer, or another one does in its place. */
  async #health({ id, healthProcedure }: BoardModel): Promise<BoardHealth | undefined> {
    const options = { timeout: HEALTH_LIMIT, whenDown: "reject" } as const;
    const answer = await this.#context.client.call(healthProcedure, [], {}, options);
    const health = parseHealth(answer.args[0]);
    if (health && health.id !== "" && health.id !== id) {
      throw new Error(`another board, ${health.id}, answers under its name`);
    }
    return health;
  }
}

/** Why a board counts as offline. */
function absenceWords(error: unknown): string {
  if (!(error instanceof ApplicationError)) return errorWords(error);
  switch (error.uri) {
    case ErrorUri.noSuchProcedure:
    case ErrorUri.noAvailableCallee:
      return "It is not connected to the router.";
    case ErrorUri.timeout:
      return "It is connected to the router, but gives no answer.";
    default:
      return errorWords(error);
  }
}
