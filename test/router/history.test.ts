import assert from "node:assert/strict";
import { it } from "node:test";
import { payloadOf, type Dict } from "../../packages/wamp/index.ts";
import type { HistoryRule } from "../../router-bridge/router/index.ts";
import { ask, demand } from "./asking.ts";
import { argsOf, uri, World, type Peer } from "./world.ts";

const NOON = Date.UTC(2026, 10, 20, 12);

function rule(topic: string, more: Partial<HistoryRule> = {}): HistoryRule {
  return { topic: uri(topic), match: "exact", events: 100, age: 3_600_000, octets: 1_000_000, ...more };
}

function past(...history: HistoryRule[]): { world: World; a: Peer; b: Peer } {
  const world = new World({ history, wallTime: (now) => NOON + now - 1_000_000 });
  return { world, a: world.join("a"), b: world.join("b") };
}

/** The list that get_events answers with. */
function eventsOf(peer: Peer, subscription: number, filters: Dict = {}): Dict[] {
  const [list] = ask(peer, "wamp.subscription.get_events", [subscription], filters);
  assert.ok(Array.isArray(list));
  return list as Dict[]; // the next lines of every test compare them
}

const firsts = (list: readonly Dict[]): unknown[] => list.map(({ args }) => (args as unknown[] | undefined)?.[0]);

it("tells what was published before anybody subscribed, oldest first, with time, ids, details and payload", () => {
  const { world, a, b } = past(rule("com.t"));
  a.publish("com.t", [1]);
  world.wait(1_500);
  a.publish("com.t", [2], { disclose_me: true, acknowledge: true });
  const { publication } = a.takeOne("PUBLISHED");
  a.send({
    type: "PUBLISH",
    request: a.nextRequest(),
    options: {},
    topic: uri("com.t"),
    payload: payloadOf([3], { key: "value" }),
  });
  a.publish("com.t").publish("com.other", [5]);
  const id = b.subscribe("com.t");
  const list = eventsOf(b, id);
  assert.equal(list.length, 4);
  assert.equal(list[0]?.["timestamp"], "2026-11-20T12:00:00.000Z");
  const { authid } = a.session.member?.identity ?? {};
  assert.deepEqual(list[1], {
    timestamp: "2026-11-20T12:00:01.500Z",
    subscription: id,
    publication,
    details: { publisher: a.sessionId, publisher_authid: authid, publisher_authrole: "anonymous" },
    args: [2],
  });
  assert.deepEqual([list[2]?.["args"], list[2]?.["kwargs"]], [[3], { key: "value" }]);
  assert.deepEqual([list[3]?.["args"], list[3]?.["kwargs"]], [undefined, undefined]);
});

it("announces event_history where a past is kept, and not elsewhere", () => {
  const announced = (world: World): unknown => {
    const { roles } = world.connect("x").hello().takeOne("WELCOME").details as {
      roles: { broker: { features: Dict } };
    };
    return roles.broker.features["event_history"];
  };
  assert.equal(announced(new World()), undefined);
  assert.equal(announced(new World({ history: [rule("com.t")] })), true);
});

it("keeps the past of patterns, for exact and pattern subscriptions alike, each event once", () => {
  const { a, b } = past(
    rule("com.", { match: "prefix" }),
    rule("com..t", { match: "wildcard" }),
    rule("com.x.t"),
    rule("org.t"),
  );
  for (const topic of ["com.x.t", "com.y.t", "com.y.u", "org.t", "org.u", "com.x.t"]) a.publish(topic, [topic]);
  const list = eventsOf(b, b.subscribe("com.", { match: "prefix" }));
  assert.deepEqual(firsts(list), ["com.x.t", "com.y.t", "com.y.u", "com.x.t"]);
  assert.deepEqual(list[1]?.["details"], { topic: "com.y.t" });
  assert.deepEqual(firsts(eventsOf(b, b.subscribe("com..t", { match: "wildcard" }))), [
    "com.x.t",
    "com.y.t",
    "com.x.t",
  ]);
  assert.deepEqual(firsts(eventsOf(b, b.subscribe("com.y.u"))), ["com.y.u"]);
  assert.deepEqual(firsts(eventsOf(b, b.subscribe("com.y", { match: "prefix" }))), ["com.y.t", "com.y.u"]);
  assert.deepEqual(eventsOf(b, b.subscribe("com.never")), [], "covered, but nothing was published");
  b.send({ type: "SUBSCRIBE", request: b.nextRequest(), options: { match: "prefix" }, topic: uri("") });
  const all = b.takeOne("SUBSCRIBED").subscription;
  assert.equal(eventsOf(b, all, { topic: "org.t" }).length, 1);
  assert.equal(eventsOf(b, all).length, 5);
});

it("answers history_unavailable where no rule keeps anything, no_such_subscription for an unknown one", () => {
  const { b } = past(rule("com.", { match: "prefix" }), rule("org..t", { match: "wildcard" }));
  for (const [topic, match] of [
    ["net.t", "exact"],
    ["net.", "prefix"],
    ["org.t", "exact"],
    ["org.x.u", "prefix"],
    ["net..t", "wildcard"],
    ["org...t", "wildcard"],
  ] as const) {
    const id = b.subscribe(topic, { match });
    demand(b, "wamp.subscription.get_events", [id]).takeError("wamp.error.history_unavailable", 48);
  }
  assert.deepEqual(eventsOf(b, b.subscribe("org.x", { match: "prefix" })), []);
  assert.deepEqual(eventsOf(b, b.subscribe(".x.t", { match: "wildcard" })), []);
  demand(b, "wamp.subscription.get_events", [99]).takeError("wamp.error.no_such_subscription", 48);
  demand(b, "wamp.subscription.get_events", ["com.t"]).takeError("wamp.error.invalid_argument", 48);
});

it("keeps so many events, for so long, of so many octets at most, the oldest going first", () => {
  const { world, a, b } = past(
    rule("com.count", { events: 3 }),
    rule("com.age", { age: 1_000 }),
    rule("com.octets", { octets: 1_100 }),
  );
  for (let i = 0; i < 500; i += 1) a.publish("com.count", [i]);
  assert.deepEqual(firsts(eventsOf(b, b.subscribe("com.count"))), [497, 498, 499]);
  const age = b.subscribe("com.age");
  for (let i = 0; i < 4; i += 1) {
    a.publish("com.age", [i]);
    world.wait(400);
  }
  b.take();
  assert.deepEqual(firsts(eventsOf(b, age)), [2, 3]);
  world.wait(10_000);
  assert.deepEqual(eventsOf(b, age), [], "also when nothing follows");
  for (let i = 0; i < 10; i += 1) a.publish("com.octets", [i, "x".repeat(300)]);
  assert.deepEqual(firsts(eventsOf(b, b.subscribe("com.octets"))), [7, 8, 9]);
});

it("counts age by its own time, whatever the clock on the wall does", () => {
  let wall = NOON;
  const world = new World({ history: [rule("com.t", { age: 1_000 })], wallTime: () => wall });
  const a = world.join("a");
  a.publish("com.t", [1]);
  wall += 86_400_000;
  a.publish("com.t", [2]);
  wall -= 2 * 86_400_000;
  a.publish("com.t", [3]);
  assert.deepEqual(firsts(eventsOf(a, a.subscribe("com.t"))), [1, 2, 3], "in the order of publication");
});

it("filters by time", () => {
  const { world, a, b } = past(rule("com.t"));
  for (let i = 0; i < 5; i += 1) {
    a.publish("com.t", [i]);
    world.wait(1_000);
  }
  const id = b.subscribe("com.t");
  const at = (seconds: number): string => new Date(NOON + seconds * 1_000).toISOString();
  for (const [filters, expected] of [
    [{ from_time: at(2) }, [2, 3, 4]],
    [{ after_time: at(2) }, [3, 4]],
    [{ before_time: at(2) }, [0, 1]],
    [{ until_time: at(2) }, [0, 1, 2]],
    [{ from_time: at(1), until_time: at(3) }, [1, 2, 3]],
    [{ after_time: at(1), before_time: at(3), topic: "com.t" }, [2]],
    [{ from_time: "2026-11-20T13:00:02+01:00" }, [2, 3, 4]],
    [{ from_time: null, limit: null, reverse: null }, [0, 1, 2, 3, 4]],
    [{ from_time: at(9) }, []],
    [{ topic: "com.other" }, []],
  ] as const) {
    assert.deepEqual(firsts(eventsOf(b, id, filters)), expected, JSON.stringify(filters));
  }
});

it("filters by publication, which stands for a place, and by number, from either end", () => {
  const { a, b } = past(rule("com.t"));
  for (let i = 0; i < 5; i += 1) a.publish("com.t", [i], { acknowledge: true });
  const ids = a.take().map((message) => (message.type === "PUBLISHED" ? message.publication : 0));
  const id = b.subscribe("com.t");
  for (const [filters, expected] of [
    [{ from_publication: ids[2] }, [2, 3, 4]],
    [{ after_publication: ids[2] }, [3, 4]],
    [{ before_publication: ids[2] }, [0, 1]],
    [{ until_publication: ids[2] }, [0, 1, 2]],
    [{ after_publication: ids[0], until_publication: ids[3], from_publication: ids[0] }, [1, 2, 3]],
    [{ from_publication: ids[4], before_publication: ids[1] }, []],
    [{ limit: 2 }, [0, 1]],
    [{ limit: 2, reverse: true }, [4, 3]],
    [{ limit: 0 }, []],
    [{ reverse: true, until_publication: ids[3] }, [3, 2, 1, 0]],
  ] as const) {
    assert.deepEqual(firsts(eventsOf(b, id, filters)), expected, JSON.stringify(filters));
  }
  const gone = demand(b, "wamp.subscription.get_events", [id], { after_publication: 4_711 });
  assert.match(String(argsOf(gone.takeError("wamp.error.invalid_argument", 48))[0]), /not any more/);
});

it("names the filter that is wrong", () => {
  const { b } = past(rule("com.t"));
  const id = b.subscribe("com.t");
  for (const [name, value] of [
    ["limit", -1],
    ["limit", "3"],
    ["reverse", 1],
    ["from_time", "yesterday"],
    ["after_time", "2026-13-45T00:00:00Z"],
    ["before_time", 1_700_000_000],
    ["from_publication", 0],
    ["topic", 7],
  ] as const) {
    const error = demand(b, "wamp.subscription.get_events", [id], { [name]: value });
    assert.match(String(argsOf(error.takeError("wamp.error.invalid_argument", 48))[0]), new RegExp(name, "u"));
  }
});

it("does not store what was meant for single sessions, and shows each who asks only what was for it", () => {
  const history = [rule("com.t")];
  const world = new World({
    history,
    authorizer: { authorize: () => ({ allowed: true }) },
    authenticator: ({ hello }) => {
      const authrole = String(hello.details["authid"]);
      return { kind: "welcome", identity: { authid: authrole, authrole, authmethod: "ticket", authprovider: "test" } };
    },
  });
  const [ann, bob] = ["ann", "bob"].map((authid) => world.join(authid, { roles: { caller: {} }, authid }));
  assert.ok(ann && bob);
  ann.publish("com.t", ["all"]);
  ann.publish("com.t", ["session"], { eligible: [bob.sessionId] });
  ann.publish("com.t", ["not session"], { exclude: [bob.sessionId] });
  ann.publish("com.t", ["bob"], { eligible_authid: ["bob"] });
  ann.publish("com.t", ["not bob"], { exclude_authrole: ["bob"] });
  const id = bob.subscribe("com.t");
  assert.deepEqual(firsts(eventsOf(bob, id)), ["all", "bob"]);
  assert.deepEqual(firsts(eventsOf(ann, id)), ["all", "not bob"], "its own events too");
});

it("asks whether the caller may subscribe", () => {
  let open = true;
  const world = new World({
    history: [rule("com.t")],
    authorizer: {
      authorize: (_, action, uri) =>
        open || action !== "subscribe" || uri !== "com.t"
          ? { allowed: true }
          : { allowed: false, reason: "wamp.error.not_authorized" as never, words: "no" }, // a literal URI
    },
  });
  const a = world.join("a");
  const id = a.subscribe("com.t");
  open = false;
  demand(a, "wamp.subscription.get_events", [id]).takeError("wamp.error.not_authorized", 48);
});
