/** The result of `bench:router` in words. */
import type { Metric } from "./cases.ts";
import { isBetterWhenLess, ratioOf, type CaseResult, type EntrantResult, type GoalResult } from "./router-result.ts";

const units: Readonly<Record<Metric, string>> = {
  perSecond: "/s",
  p50: "p50 us",
  p99: "p99 us",
  p999: "p99.9 us",
  kilobytes: "KiB each",
  micros: "us CPU each",
};

export const figure = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));

/** Our first entrant beside each of the others, in what the case shows first. */
export function caseTable({ title, name, shows, entrants, failed, goals }: CaseResult): string {
  const [first] = entrants;
  const [metric = "perSecond"] = shows;
  const columns = [...new Set<Metric>([...shows, "p50", "p99", "p999", "micros", "kilobytes"])];
  const lines = [
    `\n${title}  [${name}]`,
    `  ${"".padEnd(20)}${columns.map((key) => units[key].padStart(13)).join("")}${"load cores".padStart(12)}`,
  ];
  for (const entrant of entrants) {
    const cells = columns.map((key) => cell(entrant[key]).padStart(13)).join("");
    const lost = entrant.lost > 0 ? `  LOST ${entrant.lost.toLocaleString("en")}` : "";
    lines.push(
      `  ${entrant.name.padEnd(20)}${cells}${cell(entrant.loadCores).padStart(12)}${beside(first, entrant, metric)}${lost}`,
    );
  }
  for (const [who, fault] of Object.entries(failed)) lines.push(`  ${who.padEnd(20)}  failed: ${fault}`);
  for (const goal of goals) lines.push(`  ${goalLine(goal)}`);
  return lines.join("\n");
}

const cell = (value: number | undefined): string => (value === undefined ? "" : figure(value));

function beside(first: EntrantResult | undefined, other: EntrantResult, metric: Metric): string {
  if (first === undefined || first === other) return "";
  const ratio = ratioOf(first, other, metric);
  return ratio === undefined ? "" : `   ${first.name} = ${figure(ratio)} x`;
}

export function goalLine({ ours, theirs, metric, factor, ratio, reached }: GoalResult): string {
  const bound = isBetterWhenLess(metric) ? "at most" : "at least";
  const what = metric === "perSecond" ? "" : ` in ${units[metric]}`;
  const beside = theirs === undefined ? "" : ` x ${theirs}`;
  return `${reached ? "reached" : "MISSED "}  ${ours}: ${figure(ratio)}${beside}${what} (wanted: ${bound} ${figure(factor)})`;
}

/** All goals, for the end of the run. */
export function goalTable(cases: readonly CaseResult[]): string {
  return cases.flatMap(({ title, goals }) => goals.map((goal) => `${title.padEnd(64)} ${goalLine(goal)}`)).join("\n");
}
