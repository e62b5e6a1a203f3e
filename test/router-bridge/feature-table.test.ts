/** The README's table of features against a running router: it may claim neither more nor less. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { liveFacts } from "../feature-table/live-facts.ts";
import { readReadme, tableFrom, tableIn } from "../feature-table/readme.ts";

test("the README's table of features is what the router announces and does", async () => {
  const facts = await liveFacts();
  assert.equal(tableIn(readReadme()), tableFrom(facts), "write it anew with `node test/feature-table/readme.ts`");
});

test("the table follows the facts: what is not announced is no, what is unknown to it gets a row", async () => {
  const facts = await liveFacts();
  const dealer = new Set(["call_timeout", "call_of_duty"]);
  const less = tableFrom({
    ...facts,
    router: { ...facts.router, dealer },
    methods: new Set(["ticket"]),
    served: new Set(),
  });
  assert.match(less, /\| Call timeout \| `call_timeout` \| yes \|/);
  assert.match(less, /\| Call canceling \| `call_canceling` \| no \|/);
  assert.match(less, /\| call_of_duty \| `call_of_duty` \| yes \|/);
  assert.match(less, /\| Cryptosign \| `cryptosign` \| no \|/);
  assert.doesNotMatch(less, /wamp\.session\.get`.*\| yes \|/);
});
