/** What one session may ask for without end, and what it gets; everybody else goes on, and memory does not follow. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Message } from "../../packages/wamp/index.ts";
import { noPayload } from "../../packages/wamp/index.ts";
import { argsOf, id, uri, World, type Peer } from "./world.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void; // exposed by the line above

const MILLION = 1_000_000;
const MiB = 1024 * 1024;

function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** Sends them all; gives how many were granted and refused. The bystander hears of each ten-thousandth publication. */
function flood(world: World, peer: Peer, make: (request: number) => Message): { granted: number; refused: number } {
  const friend = world.join("friend");
  friend.subscribe("friend.topic");
  const counts = { granted: 0, refused: 0 };
  for (let request = 1; request <= MILLION; request++) {
    peer.send(make(request));
    for (const message of peer.take()) {
      if (message.type !== "ERROR") counts.granted += 1;
      else if (message.error === "pinion.error.limit_exceeded") counts.refused += 1;
    }
    if (request % 10_000 !== 0) continue;
    friend.publish("friend.topic", [request], { exclude_me: false });
    assert.deepEqual(argsOf(friend.takeOne("EVENT")), [request]);
  }
  friend.vanish();
  return counts;
}

const floods: readonly (readonly [what: string, limit: number, make: (request: number) => Message])[] = [
  [
    "subscriptions",
    10_000,
    (request) => ({ type: "SUBSCRIBE", request: id(request), options: {}, topic: uri(`hostile.t${request}`) }),
  ],
  [
    "prefix subscriptions",
    10_000,
    (request) => ({
      type: "SUBSCRIBE",
      request: id(request),
      options: { match: "prefix" },
      topic: uri(`hostile.${request}.`),
    }),
  ],
  [
    "wildcard registrations",
    10_000,
    (request) => ({
      type: "REGISTER",
      request: id(request),
      options: { match: "wildcard" },
      procedure: uri(`hostile..${request}`),
    }),
  ],
];

for (const [what, limit, make] of floods) {
  it(`a million ${what} of one session: the limit is granted, the rest refused, nobody else disturbed`, () => {
    const world = new World();
    const peer = world.join("hostile");
    const before = heap();
    assert.deepEqual(flood(world, peer, make), { granted: limit, refused: MILLION - limit });
    assert.ok(heap() - before < 32 * MiB, "bounded memory");
    peer.vanish();
    world.assertEmpty();
    assert.ok(heap() - before < 4 * MiB, "what it held is given back");
  });
}

it("a million calls that nobody answers: the limit waits, the rest is refused, and all end with the caller", () => {
  const world = new World();
  const callee = world.join("callee");
  callee.register("callee.silent");
  const peer = world.join("hostile");
  const procedure = uri("callee.silent");
  const before = heap();
  const counts = flood(world, peer, (request) => {
    callee.inbox.length = 0;
    return { type: "CALL", request: id(request), options: {}, procedure, payload: noPayload };
  });
  assert.deepEqual(counts, { granted: 0, refused: MILLION - 1_000 });
  assert.equal(world.router.size().pendingCalls, 1_000);
  assert.ok(heap() - before < 8 * MiB, "bounded memory");
  peer.vanish();
  assert.equal(world.router.size().pendingCalls, 0);
  callee.vanish();
  world.assertEmpty();
});

it("a million subscriptions to one and the same topic are one", () => {
  const world = new World();
  const peer = world.join("hostile");
  const topic = uri("hostile.topic");
  const make = (request: number): Message => ({ type: "SUBSCRIBE", request: id(request), options: {}, topic });
  assert.deepEqual(flood(world, peer, make), { granted: MILLION, refused: 0 });
  assert.equal(world.router.size().subscriptions, 1);
  peer.vanish();
  world.assertEmpty();
});
