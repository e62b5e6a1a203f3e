import assert from "node:assert/strict";
import { it } from "node:test";
import { ProtocolViolation, type Message } from "../../packages/wamp/index.ts";
import { assertAborted } from "./scenes.ts";
import { id, LOCAL, uri, World } from "./world.ts";

it("aborts any other message than HELLO, and ABORT ends without a reply", () => {
  const messages: Message[] = [
    { type: "GOODBYE", details: {}, reason: uri("wamp.close.normal") },
    { type: "SUBSCRIBE", request: id(1), options: {}, topic: uri("com.t") },
    { type: "AUTHENTICATE", signature: "x", extra: {} },
    { type: "WELCOME", session: id(1), details: {} },
  ];
  for (const message of messages) {
    assertAborted(new World().connect("a").send(message), "wamp.error.protocol_violation");
  }
  const world = new World();
  const peer = world.connect("a").send({
    type: "ABORT",
    details: {},
    reason: uri("wamp.close.normal"),
    payload: { args: [], kwargs: {}, elements: 0, encoded: () => new Uint8Array(), splice: () => {} },
  });
  assert.deepEqual(peer.take(), []);
  assert.ok(peer.closed);
  world.assertEmpty();
});

it("aborts a peer that says nothing for the join timeout, and not a moment earlier", () => {
  const world = new World({ limits: { joinTimeout: 10_000 } });
  const silent = world.connect("silent");
  world.wait(5_000);
  const other = world.join("other");
  world.wait(4_999);
  assert.equal(silent.closed, undefined);
  world.wait(1);
  assert.match(assertAborted(silent, "wamp.error.timeout"), /HELLO within 10000 ms/);
  world.wait(1_000_000);
  assert.equal(other.closed, undefined, "a session that joined is not timed out");
});

it("aborts with the reason of the transport's parser", () => {
  const world = new World();
  const peer = world.connect("a");
  peer.violate(new ProtocolViolation("not a list"));
  assert.match(assertAborted(peer, "wamp.error.protocol_violation"), /not a list/);
  world.assertEmpty();
});

it("calls a request with a wrong URI before WELCOME a protocol violation, not a request to answer", () => {
  const peer = new World().connect("a");
  peer.violate(new ProtocolViolation("x", uri("wamp.error.invalid_uri"), { type: 32, id: id(1), reply: true }));
  assertAborted(peer, "wamp.error.protocol_violation");
});

it("ignores what still arrives after the connection was closed", () => {
  const world = new World();
  const peer = world.connect("a").hello({});
  peer.take();
  peer.hello();
  peer.violate(new ProtocolViolation("more"));
  assert.deepEqual(peer.take(), []);
  world.carryOut(world.router.leave(peer.session, world.now));
  world.assertEmpty();
});

it("forgets a connection that breaks before HELLO", () => {
  const world = new World();
  world.connect("a", LOCAL).vanish();
  world.assertEmpty();
});
