/**
 * Doing what a person asked for: one call at a time per channel, refused while link or board are down, and afterwards the
 * store holds what the board read back. Knows no document. A call that ended without an answer may have happened, so the
 * channel is read again after every failure.
 */
import type { Client } from "@pinion/wamp/client";
import { actionOf, type ActionModel, type ChannelModel } from "../state/board-model.ts";
import type { BoardState } from "../state/board-state.ts";
import { isFields } from "../state/untrusted.ts";
import type { Store } from "../state/store.ts";
import { answerWords } from "../words/answer.ts";
import { errorWords } from "../words/error.ts";
import { whyDisabled } from "../words/link.ts";

export interface ActingContext {
  readonly client: Pick<Client, "call">;
  readonly store: Store;
  readonly now: () => number;
}

/** ms: an answer that is later than this is no answer to a person. */
const ANSWER_LIMIT = 10_000;
/** Momentary actions (a pulse) may answer only when they are over; boards end them within a minute. */
const MOMENTARY_LIMIT = 70_000;
const READ_LIMIT = 4_000;

/** Actions whose plain answer is the channel's level. */
const LEVEL_ACTIONS = new Set(["get", "set", "toggle"]);

export interface Request {
  readonly board: BoardState;
  /** Undefined for an action of a driver as a whole. */
  readonly channel: ChannelModel | undefined;
  readonly action: ActionModel;
  /** After the channel. */
  readonly args: readonly unknown[];
}

/** Carries out one request. Never rejects: what went wrong is in the store, beside the control. True when it was done. */
export async function act(context: ActingContext, request: Request): Promise<boolean> {
  const { store, now } = context;
  const { board, channel, action, args } = request;
  const state = board.channel(channel?.key ?? "");
  if (state.pending !== undefined) return false;
  const why = whyDisabled(store.link, board);
  if (why !== undefined) {
    state.error = `${why}; nothing was sent.`;
    store.touch();
    return false;
  }
  state.pending = { action: action.name, args };
  state.error = undefined;
  state.answer = undefined;
  store.touch();
  let failed: string | undefined;
  try {
    const timeout = action.safety === "momentary" ? MOMENTARY_LIMIT : ANSWER_LIMIT;
    const answer = await context.client.call(
      action.procedure,
      wireArgs(action, args),
      {},
      { timeout, whenDown: "reject" },
    );
    take(request, answer.args[0], now());
  } catch (error) {
    failed = errorWords(error);
  }
  state.pending = undefined;
  state.error = failed;
  store.touch();
  if (failed !== undefined && channel) await readLevel(context, board, channel);
  return failed === undefined;
}

/** Reads an output or an input back through its `get`. Quiet: what cannot be read stays as it was, with its age. */
export async function readLevel(context: ActingContext, board: BoardState, channel: ChannelModel): Promise<void> {
  const { client, store, now } = context;
  const get = actionOf(channel, "get");
  const readable = channel.role === "output" || channel.role === "input";
  if (!get || !readable || get.args.some(({ optional }) => !optional)) return;
  if (store.link.kind !== "connected") return;
  try {
    const answer = await client.call(get.procedure, wireArgs(get, []), {}, { timeout: READ_LIMIT, whenDown: "reject" });
    board.readBack(channel, answer.args[0], now());
    store.touch();
  } catch {
    // Health watching tells when the board is gone; a level that could not be read is not a level.
  }
}

function wireArgs(action: ActionModel, args: readonly unknown[]): unknown[] {
  return action.channel === undefined ? [...args] : [action.channel, ...args];
}

function take({ board, channel, action }: Request, value: unknown, at: number): void {
  const state = board.channel(channel?.key ?? "");
  if (channel && (channel.role === "output" || channel.role === "input")) {
    if (LEVEL_ACTIONS.has(action.name) || isFields(value)) board.readBack(channel, value, at);
  }
  // A level that was read back says it all.
  state.answer = LEVEL_ACTIONS.has(action.name) ? undefined : answerWords(value);
}
