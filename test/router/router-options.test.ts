import assert from "node:assert/strict";
import { it } from "node:test";
import { argsOf, World } from "./world.ts";

it("refuses a limit that is no whole number of at least 1, naming it", () => {
  for (const value of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => new World({ limits: { uriLength: value } }), /uriLength/);
  }
});

it("refuses a realm that is no URI", () => {
  assert.throws(() => new World({ realms: ["my realm"] }), RangeError);
});

it("refuses to start without a realm", () => {
  assert.throws(() => new World({ realms: [] }), /realm/);
});

it("counts what it does", () => {
  const world = new World();
  const a = world.join("a");
  const b = world.join("b");
  b.subscribe("com.t");
  b.register("com.p");
  a.publish("com.t").call("com.p");
  b.yield(1);
  a.call("com.q");
  const before = a.take().length;
  assert.equal(before, 2);
  b.vanish();
  const { opened, joined, left, publications, eventsDelivered, calls, results, callErrors } = world.router.statistics;
  assert.deepEqual(
    { opened, joined, left, publications, eventsDelivered, calls, results, callErrors },
    { opened: 2, joined: 2, left: 1, publications: 1, eventsDelivered: 1, calls: 2, results: 1, callErrors: 1 },
  );
});

it("gives the ERROR of a refusal one argument in words", () => {
  const peer = new World().join("a");
  peer.call("com.q");
  assert.equal(typeof argsOf(peer.takeError("wamp.error.no_such_procedure", 48))[0], "string");
});
