/** URI patterns as the specification's own examples have them, read from beside the project. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { isUri, type Match, matches } from "../../packages/wamp/index.ts";
import { shared } from "../support/shared.ts";

interface Examples {
  readonly pattern: string;
  readonly match: readonly string[];
  readonly no_match: readonly string[];
}
interface Vectors {
  readonly prefix: readonly Examples[];
  readonly wildcard: readonly Examples[];
  readonly registration_priority: {
    readonly registrations: readonly { readonly id: number; readonly uri: string; readonly match: Match }[];
    readonly calls: readonly { readonly uri: string; readonly winner?: number | null }[];
  };
}

const path = shared("wamp-vectors/derived/uri-match-kat.json");

describe(
  "URI patterns of the specification",
  { skip: path ? false : "no wamp-vectors; PINION_SHARED says where" },
  () => {
    if (!path) return;
    const vectors = JSON.parse(readFileSync(path, "utf8")) as Vectors; // our own file, in this shape

    for (const policy of ["prefix", "wildcard"] as const) {
      for (const { pattern, match, no_match } of vectors[policy]) {
        test(`${policy} "${pattern}" covers what the specification says and nothing else`, () => {
          assert.ok(isUri(pattern, policy), "a legal pattern");
          for (const uri of match) assert.equal(matches(pattern, policy, uri), true, uri);
          for (const uri of no_match) assert.equal(matches(pattern, policy, uri), false, uri);
        });
      }
    }

    /* The call without `winner` is the example that contradicts the chapter's own rule of plain string prefixes. */
    for (const { uri, winner } of vectors.registration_priority.calls.filter((call) => call.winner !== undefined)) {
      test(`a call of ${uri} is covered by registration ${String(winner)}`, () => {
        const covering = vectors.registration_priority.registrations.filter((each) =>
          matches(each.uri, each.match, uri),
        );
        if (winner === null) assert.deepEqual(covering, []);
        else assert.ok(covering.some(({ id }) => id === winner));
      });
    }
  },
);
