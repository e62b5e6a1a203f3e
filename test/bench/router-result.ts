/** The result of `bench:router`: what is written as JSON, and read again by table, chart, README and `bench:check`. */
import { cpus } from "node:os";
import type { Case, Goal, Metric } from "./cases.ts";
import type { Measured } from "./load/job.ts";
import { median } from "./result.ts";

export interface EntrantResult {
  readonly name: string;
  readonly perSecond: number;
  /** Microseconds. */
  readonly p50?: number;
  readonly p99?: number;
  readonly p999?: number;
  /** Of the processes under test: CPU seconds per million messages. */
  readonly micros: number;
  /** The same of the load, and how much of a core it took: near 1 it is the load that bounds the figure. */
  readonly loadMicros: number;
  readonly loadCores: number;
  /** Memory that each session of the case took, in KiB, beside what the process had before. */
  readonly kilobytes: number;
  readonly lost: number;
  readonly runs: readonly number[];
}

export interface GoalResult extends Goal {
  readonly ratio: number;
  readonly reached: boolean;
}

export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly shows: readonly Metric[];
  readonly entrants: readonly EntrantResult[];
  readonly failed: Readonly<Record<string, string>>;
  readonly goals: readonly GoalResult[];
}

export interface RouterResult {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly settings: { readonly repeat: number; readonly seconds: number };
  readonly cases: readonly CaseResult[];
}

export function machine(): RouterResult["machine"] {
  return { cpu: cpus()[0]?.model.trim() ?? "unknown", cores: cpus().length, node: process.version };
}

const round = (value: number): number => Number(value.toPrecision(4));

/** The median of each figure; what was lost is summed up. */
export function entrantResult(name: string, runs: readonly Measured[], sessions: number): EntrantResult {
  const middle = (pick: (run: Measured) => number): number => round(median(runs.map(pick)));
  const timed = runs.some(({ latency }) => latency !== undefined);
  const under = (key: "p50" | "p99" | "p999"): number => middle(({ latency }) => latency?.[key] ?? Number.NaN);
  return {
    name,
    perSecond: middle(({ perSecond }) => perSecond),
    ...(timed ? { p50: under("p50"), p99: under("p99"), p999: under("p999") } : {}),
    micros: middle(({ cpu, count }) => (cpu.tested / count) * 1e6),
    loadMicros: middle(({ cpu, count }) => (cpu.load / count) * 1e6),
    loadCores: middle(({ cpu, seconds }) => cpu.load / seconds),
    kilobytes: middle(({ rss }) => (rss.after - rss.before) / 1024 / sessions),
    lost: runs.reduce((sum, { lost }) => sum + lost, 0),
    runs: runs.map(({ perSecond }) => round(perSecond)),
  };
}

export const isBetterWhenLess = (metric: Metric): boolean => metric !== "perSecond";

/** The goals for which both sides were measured. */
export function goalResults(goals: readonly Goal[], entrants: readonly EntrantResult[]): GoalResult[] {
  const figure = (name: string, metric: Metric): number | undefined =>
    entrants.find((entrant) => entrant.name === name)?.[metric];
  return goals.flatMap((goal) => {
    const ours = figure(goal.ours, goal.metric);
    const theirs = goal.theirs === undefined ? 1 : figure(goal.theirs, goal.metric);
    if (ours === undefined || theirs === undefined) return [];
    const ratio = round(ours / theirs);
    return [{ ...goal, ratio, reached: isBetterWhenLess(goal.metric) ? ratio <= goal.factor : ratio >= goal.factor }];
  });
}

export function caseResult(
  { name, title, shows, goals }: Case,
  entrants: readonly EntrantResult[],
  failed: Readonly<Record<string, string>>,
): CaseResult {
  return { name, title, shows, entrants, failed, goals: goalResults(goals, entrants) };
}
