/** A channel's title, what it is wired to, and what its driver finds wrong with it. */
import type { ChannelModel } from "../state/board-model.ts";
import type { BoardState } from "../state/board-state.ts";
import { element, say, uniqueId } from "./element.ts";

export interface ChannelHeading {
  readonly node: HTMLElement;
  readonly titleId: string;
  /** Stands wherever the row wants it. */
  readonly trouble: HTMLElement;
  paint(): void;
}

export function channelHeading(board: BoardState, channel: ChannelModel): ChannelHeading {
  const titleId = uniqueId("channel");
  const trouble = element("p", { class: "warning", hidden: true });
  const title = element("h4", { id: titleId }, channel.title);
  const node = element("div", { class: "item-name" }, title, element("p", { class: "detail" }, summary(channel)));
  return {
    node,
    titleId,
    trouble,
    paint: () => say(trouble, board.health?.channelTroubles.get(channel.name) ?? ""),
  };
}

/** `relay · GPIO17 · header 11`: the name to call it by, and how to find it on the board. */
function summary({ name, aliases, details }: ChannelModel): string {
  const header = details.find(([label]) => label === "Header")?.[1];
  const other = aliases.find((alias) => alias !== name);
  return [name, other, header === undefined ? undefined : `header ${header}`]
    .filter((part) => part !== undefined)
    .join(" · ");
}
