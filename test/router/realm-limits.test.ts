import assert from "node:assert/strict";
import { it } from "node:test";
import { ask } from "./asking.ts";
import { register } from "./scenes.ts";
import { World, type Peer } from "./world.ts";
import { id, uri } from "./world.ts";

const LIMIT = "pinion.error.limit_exceeded";

function trySubscribe(peer: Peer, topic: string): string {
  peer.send({ type: "SUBSCRIBE", request: peer.nextRequest(), options: {}, topic: uri(topic) });
  const [reply] = peer.take();
  return reply?.type === "ERROR" ? reply.error : (reply?.type ?? "nothing");
}

function tryRegister(peer: Peer, procedure: string, options = {}): string {
  const [reply] = register(peer, procedure, options).take();
  return reply?.type === "ERROR" ? reply.error : (reply?.type ?? "nothing");
}

it("a realm holds so many subscribers of all topics together; each that ends, however, makes room", () => {
  const world = new World({ limits: { subscriptionsPerRealm: 3 } });
  const [a, b, c] = [world.join("a"), world.join("b"), world.join("c")];
  const subscription = a.subscribe("x.a");
  b.subscribe("x.a");
  const other = b.subscribe("x.b");
  assert.equal(trySubscribe(c, "x.a"), LIMIT, "also to a topic that is there");
  assert.equal(trySubscribe(b, "x.a"), "SUBSCRIBED", "what one has already is no more");
  a.unsubscribe(subscription).take();
  assert.equal(trySubscribe(c, "x.a"), "SUBSCRIBED");
  assert.equal(trySubscribe(c, "x.c"), LIMIT);
  ask(a, "wamp.subscription.remove_subscriber", [other, b.sessionId]);
  assert.equal(trySubscribe(c, "x.c"), "SUBSCRIBED");
  assert.equal(trySubscribe(a, "x.d"), LIMIT);
  c.vanish();
  assert.equal(trySubscribe(a, "x.d"), "SUBSCRIBED");
  assert.equal(trySubscribe(a, "x.e"), "SUBSCRIBED");
  assert.equal(trySubscribe(a, "x.f"), LIMIT);
});

it("a realm holds so many callees of all procedures together; each that ends, however, makes room", () => {
  const world = new World({ limits: { registrationsPerRealm: 2 } });
  const [a, b] = [world.join("a"), world.join("b")];
  const shared = { invoke: "roundrobin" };
  const registration = a.register("p.a", shared);
  assert.equal(tryRegister(b, "p.a", shared), "REGISTERED");
  assert.equal(tryRegister(b, "p.b"), LIMIT);
  a.send({ type: "UNREGISTER", request: a.nextRequest(), registration: id(registration) }).take();
  assert.equal(tryRegister(b, "p.b"), "REGISTERED");
  assert.equal(tryRegister(a, "p.c"), LIMIT);
  b.vanish();
  assert.equal(tryRegister(a, "p.c"), "REGISTERED");
  assert.equal(tryRegister(a, "p.d"), "REGISTERED");
  assert.equal(tryRegister(a, "p.e"), LIMIT);
});

it("who takes its procedure back by force needs no room of its own", () => {
  const identity = { authid: "board", authrole: "anonymous", authmethod: "anonymous", authprovider: "test" };
  const world = new World({
    authenticator: () => ({ kind: "welcome", identity }),
    limits: { registrationsPerRealm: 1 },
  });
  world.join("ghost").register("p.a");
  const board = world.join("board");
  assert.equal(tryRegister(board, "p.b", { force_reregister: true }), LIMIT);
  assert.equal(tryRegister(board, "p.a", { force_reregister: true }), "REGISTERED");
});

it("another realm has its own", () => {
  const world = new World({ realms: ["one", "two"], limits: { subscriptionsPerRealm: 1 } });
  const [a, b] = [world.join("a", undefined, "one"), world.join("b", undefined, "two")];
  a.subscribe("x.a");
  b.subscribe("x.a");
  assert.equal(trySubscribe(b, "x.b"), LIMIT);
});
