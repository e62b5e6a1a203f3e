/** A serial port: a box to write into it, its other actions, and the last lines of text where it has them. */
import type { ChannelModel } from "../state/board-model.ts";
import type { BoardState } from "../state/board-state.ts";
import { channelHeading } from "./channel-heading.ts";
import { element, say, show } from "./element.ts";
import type { ItemView } from "./item-view.ts";
import { moreActions } from "./more-actions.ts";
import type { PageContext } from "./page-context.ts";

const LINES = 6;

export function portView(context: PageContext, board: BoardState, channel: ChannelModel): ItemView {
  const heading = channelHeading(board, channel);
  const error = element("p", { class: "error", role: "alert", hidden: true });
  const more = moreActions(context, board, channel, channel.actions);
  const texts = channel.streams.filter(({ text }) => text);
  const lines = element("pre", {
    class: "lines",
    "aria-label": `Last lines of ${channel.title}`,
    tabindex: 0,
    hidden: true,
  });
  const node = element("li", { class: "item port" }, heading.node, heading.trouble, lines, more.node, error);
  return {
    node,
    paint: (now) => {
      const said = texts.flatMap(({ topic }) => context.store.stream(topic)?.lines ?? []).slice(-LINES);
      say(lines, said.join("\n"));
      show(lines, said.length > 0);
      say(error, board.channel(channel.key).error ?? "");
      heading.paint();
      more.paint(now);
    },
  };
}
