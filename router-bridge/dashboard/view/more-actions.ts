/** The actions of a channel that have no control of their own: forms, with what they answered. */
import type { ActionModel, ChannelModel } from "../state/board-model.ts";
import type { BoardState } from "../state/board-state.ts";
import { actionForm } from "./action-form.ts";
import { element, say } from "./element.ts";
import type { ItemView } from "./item-view.ts";
import type { PageContext } from "./page-context.ts";

export function moreActions(
  context: PageContext,
  board: BoardState,
  channel: ChannelModel | undefined,
  actions: readonly ActionModel[],
): ItemView {
  const answer = element("p", { class: "answer", role: "status", hidden: true });
  const forms = actions.map((action) => actionForm(context, board, channel, action));
  const node = element("div", { class: "actions" }, ...forms.map((form) => form.node), answer);
  node.hidden = actions.length === 0;
  return {
    node,
    paint: (now) => {
      for (const form of forms) form.paint(now);
      say(answer, board.channel(channel?.key ?? "").answer ?? "");
    },
  };
}
