/**
 * Any action of any driver as a small form made from its schema, so that a new driver needs no change here. Owns what was
 * typed; answers and errors stand in the channel's state.
 */
import type { ActionModel, ArgumentModel, ChannelModel } from "../state/board-model.ts";
import { plainText } from "../state/untrusted.ts";
import { titleFrom } from "../state/parse-description.ts";
import type { BoardState } from "../state/board-state.ts";
import { sentence, whyDisabled } from "../words/link.ts";
import { choiceWords, fieldFor, parseArgument, type Field } from "../words/argument.ts";
import { element, say, uniqueId } from "./element.ts";
import type { ItemView } from "./item-view.ts";
import type { PageContext } from "./page-context.ts";

interface Input {
  readonly argument: ArgumentModel;
  readonly control: HTMLInputElement | HTMLSelectElement;
  /** For text into a port: what ends the line, because no key on a keyboard types it. */
  readonly ending: HTMLSelectElement | undefined;
}

const ENDINGS: readonly (readonly [words: string, text: string])[] = [
  ["new line (LF)", "\n"],
  ["CR LF", "\r\n"],
  ["CR", "\r"],
  ["nothing", ""],
];

export function actionForm(
  context: PageContext,
  board: BoardState,
  channel: ChannelModel | undefined,
  action: ActionModel,
): ItemView {
  const inputs = action.args.map((argument) => ({
    argument,
    control: control(argument),
    ending: channel?.role === "port" && isText(argument) ? endingControl() : undefined,
  }));
  const problem = element("p", { class: "error", role: "alert", hidden: true });
  const button = element("button", { class: "button", type: "submit", title: action.description }, action.title);
  const fields = inputs.filter(({ argument }) => !argument.optional).flatMap(inputFields);
  const node = element("form", { class: "action", novalidate: true }, ...fields, button, options(inputs), problem);
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
      for (const { control, ending } of inputs) {
        control.disabled = button.disabled;
        if (ending) ending.disabled = button.disabled;
      }
    },
  };
}

async function run(
  context: PageContext,
  request: Parameters<PageContext["act"]>[0],
  inputs: readonly Input[],
): Promise<void> {
  const { action, channel, board, args } = request;
  if (!(await context.confirm(action, `${action.title}: ${channel?.title ?? board.model.title}`, args))) return;
  if (!(await context.act(request))) return;
  // Text that was sent is sent; a duration or a choice is likely wanted again.
  for (const { argument, control } of inputs) {
    if (isText(argument)) control.value = "";
  }
}

/** The arguments, or undefined after saying which one is wrong. */
function collect(inputs: readonly Input[], problem: HTMLElement): unknown[] | undefined {
  const args: unknown[] = [];
  let given = 0;
  for (const { argument, control, ending } of inputs) {
    const parsed = parseArgument(argument, control.value);
    control.setAttribute("aria-invalid", String(!parsed.ok));
    if (!parsed.ok) {
      say(problem, sentence(parsed.message));
      control.focus();
      return undefined;
    }
    const ends = ENDINGS[Number(ending?.value)]?.[1] ?? "";
    args.push(typeof parsed.value === "string" ? parsed.value + ends : (parsed.value ?? null));
    if (parsed.given) given = args.length;
  }
  say(problem, "");
  return args.slice(0, given);
}

/** What may be left out stays out of the way. */
function options(inputs: readonly Input[]): HTMLElement | undefined {
  const optional = inputs.filter(({ argument }) => argument.optional).flatMap(inputFields);
  if (optional.length === 0) return undefined;
  return element("details", { class: "options" }, element("summary", {}, "Options"), ...optional);
}

function isText({ schema }: ArgumentModel): boolean {
  return fieldFor(schema).kind === "text";
}

function inputFields({ argument, control, ending }: Input): HTMLElement[] {
  const { name, unit } = argument;
  const label = `${titleFrom(name)}${unit === "" ? "" : ` (${unit})`}`;
  const kind = fieldFor(argument.schema).kind;
  const main = field(label, control, kind === "text" || kind === "json");
  return ending ? [main, field("Ends with", ending, false)] : [main];
}

function field(label: string, input: HTMLElement, wide: boolean): HTMLElement {
  return element("div", { class: wide ? "field wide" : "field" }, element("label", { for: input.id }, label), input);
}

function endingControl(): HTMLSelectElement {
  const options = ENDINGS.map(([words], index) => element("option", { value: index }, words));
  return element("select", { id: uniqueId("ending") }, ...options);
}

/** A pulse of half a second is what most people mean by one. */
const USUAL: ReadonlyMap<string, string> = new Map([["duration ms", "500"]]);

function control({ name, unit, schema, description }: ArgumentModel): HTMLInputElement | HTMLSelectElement {
  const id = uniqueId("argument");
  const kind = fieldFor(schema);
  const value = initialText(schema, kind) ?? USUAL.get(`${name} ${unit}`);
  switch (kind.kind) {
    case "choice": {
      const options = kind.choices.map((choice, index) =>
        element("option", { value: index, selected: value === String(index) }, choiceWords(choice)),
      );
      return element("select", { id, title: description }, element("option", { value: "" }, "–"), ...options);
    }
    case "number": {
      const mode = kind.whole ? "numeric" : "decimal";
      return element("input", {
        id,
        type: "text",
        inputmode: mode,
        title: description,
        autocomplete: "off",
        size: 6,
        value,
      });
    }
    case "measure":
      return element("input", { id, type: "text", title: description, autocomplete: "off", size: 6, value });
    case "text":
      return element("input", {
        id,
        type: "text",
        title: description,
        autocomplete: "off",
        maxlength: kind.longest,
        value,
      });
    default:
      return element("input", {
        id,
        type: "text",
        title: description,
        autocomplete: "off",
        spellcheck: "false",
        value,
      });
  }
}

/** The schema's own default as it would be entered. */
function initialText(schema: ArgumentModel["schema"], field: Field): string | undefined {
  const initial = schema["default"];
  if (initial === undefined) return undefined;
  if (field.kind === "choice") return String(field.choices.indexOf(initial));
  return plainText(initial);
}
