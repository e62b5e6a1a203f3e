import { it } from "node:test";
import * as fc from "fast-check";
import { isUri, type Match } from "../../packages/wamp/index.ts";
import { RouterComparison, type Step } from "./router-comparison.ts";
import type { Pattern, Policy } from "./router-model.ts";

const NAMES = ["a", "b", "c", "d"] as const;

const uris = fc.constantFrom("x", "x.y", "x.z", "x.y.z", "xx");
const patterns = fc
  .record({
    match: fc.constantFrom<Match>("exact", "exact", "prefix", "wildcard"),
    text: fc.constantFrom("x", "x.y", "x.z", "x.y.z", "xx", "x.", "", ".", "x..z", ".y", "x.y."),
  })
  .filter(({ match, text }) => isUri(text, match));

const metaTopics = fc.constantFrom<Pattern>(
  { match: "exact", text: "wamp.session.on_join" },
  { match: "exact", text: "wamp.session.on_leave" },
  { match: "prefix", text: "wamp.session." },
  { match: "wildcard", text: "wamp..on_leave" },
  { match: "exact", text: "wamp.subscription.on_create" },
  { match: "prefix", text: "wamp.subscription.on_un" },
  { match: "wildcard", text: "wamp..on_delete" },
  { match: "prefix", text: "wamp.registration." },
);

const errors = fc.constantFrom(undefined, undefined, "com.own.error", "wamp.error.unavailable");

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("leave"), how: fc.constantFrom("vanish", "goodbye", "abort", "forge") }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("subscribe"), pattern: patterns }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("register"),
      pattern: patterns,
      policy: fc.constantFrom<Policy>("single", "first", "last", "roundrobin", "roundrobin"),
      concurrency: fc.constantFrom(0, 0, 1, 2),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("unsubscribe", "unregister"), pattern: patterns }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("subscribe", "unsubscribe"), pattern: metaTopics }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("census") }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("publish"),
      uri: uris,
      excludeMe: fc.boolean(),
      acknowledge: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("call"), uri: uris, timeout: fc.constantFrom(0, 0, 5, 20) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("answer"), which: fc.nat(8), error: errors }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("cancel"),
      which: fc.nat(8),
      mode: fc.constantFrom("skip", "kill", "killnowait"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait"), milliseconds: fc.nat(12) }) },
);

it("a router does what the naive model says, for any sequence of joins, requests, answers, departures and time", () => {
  const sequences = fc.array(fc.tuple(fc.constantFrom(...NAMES), steps), { minLength: 1, maxLength: 120, size: "max" });
  fc.assert(
    fc.property(sequences, (sequence) => {
      const comparison = new RouterComparison();
      for (const [name, step] of sequence) comparison.step(name, step);
      comparison.finish();
    }),
    { numRuns: 500 },
  );
});

/** What the mixture above does seldom: several callees of one procedure that are busy, unavailable, and come and go. */
const sharedSteps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "leave", how: "vanish" }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("register"),
      pattern: fc.constant<Pattern>({ match: "exact", text: "x" }),
      policy: fc.constantFrom<Policy>("first", "last", "roundrobin", "roundrobin"),
      concurrency: fc.constantFrom(0, 1, 1, 2),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "unregister", pattern: { match: "exact", text: "x" } }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("call"), uri: fc.constant("x"), timeout: fc.constantFrom(0, 0, 20) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("answer"),
      which: fc.nat(1),
      error: fc.constantFrom(undefined, "wamp.error.unavailable", "wamp.error.unavailable"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("cancel"),
      which: fc.nat(2),
      mode: fc.constantFrom("skip", "kill", "killnowait"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait"), milliseconds: fc.nat(12) }) },
);

it("a router shares calls out as the naive model does, whoever is busy or unavailable", () => {
  const sequences = fc.array(fc.tuple(fc.constantFrom(...NAMES), sharedSteps), {
    minLength: 20,
    maxLength: 100,
    size: "max",
  });
  fc.assert(
    fc.property(sequences, (sequence) => {
      const comparison = new RouterComparison();
      for (const [name, step] of sequence) comparison.step(name, step);
      comparison.finish();
    }),
    { numRuns: 300 },
  );
});
