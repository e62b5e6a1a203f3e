/**
 * The chart of one stream over the last minutes. Owns a uPlot and its size; redraws only when there is something new to see,
 * and seldom while it is off the screen. Colours come from the style sheet's custom properties.
 */
import uPlot from "uplot";
import { limits } from "../state/limits.ts";
import type { Series } from "../state/series.ts";
import { momentWords } from "../words/age.ts";
import { element } from "./element.ts";

const HEIGHT = 132;
/** ms: how far the window of time moves at least before a chart without news is drawn again. */
const SLIDE = 1_000;
/** ms: how often at most a chart is drawn that is not on the screen; it may be printed, or scrolled to in a moment. */
const UNSEEN = 2_000;
/** ms: a young chart shows this much, then grows to its full span. */
const LEAST_SPAN = 60_000;

export interface Hover {
  readonly time: number;
  readonly value: number;
}

export interface Palette {
  readonly line: string;
  readonly fill: string;
  readonly grid: string;
  readonly text: string;
}

let palette: Palette | undefined;

/** The colours changed: the next drawing reads them again. */
export function forgetPalette(): void {
  palette = undefined;
}

function colours(): Palette {
  if (palette) return palette;
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  palette = { line: read("--line"), fill: read("--line-fill"), grid: read("--grid"), text: read("--muted") };
  return palette;
}

export class Chart {
  readonly node: HTMLElement;
  readonly #label: (value: number) => string;
  readonly #hovered: (hover: Hover | undefined) => void;
  readonly #sizes: ResizeObserver;
  readonly #sight: IntersectionObserver;
  #plot: uPlot | undefined;
  #width = 0;
  #visible = true;
  #drawn = { series: -1, at: 0, palette: undefined as Palette | undefined };

  constructor(name: string, label: (value: number) => string, hovered: (hover: Hover | undefined) => void) {
    this.#label = label;
    this.#hovered = hovered;
    this.node = element("div", { class: "chart", role: "img", "aria-label": `${name}: the last 5 minutes as a line` });
    this.#sizes = new ResizeObserver(([entry]) => this.#resize(entry?.contentRect.width ?? 0));
    this.#sizes.observe(this.node);
    this.#sight = new IntersectionObserver(
      ([entry]) => {
        this.#visible = entry?.isIntersecting ?? true;
      },
      { rootMargin: "300px" },
    );
    this.#sight.observe(this.node);
  }

  paint(series: Series, now: number): void {
    if (this.#width === 0) return;
    const colour = colours();
    const recoloured = this.#drawn.palette !== colour;
    if (!this.#visible && !recoloured && now - this.#drawn.at < UNSEEN) return;
    const same = this.#drawn.series === series.revision && !recoloured;
    if (same && now - this.#drawn.at < SLIDE) return;
    this.#drawn = { series: series.revision, at: now, palette: colour };
    const { times, values } = series.points(now);
    const data: uPlot.AlignedData = [times.map((time) => time / 1000), [...values]];
    this.#plot ??= new uPlot(this.#options(), data, this.node);
    this.#plot.setData(data, false);
    const span = Math.min(limits.chartSpan, Math.max(LEAST_SPAN, now - (times[0] ?? now)));
    this.#plot.setScale("x", { min: (now - span) / 1000, max: now / 1000 });
  }

  destroy(): void {
    this.#sizes.disconnect();
    this.#sight.disconnect();
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #resize(width: number): void {
    this.#width = Math.floor(width);
    if (this.#width > 0) this.#plot?.setSize({ width: this.#width, height: HEIGHT });
  }

  #options(): uPlot.Options {
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const axis: uPlot.Axis = {
      stroke: () => colours().text,
      font,
      grid: { stroke: () => colours().grid, width: 1 },
      ticks: { show: false },
      gap: 6,
    };
    return {
      width: this.#width,
      height: HEIGHT,
      padding: [8, 4, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { time: true, auto: false }, y: { range: (_, low, high) => paddedRange(low, high) } },
      series: [
        {},
        {
          stroke: () => colours().line,
          fill: () => colours().fill,
          fillTo: (plot) => plot.scales["y"]?.min ?? 0,
          width: 2,
          points: { show: false },
          spanGaps: false,
        },
      ],
      axes: [
        { ...axis, size: 22, space: 76, grid: { show: false }, values: timeLabels },
        {
          ...axis,
          size: (_, labels) => labelRoom(labels),
          space: 28,
          values: (plot, splits) => splits.map((value) => this.#valueLabel(plot, value)),
        },
      ],
      hooks: { setCursor: [(plot) => this.#hover(plot)] },
    };
  }

  /** Without a value there is no scale either, only uPlot's stand-in for one. */
  #valueLabel(plot: uPlot, value: number): string {
    return plot.data[1]?.some((one) => typeof one === "number") === true ? this.#label(value) : "";
  }

  #hover(plot: uPlot): void {
    const index = plot.cursor.idx;
    const value = typeof index === "number" ? plot.data[1]?.[index] : undefined;
    const seconds = typeof index === "number" ? plot.data[0][index] : undefined;
    const known = typeof value === "number" && seconds !== undefined;
    this.#hovered(known ? { time: seconds * 1000, value } : undefined);
  }
}

/** Width for the longest label, in px at the chart's font; no less than usual ones need, so that charts line up. */
function labelRoom(labels: readonly string[] | null): number {
  const longest = Math.max(0, ...(labels ?? []).map((label) => label.length));
  return Math.min(120, Math.max(46, longest * 6.6 + 10));
}

/** Room above and below the line; a flat line gets some of its own, so that noise does not look like a storm. */
export function paddedRange(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const least = Math.max(Math.abs(high) * 0.01, 1e-6);
  const pad = Math.max((high - low) * 0.12, least);
  return [low - pad, high + pad];
}

/** Hours and minutes; with seconds where two labels lie within a minute. None where the edge would cut it. */
function timeLabels(plot: uPlot, splits: readonly number[]): string[] {
  const [first = 0, second = first] = splits;
  const length = second - first < 60 ? 8 : 5;
  const edge = plot.over.clientWidth - 3.2 * length;
  return splits.map((seconds) => {
    if (plot.valToPos(seconds, "x") > edge) return "";
    return momentWords(seconds * 1000, seconds * 1000).slice(0, length);
  });
}
