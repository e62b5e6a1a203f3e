/**
 * An output that is off or on: a switch that stands where the board read it back to be, and words for everything else. The
 * click itself never moves it.
 */
import { actionOf, type ActionModel, type ChannelModel } from "../state/board-model.ts";
import type { BoardState, ChannelState } from "../state/board-state.ts";
import { ageWords, durationWords } from "../words/age.ts";
import { switchValues } from "../words/argument.ts";
import { whyDisabled } from "../words/link.ts";
import { channelHeading } from "./channel-heading.ts";
import { element, say, setAttribute, setText, uniqueId } from "./element.ts";
import type { ItemView } from "./item-view.ts";
import { moreActions } from "./more-actions.ts";
import type { PageContext } from "./page-context.ts";

/** Actions that the switch stands for. */
const COVERED = new Set(["get", "set", "toggle"]);

/** Whether the channel is one that a switch can stand for. */
export function isSwitchable(channel: ChannelModel): boolean {
  return channel.role === "output" && switchValues(actionOf(channel, "set")) !== undefined;
}

export function outputView(context: PageContext, board: BoardState, channel: ChannelModel): ItemView {
  const heading = channelHeading(board, channel);
  const stateId = uniqueId("state");
  const word = element("strong");
  const since = element("span");
  const error = element("p", { class: "error", role: "alert", hidden: true });
  const button = element("button", {
    type: "button",
    class: "switch",
    role: "switch",
    "aria-checked": "false",
    "aria-labelledby": heading.titleId,
    "aria-describedby": stateId,
  });
  button.append(element("span", { class: "thumb" }));
  const set = actionOf(channel, "set");
  button.addEventListener("click", () => void flip(context, board, channel, set));
  const others = channel.actions.filter(({ name }) => !COVERED.has(name));
  const more = moreActions(context, board, channel, others);
  const head = element("div", { class: "item-head" }, heading.node, button);
  const line = element("p", { class: "state", id: stateId }, word, since);
  const node = element("li", { class: "item output" }, head, line, error, heading.trouble, more.node);
  return {
    node,
    paint: (now) => {
      const state = board.channel(channel.key);
      const why = whyDisabled(context.store.link, board);
      setAttribute(node, "data-level", levelName(state));
      setAttribute(button, "aria-checked", String(levelName(state) === "on"));
      setAttribute(button, "aria-busy", String(state.pending !== undefined));
      if (button.disabled !== (why !== undefined)) button.disabled = why !== undefined;
      setAttribute(button, "aria-disabled", String(why !== undefined || state.pending !== undefined));
      setText(word, capital(levelName(state)));
      setText(since, ` ${sinceWords(state, why, now)}`);
      say(error, state.error ?? "");
      heading.paint();
      more.paint(now);
    },
  };
}

async function flip(
  context: PageContext,
  board: BoardState,
  channel: ChannelModel,
  set: ActionModel | undefined,
): Promise<void> {
  const values = switchValues(set);
  const state = board.channel(channel.key);
  if (!set || !values || state.pending !== undefined) return;
  // Off is the safe way out of not knowing.
  const on = levelName(state) === "off";
  const args = [on ? values.on : values.off];
  if (!(await context.confirm(set, `Switch ${channel.title} ${on ? "on" : "off"}`, args))) return;
  await context.act({ board, channel, action: set, args });
}

function levelName({ level }: ChannelState): "on" | "off" | "unknown" {
  if (level === undefined) return "unknown";
  return Number(level.value) === 0 ? "off" : "on";
}

function sinceWords(state: ChannelState, why: string | undefined, now: number): string {
  const { pending, level } = state;
  if (pending !== undefined) {
    if (pending.action !== "set") return `· ${pending.action} is running …`;
    return Number(pending.args[0]) === 0 ? "· switching off …" : "· switching on …";
  }
  if (level === undefined) return why === undefined ? "· not read yet; the switch turns it off" : "· not read yet";
  if (why !== undefined) return `· last read ${ageWords(level.readAt, now)}`;
  if (level.since === undefined) return `· read back ${ageWords(level.readAt, now)}`;
  return `for ${durationWords(now - level.since)} · read back`;
}

function capital(word: string): string {
  return (word[0] ?? "").toUpperCase() + word.slice(1);
}
