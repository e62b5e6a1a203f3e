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
  /** The same of each turn. */
  readonly turns: readonly Figures[];
}

type Figures = Readonly<Partial<Record<Metric, number>>>;

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
  const middle = (values: readonly number[]): number => round(median(values));
  const timed = runs.some(({ latency }) => latency !== undefined);
  const turns = runs.map((run) => figures(run, sessions));
  const of = (metric: Metric): number => middle(turns.map((turn) => turn[metric] ?? Number.NaN));
  return {
    name,
    perSecond: of("perSecond"),
    ...(timed ? { p50: of("p50"), p99: of("p99"), p999: of("p999") } : {}),
    micros: of("micros"),
    loadMicros: middle(runs.map(({ cpu, count }) => (cpu.load / count) * 1e6)),
    loadCores: middle(runs.map(({ cpu, seconds }) => cpu.load / seconds)),
    kilobytes: of("kilobytes"),
    lost: runs.reduce((sum, { lost }) => sum + lost, 0),
    turns,
  };
}

function figures({ perSecond, latency, cpu, count, rss }: Measured, sessions: number): Figures {
  const times = latency && { p50: round(latency.p50), p99: round(latency.p99), p999: round(latency.p999) };
  return {
    perSecond: round(perSecond),
    ...times,
    micros: round((cpu.tested / count) * 1e6),
    kilobytes: round((rss.after - rss.before) / 1024 / sessions),
  };
}

/**
 * One entrant beside another: the median of the ratios of their turns. Entrants take turns, so a machine that is slower for a
 * while is so for both of a turn; in medians of figures one entrant's fast turn would stand beside another one's slow turn.
 */
export function ratioOf(ours: EntrantResult, theirs: EntrantResult, metric: Metric): number | undefined {
  const ratios = ours.turns.flatMap((turn, at) => {
    const [mine, other] = [turn[metric], theirs.turns[at]?.[metric]];
    return mine === undefined || other === undefined ? [] : [mine / other];
  });
  return ratios.length === 0 ? undefined : round(median(ratios));
}

export const isBetterWhenLess = (metric: Metric): boolean => metric !== "perSecond";

/** The goals for which both sides were measured. */
export function goalResults(goals: readonly Goal[], entrants: readonly EntrantResult[]): GoalResult[] {
  const named = (name: string | undefined): EntrantResult | undefined => entrants.find((one) => one.name === name);
  return goals.flatMap((goal) => {
    const [ours, theirs] = [named(goal.ours), named(goal.theirs)];
    if (ours === undefined || (goal.theirs !== undefined && theirs === undefined)) return [];
    const ratio = theirs === undefined ? ours[goal.metric] : ratioOf(ours, theirs, goal.metric);
    if (ratio === undefined) return [];
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
