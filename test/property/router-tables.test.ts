import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
import { isUri, matches, type Match } from "../../packages/wamp/index.ts";
import { Deadlines, type Deadline } from "../../router-bridge/router/deadlines.ts";
import { PatternIndex } from "../../router-bridge/router/pattern-index.ts";

const match = fc.constantFrom<Match>("exact", "prefix", "wildcard");
const component = fc.constantFrom("a", "b", "ab", "abc", "b1");
const uris = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));
const pattern = fc
  .tuple(match, fc.array(fc.oneof(component, fc.constant("")), { minLength: 1, maxLength: 4 }))
  .map(([policy, parts]) => ({ policy, text: parts.join(".") }))
  .filter(({ policy, text }) => isUri(text, policy));

it("a pattern index finds exactly the entries that match, through any additions and removals", () => {
  const step = fc.record({ add: fc.boolean(), pattern });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60, size: "max" }),
      fc.array(uris, { minLength: 1, maxLength: 8 }),
      (steps, probes) => {
        const index = new PatternIndex<string>();
        const model = new Map<string, { policy: Match; text: string }>();
        for (const { add, pattern: entry } of steps) {
          const key = `${entry.policy} ${entry.text}`;
          if (add) {
            index.set(entry.policy, entry.text, key);
            model.set(key, entry);
          } else {
            index.delete(entry.policy, entry.text);
            model.delete(key);
          }
          // what was found before each change must not be found after it
          for (const probe of probes) {
            const expected = [...model]
              .filter(([, { policy, text }]) => matches(text, policy, probe))
              .map(([found]) => found);
            assert.deepEqual(index.matching(probe).toSorted(), expected.toSorted());
          }
        }
        assert.equal(index.size, model.size);
        assert.ok(index.nodes <= mostNodes([...model.values()]), "what was taken out leaves no nodes behind");
        for (const probe of probes) assert.equal(index.best(probe), bestOf([...model], probe));
      },
    ),
    { numRuns: 400 },
  );
});

function mostNodes(entries: readonly { policy: Match; text: string }[]): number {
  const roots = 2;
  return entries.reduce((most, { policy, text }) => {
    if (policy === "exact") return most;
    return most + (policy === "prefix" ? 2 : text.split(".").length);
  }, roots);
}

/** The spec's order, written down naively: runs of components between wildcards, compared one after the other. */
function bestOf(entries: readonly [string, { policy: Match; text: string }][], uri: string): string | undefined {
  const matching = entries.filter(([, { policy, text }]) => matches(text, policy, uri));
  const exact = matching.find(([, { policy }]) => policy === "exact");
  const prefixes = matching.filter(([, { policy }]) => policy === "prefix");
  const wildcards = matching.filter(([, { policy }]) => policy === "wildcard");
  const longest = prefixes.toSorted(([, a], [, b]) => b.text.length - a.text.length)[0];
  const best = wildcards.toSorted(([, a], [, b]) => compareRuns(runs(b.text), runs(a.text)))[0];
  return (exact ?? longest ?? best)?.[0];
}

function runs(text: string): number[] {
  const lengths = [0];
  for (const part of text.split(".")) {
    if (part === "") lengths.push(0);
    else lengths[lengths.length - 1] = (lengths.at(-1) ?? 0) + 1;
  }
  return lengths;
}

function compareRuns(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((length, i) => length !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

it("deadlines come out in order of time, then of addition, and never after they were removed", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), at: fc.nat(20) }),
    fc.record({ kind: fc.constant("remove" as const), which: fc.nat(30) }),
    fc.record({ kind: fc.constant("take" as const), now: fc.nat(25) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      const deadlines = new Deadlines<number>();
      const handles: Deadline<number>[] = [];
      let model: { at: number; subject: number }[] = [];
      for (const action of steps) {
        if (action.kind === "add") {
          const subject = handles.length;
          handles.push(deadlines.add(action.at, subject));
          model.push({ at: action.at, subject });
        } else if (action.kind === "remove") {
          const handle = handles[action.which];
          if (handle) deadlines.remove(handle);
          model = model.filter(({ subject }) => subject !== handle?.subject);
        } else {
          const first = model.toSorted((a, b) => a.at - b.at || a.subject - b.subject)[0];
          const expected = first !== undefined && first.at <= action.now ? first.subject : undefined;
          assert.equal(deadlines.takeDue(action.now)?.subject, expected);
          model = model.filter(({ subject }) => subject !== expected);
        }
        assert.equal(deadlines.size, model.length);
        assert.equal(deadlines.next(), model.length === 0 ? undefined : Math.min(...model.map(({ at }) => at)));
      }
    }),
    { numRuns: 400 },
  );
});
