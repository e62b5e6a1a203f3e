/**
 * Everything the page shows: the link, the boards, the streams. Owns their bounds and says `changed` after each change;
 * knows no WAMP session, no timer and no document. `structure` counts changes of what there is, as opposed to what it
 * reads, so that views are rebuilt only then.
 */
import type { BoardHealth } from "./board-health.ts";
import type { BoardModel, ChannelModel, StreamModel } from "./board-model.ts";
import { BoardState, type Presence } from "./board-state.ts";
import { limits } from "./limits.ts";
import type { Link } from "./link.ts";
import type { LoginState } from "./login.ts";
import { lastReadingOf, type Reading } from "./reading.ts";
import { StreamState } from "./stream-state.ts";

interface Described {
  readonly board: BoardState;
  readonly channel: ChannelModel;
  readonly stream: StreamModel;
}

export class Store {
  link: Link = { kind: "connecting", again: false, cause: "" };
  login: LoginState = { kind: "unknown" };
  /** What is wrong with the page as a whole, in words. */
  notice: string | undefined;
  #structure = 0;
  readonly #boards = new Map<string, BoardState>();
  readonly #streams = new Map<string, StreamState>();
  #described = new Map<string, Described>();
  #leftOut = { boards: new Set<string>(), streams: 0, readings: 0 };
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get structure(): number {
    return this.#structure;
  }

  get boards(): readonly BoardState[] {
    return [...this.#boards.values()];
  }

  /** Boards and streams beyond the page's limits; readings that the router left out because the page was too slow for them. */
  get leftOut(): { readonly boards: number; readonly streams: number; readonly readings: number } {
    return { ...this.#leftOut, boards: this.#leftOut.boards.size };
  }

  board(id: string): BoardState | undefined {
    return this.#boards.get(id);
  }

  stream(topic: string): StreamState | undefined {
    return this.#streams.get(topic);
  }

  /** Streams that no board has described. */
  get strangers(): readonly StreamState[] {
    return [...this.#streams.values()].filter(({ topic }) => !this.#described.has(topic));
  }

  setLink(link: Link, now: number): void {
    const lost = this.link.kind === "connected" && link.kind !== "connected";
    this.link = link;
    if (lost) {
      for (const stream of this.#streams.values()) stream.interrupt(now);
      // Whether a board is there can be known only over a link.
      for (const board of this.#boards.values()) board.presence = { kind: "unknown" };
    }
    this.#changed();
  }

  /** The router left out so many readings of whatever streams: what comes next need not continue what was. */
  lose(readings: number): void {
    this.#leftOut.readings += readings;
    for (const stream of this.#streams.values()) stream.interrupt(stream.at);
    this.#changed();
  }

  setLogin(login: LoginState): void {
    this.login = login;
    this.#changed();
  }

  setNotice(words: string | undefined): void {
    this.notice = words;
    this.#changed();
  }

  setPresence(id: string, presence: Presence): void {
    const board = this.#boards.get(id);
    if (!board || board.presence.kind === presence.kind) return;
    if (presence.kind === "offline") {
      for (const [topic, { board: owner }] of this.#described) {
        if (owner === board) this.#streams.get(topic)?.interrupt(presence.since);
      }
    }
    board.presence = presence;
    this.#changed();
  }

  /** Takes a board's description, and its health where known. Undefined when there is no room for one more board. */
  describe(model: BoardModel, now: number, health?: BoardHealth): BoardState | undefined {
    const known = this.#boards.get(model.id);
    const board = known ?? this.#addBoard(model);
    if (!board) return undefined;
    if (known) {
      if (!sameShape(known.model, model)) {
        this.#structure += 1;
        known.revision += 1;
      }
      known.describe(model);
    }
    board.presence = { kind: "online" };
    if (health) this.setHealth(model.id, health, now);
    this.#index();
    this.#recall(board, now);
    this.#changed();
    return board;
  }

  /** Takes a board off the page until it announces itself again. */
  forget(id: string): void {
    const board = this.#boards.get(id);
    if (!board) return;
    this.#boards.delete(id);
    for (const channel of board.model.channels) {
      for (const { topic } of channel.streams) this.#streams.delete(topic);
    }
    this.#leftOut.boards.clear();
    this.#structure += 1;
    this.#index();
    this.#changed();
  }

  receive(reading: Reading, now: number): void {
    if (reading.isGap) return this.#streams.get(reading.topic)?.skip(reading); // the chart's break stands for it
    const stream = this.#streams.get(reading.topic) ?? this.#addStream(reading.topic);
    if (!stream) return;
    if (reading.isLate && stream.reading !== undefined) return this.fill(reading, now);
    const described = this.#described.get(reading.topic);
    // What is measured now arrives now; states are told again after a join, with the time when they came about.
    const old = described && (described.stream.kind === "state" || reading.quality === "replayed");
    const at = old ? described.board.pageTime(reading.t, now) : now;
    stream.receive(reading, at, old === true);
    if (described) this.#follow(described, reading, { readAt: now, since: at });
    this.#changed();
  }

  /** A reading that was measured before the newest one. */
  fill(reading: Reading, now: number): void {
    const described = this.#described.get(reading.topic);
    const stream = this.#streams.get(reading.topic);
    if (described === undefined || stream === undefined || reading.t === undefined) return;
    stream.fill(reading, described.board.pageTime(reading.t, now));
    this.#changed();
  }

  /** Something inside a board's channel was changed by the caller. */
  touch(): void {
    this.#changed();
  }

  /** What a board said about its health, and when. */
  setHealth(id: string, health: BoardHealth, now: number): void {
    const board = this.#boards.get(id);
    if (!board) return;
    board.health = health;
    if (health.t !== undefined) board.clockOffset = now - health.t;
    this.#changed();
  }

  #addBoard(model: BoardModel): BoardState | undefined {
    if (this.#boards.size >= limits.boards) {
      if (this.#leftOut.boards.size < limits.boards) this.#leftOut.boards.add(model.id);
      this.#changed();
      return undefined;
    }
    const board = new BoardState(model);
    this.#boards.set(model.id, board);
    this.#structure += 1;
    return board;
  }

  #addStream(topic: string): StreamState | undefined {
    if (this.#streams.size >= limits.streams || topic.length > limits.uri) {
      this.#leftOut.streams += 1;
      return undefined;
    }
    const stream = new StreamState(topic);
    this.#streams.set(topic, stream);
    if (!this.#described.has(topic)) this.#structure += 1;
    return stream;
  }

  /** A state stream of an output or input says what it reads now. */
  #follow({ board, channel, stream }: Described, reading: Reading, when: { readAt: number; since: number }): void {
    if (stream.kind !== "state" || (channel.role !== "output" && channel.role !== "input")) return;
    if (reading.quality === "error" || reading.quality === "stale") return;
    board.readBack(channel, reading.value, when.readAt, when.since);
  }

  /** The last readings of a description, for a page that was not there when they were sent. */
  #recall(board: BoardState, now: number): void {
    for (const entry of board.model.lastReadings) {
      const reading = lastReadingOf(entry);
      const described = reading && this.#described.get(reading.topic);
      if (!reading || described?.board !== board) continue;
      const at = board.pageTime(reading.t, now);
      (this.#streams.get(reading.topic) ?? this.#addStream(reading.topic))?.recall(reading, at);
      if (board.channel(described.channel.key).level === undefined) {
        this.#follow(described, reading, { readAt: now, since: at });
      }
    }
  }

  #index(): void {
    this.#described = new Map();
    for (const board of this.#boards.values()) {
      for (const channel of board.model.channels) {
        for (const stream of channel.streams) this.#described.set(stream.topic, { board, channel, stream });
      }
    }
  }
}

/** Whether two descriptions make the same controls; their last readings may differ. */
function sameShape(one: BoardModel, other: BoardModel): boolean {
  const shape = (model: BoardModel): string => JSON.stringify({ ...model, lastReadings: [] });
  return shape(one) === shape(other);
}
