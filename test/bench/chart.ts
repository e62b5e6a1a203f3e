/**
 * The result of `bench:router` as a drawing: a row of bars for each of a few cases, each case to a scale of its own. Plain SVG;
 * its greys stand out from white and from black, and follow the reader's palette where the program that shows it tells.
 */
import type { Metric } from "./cases.ts";
import type { CaseResult, RouterResult } from "./router-result.ts";
import { short } from "./short-figure.ts";

const DRAWN: readonly { readonly name: string; readonly title: string; readonly metric: Metric }[] = [
  {
    name: "1-10-json",
    title: "events delivered per second, one publisher, 10 subscribers, 100 B",
    metric: "perSecond",
  },
  { name: "1-10-2KB", title: "the same with 2 KB", metric: "perSecond" },
  { name: "ack-64", title: "acknowledged publications per second, 64 in flight (MQTT: QoS 1)", metric: "perSecond" },
  { name: "rpc-64", title: "calls per second, 64 in flight", metric: "perSecond" },
];
/** The bare programs are a limit, not a choice: what moves octets only would flatten all other bars. */
const LEFT_OUT = new Set(["bare"]);

const WIDTH = 760;
const LABEL = 110;
const BAR = 16;
const STEP = 22;
const ROOM_FOR_FIGURE = 70;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #6b7280 }
  .title { font-weight: 600 }
  .ours { fill: #0f8a6d } .other { fill: #9aa3af }
  @media (prefers-color-scheme: dark) { text { fill: #c2c8d0 } .ours { fill: #2fbf9b } .other { fill: #7c8794 } }
  @media (prefers-color-scheme: light) { text { fill: #374151 } }
`;

export function chart({ cases }: RouterResult): string {
  let y = 8;
  const parts: string[] = [];
  for (const { name, title, metric } of DRAWN) {
    const one = cases.find((result) => result.name === name);
    if (one === undefined) continue;
    const { svg, height } = drawCase(one, { title, metric, y });
    parts.push(svg);
    y += height;
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${String(WIDTH)}" height="${String(y)}" viewBox="0 0 ${String(WIDTH)} ${String(y)}" role="img">\n` +
    `<title>Pinion's router beside brokers and routers that people would pick</title>\n<style>${STYLE}</style>\n${parts.join("\n")}\n</svg>\n`
  );
}

function drawCase(
  { entrants }: CaseResult,
  { title, metric, y }: { title: string; metric: Metric; y: number },
): { svg: string; height: number } {
  const shown = entrants.filter(({ name }) => !LEFT_OUT.has(name));
  const most = Math.max(...shown.map((entrant) => entrant[metric] ?? 0));
  const lines = [`<text class="title" x="0" y="${String(y + 14)}">${title}</text>`];
  shown.forEach((entrant, row) => {
    const value = entrant[metric] ?? 0;
    const top = y + 24 + row * STEP;
    const length = Math.max(1, Math.round((value / most) * (WIDTH - LABEL - ROOM_FOR_FIGURE)));
    const kind = entrant.name.startsWith("pinion") ? "ours" : "other";
    const middle = String(top + BAR - 3);
    lines.push(
      `<text x="0" y="${middle}">${entrant.name}</text>`,
      `<rect class="${kind}" x="${String(LABEL)}" y="${String(top)}" width="${String(length)}" height="${String(BAR)}" rx="2"/>`,
      `<text x="${String(LABEL + length + 6)}" y="${middle}">${short(value)}</text>`,
    );
  });
  return { svg: lines.join("\n"), height: 24 + shown.length * STEP + 16 };
}
