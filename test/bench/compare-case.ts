/** Whether a case stands as it stood: by ratios to what was measured beside it, never by figures. */
import type { Metric } from "./cases.ts";
import { isBetterWhenLess, type CaseResult, type GoalResult } from "./router-result.ts";
import { figure } from "./router-table.ts";

/** How much of its committed lead a ratio may lose. Tails of latency waver most from run to run. */
const TOLERANCE: Readonly<Record<Metric, number>> = {
  perSecond: 0.3,
  p50: 0.4,
  p99: 0.65,
  p999: 0.8,
  micros: 0.4,
  kilobytes: 0.4,
};

/** How far ahead we are, whichever way the metric is better. */
const lead = ({ metric, ratio }: GoalResult): number => (isBetterWhenLess(metric) ? 1 / ratio : ratio);

export interface Finding {
  readonly caseName: string;
  readonly words: string;
  readonly fault: boolean;
}

/** Nothing of ours was lost, and each ratio of the committed case keeps most of its lead. */
export function compareCase(committed: CaseResult, now: CaseResult): Finding[] {
  const caseName = now.name;
  const lost = now.entrants
    .filter((one) => one.name.startsWith("pinion") && one.lost > 0)
    .map((one): Finding => ({ caseName, words: `${one.name} lost ${String(one.lost)} messages`, fault: true }));
  const ratios = committed.goals
    .filter(({ theirs }) => theirs !== undefined)
    .map((before): Finding => {
      const same = now.goals.find(
        ({ ours, theirs, metric }) => ours === before.ours && theirs === before.theirs && metric === before.metric,
      );
      const what = `${before.ours} beside ${before.theirs ?? ""}, ${before.metric}`;
      if (same === undefined) return { caseName, words: `${what}: was not measured`, fault: true };
      const kept = lead(same) / lead(before);
      const fault = !(kept >= 1 - TOLERANCE[before.metric]);
      const words = `${what}: ${figure(same.ratio)} x, committed ${figure(before.ratio)} x, keeps ${figure(kept * 100)} % (at least ${figure((1 - TOLERANCE[before.metric]) * 100)} %)`;
      return { caseName, words, fault };
    });
  return [...lost, ...ratios];
}
