/**
 * One board: its description, whether it answers, and what each channel was last read to be. What was clicked is kept
 * apart from what was read back and never shown in its place.
 */
import type { BoardHealth } from "./board-health.ts";
import type { BoardModel, ChannelModel } from "./board-model.ts";
import { fieldsOf, numberOf } from "./untrusted.ts";

export type Presence =
  | { readonly kind: "unknown" }
  | { readonly kind: "online" }
  | { readonly kind: "offline"; readonly since: number; readonly cause: string };

/** A channel's value as the board itself reported it. */
export interface Level {
  readonly value: number | boolean;
  readonly readAt: number;
  /** Since when it is so; undefined when it was so before this page came. */
  readonly since: number | undefined;
}

export interface Pending {
  readonly action: string;
  readonly args: readonly unknown[];
}

export interface ChannelState {
  level: Level | undefined;
  pending: Pending | undefined;
  /** What went wrong last, in words; cleared by the next success. */
  error: string | undefined;
  /** What a generic action answered, in words. */
  answer: string | undefined;
}

export class BoardState {
  model: BoardModel;
  presence: Presence = { kind: "online" };
  /** Counts changes of what the board has; views are built anew then. */
  revision = 0;
  health: BoardHealth | undefined;
  /** Added to the board's wall clock it gives the page's, ms: boards have no battery and may be years off. */
  clockOffset = 0;
  readonly #channels = new Map<string, ChannelState>();

  constructor(model: BoardModel) {
    this.model = model;
  }

  /** State under a channel's key, or under "" for the board's own actions. */
  channel(key: string): ChannelState {
    const known = this.#channels.get(key);
    if (known) return known;
    const fresh: ChannelState = { level: undefined, pending: undefined, error: undefined, answer: undefined };
    this.#channels.set(key, fresh);
    return fresh;
  }

  /** Takes a new description; state of channels that are gone is let go, and all of it after a restart of the board. */
  describe(model: BoardModel): void {
    const keys = new Set(["", ...model.channels.map(({ key }) => key)]);
    const restarted = model.boot !== this.model.boot;
    if (restarted) this.health = undefined;
    for (const [key, state] of this.#channels) {
      if (!keys.has(key)) this.#channels.delete(key);
      else if (restarted) state.level = undefined;
    }
    this.model = model;
  }

  /** Takes what the board read at `readAt`; `since` is when the value came about, where that is known. */
  readBack(channel: ChannelModel, value: unknown, readAt: number, since?: number): void {
    const level = levelOf(value);
    if (level === undefined) return;
    const state = this.channel(channel.key);
    const before = state.level;
    const same = before !== undefined && Number(before.value) === Number(level);
    const changed = before !== undefined && !same;
    state.level = {
      value: level,
      readAt,
      since: same ? (before.since ?? since) : (since ?? (changed ? readAt : undefined)),
    };
  }

  /** A time of the board's clock by the page's, never in the future. */
  pageTime(t: number | undefined, now: number): number {
    return t === undefined ? now : Math.min(now, t + this.clockOffset);
  }
}

/**
 * The level in what an action answered (a receipt's `readBack`, an answer's `value`) or in a reading's value. Undefined
 * when there is none in it: what was requested never stands in for what was read.
 */
export function levelOf(value: unknown): number | boolean | undefined {
  if (typeof value === "boolean") return value;
  const number = numberOf(value);
  if (number !== undefined) return number;
  const fields = fieldsOf(value);
  const inner = fields["readBack"] ?? fields["value"];
  return typeof inner === "boolean" ? inner : numberOf(inner);
}
