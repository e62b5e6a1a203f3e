/** Where the committed results lie, and the README's section that is made from them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Metric } from "./cases.ts";
import { chart } from "./chart.ts";
import type { CaseResult, EntrantResult, RouterResult } from "./router-result.ts";
import { caseTable, goalTable } from "./router-table.ts";
import { short } from "./short-figure.ts";

export const RESULTS = join(import.meta.dirname, "results");
export const COMMITTED = join(RESULTS, "router.json");
const README = join(import.meta.dirname, "../../README.md");
const BEGIN = "<!-- performance: made by `npm run bench:router -- --save` -->";
const END = "<!-- performance: end -->";

interface Row {
  readonly name: string;
  readonly label: string;
  readonly metric: Metric;
}

const ROWS: readonly Row[] = [
  { name: "1-1-json", label: "events/s, 1 to 1, 100 B", metric: "perSecond" },
  { name: "1-10-json", label: "events/s, 1 to 10, 100 B", metric: "perSecond" },
  { name: "1-10-msgpack", label: "the same, MessagePack", metric: "perSecond" },
  { name: "1-100-json", label: "events/s, 1 to 100, 100 B", metric: "perSecond" },
  { name: "1-10-2KB", label: "events/s, 1 to 10, 2 KB", metric: "perSecond" },
  { name: "1-10-64KB", label: "events/s, 1 to 10, 64 KB", metric: "perSecond" },
  { name: "ws-1-10-json", label: "events/s, 1 to 10, 100 B, WebSocket", metric: "perSecond" },
  { name: "relay-1-10", label: "events/s, 1 to 10, 100 B, through our relay", metric: "perSecond" },
  { name: "ack-64", label: "acknowledged publications/s, 64 in flight", metric: "perSecond" },
  { name: "rpc-64", label: "calls/s, 64 in flight", metric: "perSecond" },
  { name: "rpc-1", label: "one call at a time, median, us", metric: "p50" },
  { name: "rpc-1", label: "one call at a time, 99 of 100 within, us", metric: "p99" },
  { name: "latency-10000", label: "10,000 events/s, 99 of 100 within, us", metric: "p99" },
  { name: "idle-5000", label: "memory of an idle session, KiB, of 5,000", metric: "kilobytes" },
  { name: "opening", label: "sessions opened/s", metric: "perSecond" },
];
const OTHERS = ["mosquitto", "aedes", "fox-wamp", "wamp.rt", "bare"] as const;

/** JSON, tables, chart and README section. Only for a whole run: a committed result that lacks cases compares nothing. */
export function publish(result: RouterResult): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(COMMITTED, `${JSON.stringify(result, null, 2)}\n`);
  const text = `${result.cases.map(caseTable).join("\n")}\n\n${goalTable(result.cases)}\n`;
  writeFileSync(join(RESULTS, "router.txt"), text.trimStart());
  writeFileSync(join(RESULTS, "router.svg"), chart(result));
  const readme = readFileSync(README, "utf8");
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  if (from === -1 || to < from) throw new Error(`README.md has lost its lines '${BEGIN}' and '${END}'`);
  writeFileSync(README, readme.slice(0, from) + section(result) + readme.slice(to));
}

function section({ cases, machine, settings }: RouterResult): string {
  const rows = ROWS.flatMap((row) => {
    const one = cases.find(({ name }) => name === row.name);
    return one === undefined ? [] : [tableRow(row, one)];
  });
  return `${BEGIN}
![Pinion's router beside mosquitto, aedes, fox-wamp and wamp.rt](test/bench/results/router.svg)

| | Pinion | ${OTHERS.map((name) => (name === "bare" ? "bare copy" : name)).join(" | ")} |
|---|---|---|---|---|---|---|
${rows.join("\n")}

One process each on ${String(machine.cores)} cores (${machine.cpu}, Node ${machine.node.slice(1)}), shared with the load, medians of ${String(settings.repeat)}. JSON over raw socket
unless said; mosquitto and aedes speak MQTT (QoS 0; QoS 1 where acknowledged, mosquitto with unbounded queues), fox-wamp and
wamp.rt WebSocket only. The publisher waits for the slowest subscriber, so that nobody drops; every event is counted. The bare
copy is a Node program that moves octets and looks at none of them. Figures are this machine's, ratios travel better:
\`npm run bench:router\` (15 minutes; \`-- --quick\`: 2) measures them on yours, \`npm run bench:check\` compares with
[these](test/bench/results/router.txt). The board side, beside bare scripts on autobahn and MQTT.js: \`npm run bench:device\`,
[last result](test/bench/results/device.txt). How it is measured: [test/bench](test/bench/README.md).
`;
}

function tableRow({ label, metric }: Row, { entrants }: CaseResult): string {
  const cell = (entrant: EntrantResult | undefined): string => {
    const value = entrant?.[metric];
    if (entrant === undefined || value === undefined) return "";
    return entrant.lost > 0 ? `${short(value)}, ${short(entrant.lost)} lost` : short(value);
  };
  const others = OTHERS.map((name) => cell(entrants.find((one) => one.name === name)));
  return `| ${label} | **${cell(entrants[0])}** | ${others.join(" | ")} |`;
}
