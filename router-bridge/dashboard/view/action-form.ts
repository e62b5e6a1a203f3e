/**
 * Any action of any driver as a small form made from its schema, so that a new driver needs no change here. Owns what was
 * typed; answers and errors stand in the channel's state.
 */
import type { ActionModel, ArgumentModel, ChannelModel } from "../state/board-model.ts";
import type { BoardState } from "../state/board-state.ts";
import { whyDisabled } from "../words/link.ts";
import { choiceWords, fieldFor, parseArgument } from "../words/argument.ts";
import { element, say, uniqueId } from "./element.ts";
import type { ItemView } from "./item-view.ts";
import type { PageContext } from "./page-context.ts";

interface Input {
  readonly argument: ArgumentModel;
  readonly control: HTMLInputElement | HTMLSelectElement;
}

export function actionForm(
  context: PageContext,
  board: BoardState,
  channel: ChannelModel | undefined,
  action: ActionModel,
): ItemView {
  const inputs = action.args.map((argument) => ({ argument, control: control(argument) }));
  const problem = element("p", { class: "error", role: "alert", hidden: true });
  const button = element("button", { class: "button", type: "submit", title: action.description }, action.title);
  const fields = inputs.map(({ argument, control }) => field(argument, control));
  const node = element("form", { class: "action", novalidate: true }, ...fields, button, problem);
  node.setAttribute("aria-label", channel ? `${action.title}: ${channel.title}` : action.title);
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.disabled || button.getAttribute("aria-disabled") === "true") return;
    const args = collect(inputs, problem);
    if (args) void run(context, { board, channel, action, args }, inputs);
  });
  return {
    node,
    paint: () => {
      const { pending } = board.channel(channel?.key ?? "");
      button.disabled = whyDisabled(context.store.link, board) !== undefined;
      button.setAttribute("aria-disabled", String(pending !== undefined));
      button.setAttribute("aria-busy", String(pending?.action === action.name));
      for (const { control } of inputs) control.disabled = button.disabled;
    },
  };
}

async function run(
  context: PageContext,
  request: Parameters<PageContext["act"]>[0],
  inputs: readonly Input[],
): Promise<void> {
  const { action, channel, board } = request;
  if (!(await context.confirm(action, `${action.title}: ${channel?.title ?? board.model.title}`))) return;
  if (!(await context.act(request))) return;
  // Text that was sent is sent; a duration or a choice is likely wanted again.
  for (const { argument, control } of inputs) {
    if (fieldFor(argument.schema).kind === "text") control.value = "";
  }
}

/** The arguments, or undefined after saying which one is wrong. */
function collect(inputs: readonly Input[], problem: HTMLElement): unknown[] | undefined {
  const args: unknown[] = [];
  let given = 0;
  for (const { argument, control } of inputs) {
    const parsed = parseArgument(argument, control.value);
    control.setAttribute("aria-invalid", String(!parsed.ok));
    if (!parsed.ok) {
      say(problem, parsed.message);
      control.focus();
      return undefined;
    }
    args.push(parsed.value ?? null);
    if (parsed.given) given = args.length;
  }
  say(problem, "");
  return args.slice(0, given);
}

function field(argument: ArgumentModel, input: HTMLElement): HTMLElement {
  const { name, unit, optional } = argument;
  const label = `${name}${unit === "" ? "" : ` (${unit})`}${optional ? ", optional" : ""}`;
  const wide = fieldFor(argument.schema).kind === "text" || fieldFor(argument.schema).kind === "json";
  const caption = element("label", { for: input.id }, label);
  return element("div", { class: wide ? "field wide" : "field" }, caption, input);
}

function control({ schema, description }: ArgumentModel): HTMLInputElement | HTMLSelectElement {
  const id = uniqueId("argument");
  const kind = fieldFor(schema);
  switch (kind.kind) {
    case "choice": {
      const options = kind.choices.map((choice, index) => element("option", { value: index }, choiceWords(choice)));
      return element("select", { id, title: description }, element("option", { value: "" }, "–"), ...options);
    }
    case "number": {
      const mode = kind.whole ? "numeric" : "decimal";
      return element("input", { id, type: "text", inputmode: mode, title: description, autocomplete: "off", size: 6 });
    }
    case "text":
      return element("input", { id, type: "text", title: description, autocomplete: "off", maxlength: kind.longest });
    default:
      return element("input", { id, type: "text", title: description, autocomplete: "off", spellcheck: "false" });
  }
}
