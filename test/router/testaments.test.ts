import assert from "node:assert/strict";
import { it } from "node:test";
import type { Dict } from "../../packages/wamp/index.ts";
import { ask, demand } from "./asking.ts";
import { events, goodbye, trio } from "./scenes.ts";
import { argsOf, types, uri, type Peer, type World } from "./world.ts";

const ADD = "wamp.session.add_testament";
const FLUSH = "wamp.session.flush_testaments";

function leaveBehind(peer: Peer, topic: string, value: unknown, kwargs: Dict = {}): void {
  assert.deepEqual(ask(peer, ADD, [topic, [value], {}], kwargs), []);
}

it("publishes a testament when its session is gone, however it went, and only then", () => {
  const ways: ((world: World, peer: Peer) => void)[] = [
    (_, peer) => peer.vanish(),
    (_, peer) => peer.send(goodbye()),
    (_, peer) => peer.yield(99),
    (world, peer) => world.carryOut(world.router.dismiss(peer.session, uri("com.bye"), { now: world.now })),
  ];
  for (const leave of ways) {
    const { world, a, b } = trio();
    b.subscribe("com.gone");
    ask(a, ADD, ["com.gone", ["a", 1], { key: "value" }]);
    assert.deepEqual(b.take(), []);
    leave(world, a);
    const [event, ...more] = events(b);
    assert.ok(event);
    assert.deepEqual(more, []);
    assert.deepEqual([event.payload.args, event.payload.kwargs], [["a", 1], { key: "value" }]);
  }
});

it("publishes the testaments of a session that was killed", () => {
  const { a, b, c } = trio();
  c.subscribe("com.gone");
  leaveBehind(a, "com.gone", "a");
  ask(b, "wamp.session.kill", [a.sessionId]);
  assert.deepEqual(events(c).map(argsOf), [["a"]]);
  assert.deepEqual(types(a.take()), ["GOODBYE"]);
});

it("publishes detached before destroyed, each in the order of adding, before on_leave; destroyed is the default", () => {
  const { a, b } = trio();
  b.subscribe("com.gone");
  b.subscribe("wamp.session.on_leave");
  leaveBehind(a, "com.gone", 1);
  leaveBehind(a, "com.gone", 2, { scope: "detached" });
  leaveBehind(a, "com.gone", 3, { scope: "destroyed" });
  leaveBehind(a, "com.gone", 4, { scope: "detached" });
  const id = a.sessionId;
  a.vanish();
  assert.deepEqual(
    events(b).map((event) => argsOf(event)[0]),
    [2, 4, 1, 3, id],
  );
});

it("flushes one scope and leaves the other", () => {
  const { a, b } = trio();
  b.subscribe("com.gone");
  leaveBehind(a, "com.gone", 1);
  leaveBehind(a, "com.gone", 2, { scope: "detached" });
  assert.deepEqual(ask(a, FLUSH), []);
  leaveBehind(a, "com.gone", 3);
  ask(a, FLUSH, [], { scope: "detached" });
  ask(b, FLUSH);
  a.vanish();
  assert.deepEqual(events(b).map(argsOf), [[3]]);
});

it("keeps to the publish options: audience, disclosure, retention; never acknowledges", () => {
  const { world, a, b, c } = trio();
  for (const peer of [b, c]) peer.subscribe("com.gone");
  leaveBehind(a, "com.gone", "b", {
    publish_options: { eligible: [b.sessionId], disclose_me: true, acknowledge: true },
  });
  leaveBehind(a, "com.status", "offline", { publish_options: { retain: true } });
  const id = a.sessionId;
  a.vanish();
  const [event] = events(b);
  assert.equal(event?.details["publisher"], id);
  assert.deepEqual(c.take(), []);
  const late = world.join("late");
  late.send({
    type: "SUBSCRIBE",
    request: late.nextRequest(),
    options: { get_retained: true },
    topic: uri("com.status"),
  });
  assert.deepEqual(argsOf(late.take()[1]), ["offline"]);
});

it("takes args and kwargs that are left out or null for none", () => {
  const { a, b } = trio();
  b.subscribe("com.gone");
  ask(a, ADD, ["com.gone"]);
  ask(a, ADD, ["com.gone", null, null]);
  a.vanish();
  assert.deepEqual(
    events(b).map(({ payload }) => payload.elements),
    [0, 0],
  );
});

it("refuses what could not be published, at once", () => {
  const { a } = trio();
  for (const [args, kwargs, error] of [
    [["not a uri"], {}, "invalid_uri"],
    [["wamp.session.on_leave"], {}, "invalid_uri"],
    [[], {}, "invalid_argument"],
    [["com.t", "args"], {}, "invalid_argument"],
    [["com.t", [], []], {}, "invalid_argument"],
    [["com.t"], { scope: "resumed" }, "invalid_argument"],
    [["com.t"], { publish_options: [] }, "invalid_argument"],
    [["com.t"], { publish_options: { exclude_me: 1 } }, "invalid_argument"],
    [["com.t"], { publish_options: { eligible: "all" } }, "invalid_argument"],
  ] as const) {
    demand(a, ADD, args, kwargs).takeError(`wamp.error.${error}`, 48);
  }
  demand(a, FLUSH, [], { scope: 7 }).takeError("wamp.error.invalid_argument", 48);
});

it("asks whether the session may publish, when a testament is added and when it is published", () => {
  let open = false;
  const authorizer = {
    authorize: (_: unknown, action: string) =>
      open || action !== "publish"
        ? ({ allowed: true } as const)
        : ({ allowed: false, reason: "wamp.error.not_authorized" as never, words: "no" } as const), // a literal URI
  };
  const { a, b, c } = trio({ authorizer });
  c.subscribe("com.gone");
  demand(a, ADD, ["com.gone"]).takeError("wamp.error.not_authorized", 48);
  open = true;
  leaveBehind(a, "com.gone", "a");
  leaveBehind(b, "com.gone", "b");
  a.vanish();
  assert.deepEqual(events(c).map(argsOf), [["a"]]);
  open = false;
  b.vanish();
  assert.deepEqual(c.take(), []);
});

it("keeps so many testaments of so many octets at most", () => {
  const { a, b } = trio({ limits: { testamentsPerSession: 3, testamentOctets: 1_000 } });
  for (const value of [1, 2, 3]) leaveBehind(a, "com.gone", value);
  demand(a, ADD, ["com.gone"]).takeError("pinion.error.limit_exceeded", 48);
  ask(a, FLUSH);
  leaveBehind(a, "com.gone", 4);
  leaveBehind(b, "com.gone", "x".repeat(600));
  demand(b, ADD, ["com.gone", ["x".repeat(600)]]).takeError("pinion.error.limit_exceeded", 48);
  a.vanish();
});
