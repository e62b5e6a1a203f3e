import assert from "node:assert/strict";
import { test } from "node:test";
import { compareCase } from "./compare-case.ts";
import { goalResults, ratioOf, type CaseResult, type EntrantResult } from "./router-result.ts";

const entrant = (name: string, perSecond: number, p50: number, lost = 0): EntrantResult => ({
  name,
  perSecond,
  p50,
  micros: 1,
  loadMicros: 1,
  loadCores: 0.1,
  kilobytes: 1,
  lost,
  turns: [{ perSecond, p50 }],
});

function result(ours: EntrantResult, theirs: EntrantResult): CaseResult {
  const goals = [
    { ours: "pinion", theirs: "mosquitto", metric: "perSecond", factor: 4 },
    { ours: "pinion", theirs: "mosquitto", metric: "p50", factor: 1 },
  ] as const;
  const entrants = [ours, theirs];
  return { name: "case", title: "", shows: ["perSecond"], entrants, failed: {}, goals: goalResults(goals, entrants) };
}

const faults = (now: CaseResult): number => compareCase(committed, now).filter(({ fault }) => fault).length;
const committed = result(entrant("pinion", 1000, 40), entrant("mosquitto", 200, 40));

test("a slower machine that slows all alike is no fault", () => {
  assert.equal(faults(result(entrant("pinion", 100, 400), entrant("mosquitto", 20, 400))), 0);
});

test("turns in which the machine was slower for both do not decide a ratio", () => {
  const turns = (...rates: readonly number[]) => rates.map((perSecond) => ({ perSecond }));
  const ours = { ...entrant("pinion", 900, 1), turns: turns(900, 1000, 450) };
  const theirs = { ...entrant("mosquitto", 100, 1), turns: turns(225, 100, 50) };
  assert.equal(ratioOf(ours, theirs, "perSecond"), 9);
  assert.equal(ratioOf(ours, theirs, "p50"), undefined);
});

test("a third fewer events beside the same competitor is a fault", () => {
  assert.equal(faults(result(entrant("pinion", 660, 40), entrant("mosquitto", 200, 40))), 1);
});

test("twice the time beside the same competitor is a fault", () => {
  assert.equal(faults(result(entrant("pinion", 1000, 80), entrant("mosquitto", 200, 40))), 1);
});

test("a lost message, a competitor that was not measured and a figure that is none are faults", () => {
  assert.equal(faults(result(entrant("pinion", 1000, 40, 1), entrant("mosquitto", 200, 40))), 1);
  assert.equal(faults(result(entrant("pinion", 1000, 40), entrant("somebody", 200, 40))), 2);
  assert.equal(faults(result(entrant("pinion", Number.NaN, 40), entrant("mosquitto", 200, 40))), 1);
});

test("a goal is reached at its bound, for rates from above and for times from below", () => {
  const [rate, time] = result(entrant("pinion", 800, 40), entrant("mosquitto", 200, 40)).goals;
  assert.deepEqual([rate?.reached, time?.reached], [true, true]);
  const [slower, longer] = result(entrant("pinion", 799, 41), entrant("mosquitto", 200, 40)).goals;
  assert.deepEqual([slower?.reached, longer?.reached], [false, false]);
});
