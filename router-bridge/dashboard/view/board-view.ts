/** One board: its heading, its controls and its sensors. Built from a description; built anew when that changes. */
import type { ChannelModel } from "../state/board-model.ts";
import type { BoardState } from "../state/board-state.ts";
import { durationWords } from "../words/age.ts";
import { presenceWords } from "../words/link.ts";
import { element, say, setAttribute, setText, show, uniqueId } from "./element.ts";
import { inputView } from "./input-view.ts";
import type { ItemView } from "./item-view.ts";
import { moreActions } from "./more-actions.ts";
import { isSwitchable, outputView } from "./output-view.ts";
import type { PageContext } from "./page-context.ts";
import { portView } from "./port-view.ts";
import { sensorView } from "./sensor-view.ts";

export interface BoardView extends ItemView {
  readonly revision: number;
}

export function boardView(context: PageContext, board: BoardState): BoardView {
  const items = controls(context, board);
  const sensors = sensorViews(context, board);
  const headingId = uniqueId("board");
  const head = boardHead(context, board, headingId);
  const groups = [
    group("Outputs", items.outputs),
    group("Inputs", items.inputs),
    group(board.model.channels.every(isSerialOrNoPort) ? "Serial ports" : "Ports", items.ports),
    group("More", items.more),
  ].filter((node) => node !== undefined);
  const left = element("div", { class: "controls" }, ...groups);
  const right = group("Sensors", sensors, "sensors");
  const columns = element("div", { class: "columns" }, groups.length > 0 ? left : undefined, right);
  const node = element("section", { class: "board", "aria-labelledby": headingId }, head.node, columns);
  const all = [head, ...Object.values(items).flat(), ...sensors];
  return {
    node,
    revision: board.revision,
    paint: (now) => {
      for (const item of all) item.paint(now);
    },
    destroy: () => {
      for (const item of all) item.destroy?.();
    },
  };
}

function isSerialOrNoPort({ role, kind }: ChannelModel): boolean {
  return role !== "port" || kind === "serial";
}

function controls(
  context: PageContext,
  board: BoardState,
): Record<"outputs" | "inputs" | "ports" | "more", ItemView[]> {
  const { channels, actions } = board.model;
  const of = (role: ChannelModel["role"]): ChannelModel[] => channels.filter((channel) => channel.role === role);
  const view = (channel: ChannelModel): ItemView =>
    isSwitchable(channel) ? outputView(context, board, channel) : inputView(context, board, channel);
  // A sensor is a card of its own below; here it is only when there is something to do with it.
  const active = of("sensor").filter(({ actions, streams }) =>
    actions.some(({ safety, args }) => safety !== "read" || args.length > 0 || streams.length === 0),
  );
  return {
    outputs: of("output").map(view),
    inputs: of("input").map(view),
    ports: of("port").map((channel) => portView(context, board, channel)),
    more: [
      ...active.map((channel) => portView(context, board, channel)),
      ...(actions.length > 0 ? [boardActions(context, board)] : []),
    ],
  };
}

function boardActions(context: PageContext, board: BoardState): ItemView {
  const more = moreActions(context, board, undefined, board.model.actions);
  const error = element("p", { class: "error", role: "alert", hidden: true });
  return {
    node: element("li", { class: "item" }, more.node, error),
    paint: (now) => {
      more.paint(now);
      say(error, board.channel("").error ?? "");
    },
  };
}

function sensorViews(context: PageContext, board: BoardState): ItemView[] {
  return board.model.channels.flatMap((channel) =>
    channel.streams
      .filter(
        ({ kind, text }) => kind === "measurement" || (channel.role !== "output" && channel.role !== "input" && !text),
      )
      .filter(({ text }) => !(text && channel.role === "port")) // shown as the port's lines
      .map((model) => sensorView(context, { topic: model.topic, title: model.title, model, board })),
  );
}

function group(title: string, items: readonly ItemView[], className = "group"): HTMLElement | undefined {
  if (items.length === 0) return undefined;
  const id = uniqueId("group");
  const list = element("ul", { class: "items", "aria-labelledby": id }, ...items.map(({ node }) => node));
  return element("div", { class: className }, element("h3", { id }, title), list);
}

function boardHead(context: PageContext, board: BoardState, headingId: string): ItemView {
  const title = element("h2", { id: headingId });
  const chip = element("span", { class: "chip" });
  const about = element("p", { class: "about" });
  const offline = element("p", { class: "error", hidden: true });
  const troubles = element("p", { class: "warning", hidden: true });
  const leftOut = element("p", { class: "warning", hidden: true });
  const forget = element("button", { type: "button", class: "button small", hidden: true }, "Remove from this page");
  forget.addEventListener("click", () => context.store.forget(board.model.id));
  const line = element("div", { class: "board-title" }, title, chip);
  return {
    node: element("header", { class: "board-head" }, line, about, offline, troubles, leftOut, forget),
    paint: (now) => {
      const { model, presence, health } = board;
      const words = presenceWords(context.store.link, board, now);
      setText(title, model.title);
      setText(chip, words.short);
      setAttribute(chip, "data-tone", words.tone);
      setText(about, aboutWords(board, now));
      say(offline, words.long);
      say(troubles, health?.troubles.join(" ") ?? "");
      say(
        leftOut,
        model.leftOut > 0
          ? `${String(model.leftOut)} parts of this board are over this page's limits and not shown.`
          : "",
      );
      show(forget, presence.kind === "offline");
    },
  };
}

function aboutWords({ model, presence, clockOffset }: BoardState, now: number): string {
  const { id, version, startedAt } = model;
  const running = startedAt !== undefined && presence.kind === "online";
  return [
    id,
    version === "" ? "" : `version ${version}`,
    running ? `running for ${durationWords(now - startedAt - clockOffset)}` : "",
  ]
    .filter((part) => part !== "")
    .join(" · ");
}
