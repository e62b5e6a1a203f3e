import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connector, Transport } from "@pinion/wamp";
import { failOver } from "../../packages/client/fail-over.ts";

const transport = {} as Transport; // nobody looks into it

function addresses(count: number): { up: boolean[]; tried: number[]; connectors: Connector[] } {
  const up = Array.from({ length: count }, () => true);
  const tried: number[] = [];
  const connectors = up.map((_, index): Connector => {
    return async () => {
      tried.push(index);
      if (up[index] !== true) throw new Error(`address ${String(index)} is down`);
      return Promise.resolve(transport);
    };
  });
  return { up, tried, connectors };
}

const { signal } = new AbortController();

test("the next address is taken in the same try, and kept while it is good", async () => {
  const { up, tried, connectors } = addresses(3);
  let now = 0;
  const connect = failOver(connectors, () => now);
  up[0] = false;
  await connect(signal);
  assert.deepEqual(tried.splice(0), [0, 1]);
  now += 60_000;
  await connect(signal);
  assert.deepEqual(tried.splice(0), [1]);
});

test("an address that takes connections and ends them soon is passed over", async () => {
  const { tried, connectors } = addresses(2);
  let now = 0;
  const connect = failOver(connectors, () => now);
  await connect(signal);
  now += 10_000;
  await connect(signal);
  assert.deepEqual(tried, [0, 1]);
});

test("when none can be had the last error tells, and the next try begins anew", async () => {
  const { up, tried, connectors } = addresses(2);
  const connect = failOver(connectors, () => 0);
  up.fill(false);
  await assert.rejects(connect(signal), /address 1 is down/);
  up[0] = true;
  await connect(signal);
  assert.deepEqual(tried, [0, 1, 0]);
});

test("a signal ends the whole round", async () => {
  const { up, tried, connectors } = addresses(2);
  up.fill(false);
  await assert.rejects(failOver(connectors, () => 0)(AbortSignal.abort()));
  assert.deepEqual(tried, [0]);
});
