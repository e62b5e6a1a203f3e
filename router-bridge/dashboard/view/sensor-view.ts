/**
 * One stream: value, unit, how old it is and whether it can be believed, and for numbers a chart. A value that is stale or
 * in error stays readable, but says so in words and not by colour alone.
 */
import type { StreamModel } from "../state/board-model.ts";
import type { BoardState } from "../state/board-state.ts";
import type { Reading } from "../state/reading.ts";
import type { StreamState } from "../state/stream-state.ts";
import { ageWords, momentWords } from "../words/age.ts";
import { sentence } from "../words/link.ts";
import { numberWords, valueWords } from "../words/value.ts";
import { Chart, type Hover } from "./chart.ts";
import { element, say, setAttribute, setText, show } from "./element.ts";
import type { ItemView } from "./item-view.ts";
import type { PageContext } from "./page-context.ts";

export interface SensorSource {
  readonly topic: string;
  readonly title: string;
  /** Undefined for a topic that no board described. */
  readonly model: StreamModel | undefined;
  readonly board: BoardState | undefined;
}

export function sensorView(context: PageContext, source: SensorSource): ItemView {
  const { topic, title, model } = source;
  const value = element("span", { class: "value" }, "–");
  const unit = element("span", { class: "unit" });
  const age = element("span", { class: "age" }, "no reading yet");
  const quality = element("p", { class: "warning", hidden: true });
  const range = element("p", { class: "range" });
  let hover: Hover | undefined;
  const label = (number: number): string => numberWords(number, axisDecimals(number));
  const drawn = model === undefined || (model.kind === "measurement" && !model.text);
  const chart = !drawn ? undefined : new Chart(title, label, (at) => ((hover = at), paintRange()));
  const heading = element(
    "div",
    { class: "item-name" },
    element("h4", {}, title),
    element("p", { class: "detail" }, topic),
  );
  const reading = element("p", { class: "reading" }, value, unit);
  const foot = element("div", { class: "sensor-foot" }, age, range);
  const node = element("li", { class: "item sensor" }, heading, reading, quality, chart?.node, foot);
  const paintRange = (): void => setText(range, rangeWords(context.store.stream(topic), hover, Date.now()));
  return {
    node,
    paint: (now) => {
      const stream = context.store.stream(topic);
      const latest = stream?.reading;
      if (!stream || !latest) return;
      const off = cutOff(context, source);
      const stale = off === "" ? trouble(source, stream, now) : undefined;
      setText(value, valueWords(shownValue(stream, latest), stream.decimals));
      setText(unit, latest.unit ?? model?.unit ?? "");
      setText(age, ageWords(stream.at, now) + off);
      setAttribute(node, "data-quality", stale === undefined && off === "" ? latest.quality : "stale");
      say(quality, stale ?? note(latest.quality, latest.cause));
      if (chart) {
        // The place of a described stream's chart is kept, so that nothing moves when its first reading comes.
        show(chart.node, model !== undefined || stream.series.size > 0);
        chart.paint(stream.series, now);
      }
      paintRange();
    },
    destroy: () => chart?.destroy(),
  };
}

/** A reading that failed has no value of its own: the last good one stands, marked as old. */
function shownValue({ lastGood }: StreamState, { quality, value }: Reading): unknown {
  return quality === "error" || quality === "stale" ? (lastGood ?? value) : value;
}

/** Why nothing newer can have come: said beside the age, since it is the same for all of them. */
function cutOff({ store }: PageContext, { board }: SensorSource): string {
  if (store.link.kind !== "connected") return ", no link";
  return board?.presence.kind === "offline" ? ", board offline" : "";
}

/** Why the value is not the present one though board and link are there. */
function trouble(source: SensorSource, stream: StreamState, now: number): string | undefined {
  const why = stream.stale(source.model, now);
  if (why === undefined) return undefined;
  const word = stream.reading?.quality === "error" ? "Error" : "Stale";
  return `${word}: ${sentence(why)}`;
}

function note(quality: string, cause: string): string {
  switch (quality) {
    case "clamped":
      return sentence(`outside its range, cut to it${cause === "" ? "" : `: ${cause}`}`);
    case "replayed":
      return "Sent again from the board's memory.";
    default:
      return "";
  }
}

function rangeWords(stream: StreamState | undefined, hover: Hover | undefined, now: number): string {
  if (!stream) return "";
  if (hover) return `${numberWords(hover.value, stream.decimals)} at ${momentWords(hover.time, now)}`;
  const extent = stream.series.extent;
  const missed = stream.missed > 0 ? `${String(stream.missed)} missed · ` : "";
  if (!extent || extent.low === extent.high) return missed.replace(" · ", "");
  return `${missed}${numberWords(extent.low, stream.decimals)} … ${numberWords(extent.high, stream.decimals)} in 5 min`;
}

function axisDecimals(value: number): number {
  for (let digits = 0; digits < 4; digits += 1) {
    if (Math.abs(Number(value.toFixed(digits)) - value) < 1e-9) return digits;
  }
  return 4;
}
