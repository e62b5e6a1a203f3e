import assert from "node:assert/strict";
import { it } from "node:test";
import { demand } from "./asking.ts";
import { answer, AUTHORIZER, stage } from "./authorizer-stage.ts";
import { subscribe } from "./scenes.ts";
import { argsOf, id, types, uri, type Peer } from "./world.ts";

it("asks the procedure with the session's details, the URI, the action and the options, and does as it says", () => {
  const { authorizer, join } = stage();
  const guest = join("guest-7");
  guest.publish("com.topic", [1], { acknowledge: true });
  assert.deepEqual(guest.take(), [], "nothing is said before the answer");
  const [details, topic, action, options] = answer(authorizer, true);
  assert.deepEqual(details, {
    session: guest.sessionId,
    authid: "guest-7",
    authrole: "guest",
    authmethod: "test",
    authprovider: "test",
    transport: { type: "memory", tls: false },
    realm: "realm1",
  });
  assert.deepEqual([topic, action, options], ["com.topic", "publish", { acknowledge: true }]);
  guest.takeOne("PUBLISHED");
});

it("asks for each of the four actions and denies each with not_authorized", () => {
  const { authorizer, join, denials } = stage();
  const guest = join("guest-7");
  const deny = (expected: readonly unknown[], requestType: number): void => {
    assert.deepEqual(answer(authorizer, false).slice(1), expected);
    guest.takeError("wamp.error.not_authorized", requestType);
  };
  guest.call("com.p", [], { timeout: 5 });
  deny(["com.p", "call", { timeout: 5 }], 48);
  guest.publish("com.t", [], { acknowledge: true });
  deny(["com.t", "publish", { acknowledge: true }], 16);
  guest.send({ type: "SUBSCRIBE", request: guest.nextRequest(), options: { match: "prefix" }, topic: uri("org.") });
  deny(["org.", "subscribe", { match: "prefix" }], 32);
  guest.send({ type: "REGISTER", request: guest.nextRequest(), options: {}, procedure: uri("com.q") });
  deny(["com.q", "register", {}], 64);
  guest.publish("com.u");
  answer(authorizer, false);
  assert.deepEqual(guest.take(), [], "an unacknowledged publication that is denied is not answered");
  assert.deepEqual(
    denials.map(({ action, uri }) => `${action} ${uri}`),
    ["call com.p", "publish com.t", "subscribe org.", "register com.q", "publish com.u"],
  );
});

it("discloses as the authorizer says", () => {
  const { authorizer, join } = stage();
  const guest = join("guest-7");
  authorizer.register("com.p");
  guest.call("com.p");
  answer(authorizer, { allow: true, disclose: true });
  assert.equal(authorizer.takeOne("INVOCATION").details["caller"], guest.sessionId);
  guest.call("com.q", [], { disclose_me: true });
  answer(authorizer, { allow: true, disclose: false });
  guest.takeError("wamp.error.no_such_procedure", 48);
});

it("tells the trust level that the authorizer says, the second time too, and takes no wrong one", () => {
  const { authorizer, join, faults } = stage();
  const callee = join("backend-2");
  callee.send({ type: "REGISTER", request: callee.nextRequest(), options: {}, procedure: uri("com.q") });
  answer(authorizer, true);
  callee.take();
  const guest = join("guest-7");
  guest.call("com.q");
  answer(authorizer, { allow: true, trustlevel: 3 });
  guest.call("com.q");
  assert.deepEqual(
    callee.take().map((message) => message.type === "INVOCATION" && message.details),
    [{ trustlevel: 3 }, { trustlevel: 3 }],
  );
  guest.call("com.r");
  answer(authorizer, { allow: true, trustlevel: -1 });
  guest.takeError("wamp.error.authorization_failed", 48);
  assert.equal(faults.length, 1);
});

it("remembers an answer for this authid, role, URI and action, until it is too old", () => {
  const { world, authorizer, join } = stage();
  const guest = join("guest-7");
  guest.publish("com.t");
  answer(authorizer, true);
  guest.publish("com.t");
  join("guest-7").publish("com.t");
  assert.deepEqual(authorizer.take(), [], "no further question");
  join("guest-8").publish("com.t");
  answer(authorizer, true);
  guest.publish("com.other");
  answer(authorizer, true);
  guest.send(subscribe(guest.nextRequest()));
  answer(authorizer, true);
  guest.take();
  world.wait(60_000);
  guest.publish("com.t");
  answer(authorizer, true);
});

it("remembers denials too, and nothing that came with cache: false", () => {
  const { authorizer, join } = stage();
  const guest = join("guest-7");
  guest.call("com.p");
  answer(authorizer, false);
  guest.call("com.p");
  assert.deepEqual(types(guest.take()), ["ERROR", "ERROR"]);
  for (const _ of [1, 2]) {
    guest.call("com.q");
    answer(authorizer, { allow: false, cache: false });
    guest.takeError("wamp.error.not_authorized", 48);
  }
});

it("keeps as many answers as it may, the oldest go first", () => {
  const { authorizer, join } = stage({ cache: { entries: 2, age: 60_000 } });
  const guest = join("guest-7");
  for (const topic of ["com.a", "com.b", "com.c"]) {
    guest.publish(topic);
    answer(authorizer, true);
  }
  guest.publish("com.c").publish("com.b");
  assert.deepEqual(authorizer.take(), []);
  guest.publish("com.a");
  answer(authorizer, true);
});

it("forgets answers when it is told to, of all or of one authid, and when the authorizer registers anew", () => {
  const { world, authorizer, join } = stage();
  const one = join("guest-1");
  const two = join("guest-2");
  const publish = (...asked: readonly Peer[]): void => {
    for (const peer of [one, two]) {
      peer.publish("com.t");
      if (asked.includes(peer)) answer(authorizer, true);
      else assert.deepEqual(authorizer.take(), []);
    }
  };
  publish(one, two);
  assert.equal(world.router.flushAuthorizations({ authid: "guest-2" }), 1);
  publish(two);
  assert.equal(world.router.flushAuthorizations(), 2);
  publish(one, two);
  demand(authorizer, "pinion.authorizer.flush", [], { authid: "guest-1" });
  assert.deepEqual(argsOf(authorizer.takeOne("RESULT")), [1]);
  publish(one);
  const next = join("backend-2");
  authorizer.vanish();
  next.register(AUTHORIZER);
  one.publish("com.t");
  answer(next, true);
});

it("denies what is not answered in time, and what was sent behind it is worked on then", () => {
  const { world, authorizer, join, faults } = stage();
  const guest = join("guest-1");
  guest.call("com.p");
  guest.send({ type: "UNSUBSCRIBE", request: guest.nextRequest(), subscription: id(99) });
  world.wait(4_999);
  assert.deepEqual(guest.take(), []);
  world.wait(1);
  assert.deepEqual(
    guest.take().map((message) => message.type === "ERROR" && message.error),
    ["wamp.error.authorization_failed", "wamp.error.no_such_subscription"],
  );
  assert.deepEqual(types(authorizer.take()), ["INVOCATION", "INTERRUPT"]);
  assert.match(faults[0]?.words ?? "", /wamp\.error\.timeout/);
  assert.equal(faults[0]?.authorizer, AUTHORIZER);
});

it("denies while nobody offers the authorizer, whatever was remembered, and names it", () => {
  const { authorizer, join, faults } = stage();
  const guest = join("guest-1");
  guest.publish("com.t", [], { acknowledge: true });
  answer(authorizer, true);
  guest.take();
  authorizer.vanish();
  guest.publish("com.t", [], { acknowledge: true });
  guest.takeError("wamp.error.authorization_failed", 16);
  assert.deepEqual(
    faults.map(({ authorizer: name, words, uri }) => [name, words, uri]),
    [[AUTHORIZER, "nobody has registered it", "com.t"]],
  );
});

it("denies when the authorizer fails, answers nonsense or leaves", () => {
  for (const [act, words] of [
    [(peer: Peer) => peer.fail(1, "com.example.broken", ["oh"]), /com\.example\.broken: oh/],
    [(peer: Peer) => peer.yield(1, ["yes"]), /neither/],
    [(peer: Peer) => peer.yield(1), /neither/],
    [(peer: Peer) => peer.yield(1, [{ allow: 1 }]), /neither/],
    [(peer: Peer) => peer.yield(1, [[true]]), /neither/],
    [(peer: Peer) => peer.vanish(), /canceled|nobody/],
  ] as const) {
    const { authorizer, join, faults } = stage();
    const guest = join("guest-1");
    guest.call("com.p");
    authorizer.take();
    act(authorizer);
    guest.takeError("wamp.error.authorization_failed", 48);
    assert.match(faults[0]?.words ?? "", words);
  }
});

it("judges the authorizer's own session and procedure by the static rules alone", () => {
  const { authorizer, join } = stage();
  authorizer.subscribe("com.t");
  authorizer.register("com.p");
  authorizer.publish("com.t").call("com.nobody");
  authorizer.takeError("wamp.error.no_such_procedure", 48);
  const guest = join("guest-1");
  guest.call(AUTHORIZER);
  guest.takeError("wamp.error.not_authorized", 48);
  const second = join("backend-2");
  second.send({ type: "REGISTER", request: second.nextRequest(), options: {}, procedure: AUTHORIZER });
  second.takeError("wamp.error.procedure_already_exists", 64);
  assert.deepEqual(authorizer.take(), [], "nobody was asked about any of this");
});

it("does not ask about what a static rule denies, nor for roles that are not its own", () => {
  const { authorizer, join } = stage();
  const guest = join("guest-1");
  guest.call("com.secret.door");
  guest.takeError("wamp.error.not_authorized", 48);
  const stranger = join("stranger-1");
  stranger.call("com.p");
  stranger.takeError("wamp.error.not_authorized", 48);
  assert.deepEqual(authorizer.take(), []);
});
