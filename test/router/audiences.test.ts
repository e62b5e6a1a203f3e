import assert from "node:assert/strict";
import { it } from "node:test";
import type { Dict } from "../../packages/wamp/index.ts";
import { events, trio } from "./scenes.ts";
import { argsOf, type Peer } from "./world.ts";

it("discloses the publisher when it asks for that", () => {
  const { a, b } = trio();
  b.subscribe("com.t");
  b.subscribe("com.", { match: "prefix" });
  a.publish("com.t", [], { disclose_me: true }).publish("com.t");
  const expected = {
    publisher: a.sessionId,
    publisher_authid: a.session.member?.identity.authid,
    publisher_authrole: "anonymous",
  };
  const details = events(b).map((event) => event.details);
  assert.deepEqual(details, [expected, { ...expected, topic: "com.t" }, {}, { topic: "com.t" }]);
});

const restricted: readonly [string, (b: Peer) => Dict, readonly string[]][] = [
  ["eligible by session", (b) => ({ eligible: [b.sessionId] }), ["b"]],
  ["excluded by session", (b) => ({ exclude: [b.sessionId] }), ["c"]],
  ["eligible and excluded: exclusion wins", (b) => ({ eligible: [b.sessionId], exclude: [b.sessionId] }), []],
  ["an empty list of the eligible: nobody", () => ({ eligible: [] }), []],
  ["an empty list of the excluded: everybody", () => ({ exclude: [] }), ["b", "c"]],
  ["eligible by authid", (b) => ({ eligible_authid: [b.session.member?.identity.authid] }), ["b"]],
  ["excluded by authid", (b) => ({ exclude_authid: [b.session.member?.identity.authid] }), ["c"]],
  ["eligible by another authrole", () => ({ eligible_authrole: ["operator"] }), []],
  ["excluded by authrole", () => ({ exclude_authrole: ["anonymous"] }), []],
  ["every list must agree", (b) => ({ eligible: [b.sessionId], eligible_authrole: ["operator"] }), []],
];
for (const [name, options, expected] of restricted) {
  it(`delivers to chosen subscribers only: ${name}`, () => {
    const { a, b, c } = trio();
    for (const peer of [a, b, c]) peer.subscribe("com.t");
    a.publish("com.t", [], options(b));
    const got = [a, b, c].filter((peer) => events(peer).length === 1);
    assert.deepEqual(
      got.map((peer) => peer.name),
      expected,
    );
  });
}

it("does not let a list of the eligible override the exclusion of the publisher", () => {
  const { a, b } = trio();
  a.subscribe("com.t");
  b.subscribe("com.t");
  a.publish("com.t", [1], { eligible: [a.sessionId] });
  assert.deepEqual(a.take(), []);
  a.publish("com.t", [2], { eligible: [a.sessionId], exclude_me: false });
  assert.deepEqual(events(a).map(argsOf), [[2]]);
  assert.deepEqual(b.take(), []);
});

it("takes an option of a wrong type for a protocol violation and null for absent", () => {
  for (const options of [{ acknowledge: 1 }, { exclude_me: "no" }, { eligible: [null] }, { exclude: 3 }]) {
    const { a } = trio();
    a.publish("com.t", [], options);
    assert.equal(a.takeOne("ABORT").reason, "wamp.error.protocol_violation", JSON.stringify(options));
  }
  const { a, b } = trio();
  b.subscribe("com.t", { match: null, get_retained: null });
  a.publish("com.t", [], { acknowledge: null, exclude_me: null, eligible: null, exclude_authid: null });
  assert.equal(events(b).length, 1);
});

it("aborts a publication in payload passthru mode, which it does not announce", () => {
  const { a } = trio();
  a.publish("com.t", [], { ppt_scheme: "x_own" });
  assert.equal(a.takeOne("ABORT").reason, "wamp.error.protocol_violation");
});

it("ignores options that it does not know", () => {
  const { a, b } = trio();
  b.subscribe("com.t", { x_own: 1 });
  a.publish("com.t", [], { x_own: { deep: [] } });
  assert.equal(events(b).length, 1);
});
