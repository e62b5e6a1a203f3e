/** An input's level in words, and since when; also any output that is not simply off or on, with its actions as forms. */
import { actionOf, type ChannelModel } from "../state/board-model.ts";
import type { BoardState, Level } from "../state/board-state.ts";
import { ageWords, durationWords, momentWords } from "../words/age.ts";
import { whyDisabled } from "../words/link.ts";
import { numberWords } from "../words/value.ts";
import { channelHeading } from "./channel-heading.ts";
import { element, say, setAttribute, setText, show } from "./element.ts";
import type { ItemView } from "./item-view.ts";
import { moreActions } from "./more-actions.ts";
import type { PageContext } from "./page-context.ts";

export function inputView(context: PageContext, board: BoardState, channel: ChannelModel): ItemView {
  const heading = channelHeading(board, channel);
  const level = element("strong", { class: "level" });
  const since = element("p", { class: "state" });
  const error = element("p", { class: "error", role: "alert", hidden: true });
  const actions = channel.actions.filter(({ name, args }) => name !== "get" || args.some(({ optional }) => !optional));
  const readable = actionOf(channel, "get") !== undefined || channel.streams.length > 0;
  const more = moreActions(context, board, channel, actions);
  const head = element("div", { class: "item-head" }, heading.node, level);
  const node = element("li", { class: "item input" }, head, since, error, heading.trouble, more.node);
  show(level, readable);
  show(since, readable);
  return {
    node,
    paint: (now) => {
      const state = board.channel(channel.key);
      const why = whyDisabled(context.store.link, board);
      setAttribute(node, "data-level", state.level === undefined ? "unknown" : state.level.value ? "on" : "off");
      setText(level, levelWords(state.level?.value));
      setText(since, state.level === undefined ? "not read yet" : sinceWords(state.level, why, now));
      say(error, state.error ?? "");
      heading.paint();
      more.paint(now);
    },
  };
}

function sinceWords(level: Level, why: string | undefined, now: number): string {
  if (why !== undefined) return `last read ${ageWords(level.readAt, now)}`;
  if (level.since === undefined) return `read ${ageWords(level.readAt, now)}`;
  return `since ${momentWords(level.since, now)}, for ${durationWords(now - level.since)}`;
}

function levelWords(value: number | boolean | undefined): string {
  if (value === undefined) return "Unknown";
  if (value === true || value === 1) return "High";
  if (value === false || value === 0) return "Low";
  return numberWords(value, Number.isInteger(value) ? 0 : 2);
}
