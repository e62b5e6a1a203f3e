import assert from "node:assert/strict";
import { it } from "node:test";
import type { Dict } from "../../packages/wamp/index.ts";
import type { Authenticator } from "../../router-bridge/router/index.ts";
import { ask, demand } from "./asking.ts";
import { events, goodbye, register, trio } from "./scenes.ts";
import { argsOf, REMOTE, types, uri, World, type Peer } from "./world.ts";

/** The peer's HELLO names who it is: `role/name`. */
const byName: Authenticator = ({ hello }) => {
  const [authrole = "", authid = ""] = String(hello.details["authid"]).split("/");
  return { kind: "welcome", identity: { authid, authrole, authmethod: "ticket", authprovider: "test" } };
};

const ALLOW = { authorize: () => ({ allowed: true }) as const };

function named(world: World, who: string): Peer {
  return world.join(who, { roles: { caller: {}, subscriber: {} }, authid: who });
}

function staff(): { world: World; ann: Peer; bob: Peer; eve: Peer } {
  const world = new World({ authenticator: byName, authorizer: ALLOW });
  return {
    world,
    ann: named(world, "operator/ann"),
    bob: named(world, "operator/bob"),
    eve: named(world, "viewer/eve"),
  };
}

it("counts and lists the sessions of the realm, all or those of some roles", () => {
  const { world, ann, bob, eve } = staff();
  assert.deepEqual(ask(ann, "wamp.session.count"), [3]);
  assert.deepEqual(ask(ann, "wamp.session.list"), [[ann.sessionId, bob.sessionId, eve.sessionId]]);
  assert.deepEqual(ask(eve, "wamp.session.count", [["operator"]]), [2]);
  assert.deepEqual(ask(eve, "wamp.session.list", [["viewer", "nobody"]]), [[eve.sessionId]]);
  assert.deepEqual(ask(eve, "wamp.session.count", [[]]), [0]);
  assert.deepEqual(ask(eve, "wamp.session.count", [null]), [3]);
  bob.vanish();
  world.connect("says nothing");
  assert.deepEqual(ask(ann, "wamp.session.list"), [[ann.sessionId, eve.sessionId]]);
});

it("does not see the sessions of another realm", () => {
  const world = new World({ realms: ["realm1", "realm2"] });
  const here = world.join("here");
  const there = world.join("there", undefined, "realm2");
  assert.deepEqual(ask(here, "wamp.session.list"), [[here.sessionId]]);
  demand(here, "wamp.session.get", [there.sessionId]).takeError("wamp.error.no_such_session", 48);
  assert.deepEqual(ask(here, "wamp.session.kill_all"), [0]);
  assert.equal(there.closed, undefined);
});

it("tells the details of a session, of oneself too, and where it came from", () => {
  const { world, ann, eve } = staff();
  const details = { authid: "eve", authrole: "viewer", authmethod: "ticket", authprovider: "test" };
  const transport = { type: "memory", tls: false };
  assert.deepEqual(ask(ann, "wamp.session.get", [eve.sessionId]), [{ session: eve.sessionId, ...details, transport }]);
  assert.deepEqual(ask(eve, "wamp.session.get", [eve.sessionId]), [{ session: eve.sessionId, ...details, transport }]);
  const far = world.connect("far", REMOTE).hello({ roles: { caller: {} }, authid: "viewer/far" });
  far.take();
  const [seen] = ask(ann, "wamp.session.get", [far.sessionId]) as [Dict]; // compared below
  assert.deepEqual(seen["transport"], { type: "websocket", tls: true, peer: "192.0.2.7:40000" });
  demand(ann, "wamp.session.get", [4711]).takeError("wamp.error.no_such_session", 48);
});

it("tells what a session has done and holds, while it is there and once more when it is gone", () => {
  const { a, b, c } = trio();
  b.register("com.p");
  b.subscribe("com.t");
  c.call("com.p");
  c.subscribe("wamp.session.on_stats");
  const [busy] = ask(a, "wamp.session.get_stats", [b.sessionId]);
  const expected = {
    received: 3,
    invocations: 1,
    pending_calls: 0,
    pending_invocations: 1,
    subscriptions: 1,
    registrations: 1,
  };
  assert.deepEqual(busy, expected);
  assert.equal((ask(a, "wamp.session.get_stats", [c.sessionId]) as [Dict])[0]["pending_calls"], 1); // as documented
  demand(a, "wamp.session.get_stats", [4711]).takeError("wamp.error.no_such_session", 48);
  c.take();
  b.vanish();
  const told = c.take().find((message) => message.type === "EVENT");
  assert.ok(told);
  assert.deepEqual(argsOf(told), [b.sessionId, expected]);
});

it("kills a session with GOODBYE, reason and message, and tells its callers and the realm", () => {
  const { world, a, b, c } = trio();
  b.register("com.p");
  c.call("com.p");
  b.take();
  c.subscribe("wamp.session.on_leave");
  assert.deepEqual(ask(a, "wamp.session.kill", [b.sessionId], { reason: "com.own.reason", message: "go away" }), []);
  const said = b.takeOne("GOODBYE");
  assert.equal(said.reason, "com.own.reason");
  assert.deepEqual(said.details, { message: "go away" });
  assert.deepEqual(types(c.take()), ["ERROR", "EVENT"]);
  assert.deepEqual(ask(a, "wamp.session.count"), [2]);
  assert.equal(b.closed, undefined, "the answer to GOODBYE is awaited");
  b.send(goodbye("wamp.close.goodbye_and_out"));
  assert.ok(b.closed);
  demand(a, "wamp.session.kill", [b.sessionId]).takeError("wamp.error.no_such_session", 48);
  a.vanish();
  c.vanish();
  world.assertEmpty();
});

it("closes a killed session that does not answer", () => {
  const { world, a, b } = trio({ limits: { goodbyeTimeout: 500 } });
  ask(a, "wamp.session.kill", [b.sessionId]);
  assert.equal(b.takeOne("GOODBYE").reason, "wamp.close.killed");
  world.wait(500);
  assert.match(String(b.closed), /GOODBYE was not answered/);
});

it("does not let a session kill itself", () => {
  const { a } = trio();
  demand(a, "wamp.session.kill", [a.sessionId]).takeError("wamp.error.no_such_session", 48);
  assert.equal(a.closed, undefined);
});

it("kills by authid with the list of those killed, by authrole and all with their number, never the caller", () => {
  const { world, ann, bob, eve } = staff();
  const again = named(world, "operator/ann");
  assert.deepEqual(ask(ann, "wamp.session.kill_by_authid", ["ann"]), [[again.sessionId]]);
  assert.equal(again.takeOne("GOODBYE").reason, "wamp.close.killed");
  assert.deepEqual(ask(ann, "wamp.session.kill_by_authid", ["nobody"]), [[]]);
  assert.deepEqual(ask(ann, "wamp.session.kill_by_authrole", ["operator"]), [1]);
  assert.deepEqual(bob.takeOne("GOODBYE").details, {});
  const more = named(world, "viewer/more");
  const all = ask(ann, "wamp.session.kill_all", [], { reason: "com.over", message: "closing time" });
  assert.deepEqual(all, [2]);
  for (const peer of [eve, more]) assert.equal(peer.takeOne("GOODBYE").reason, "com.over");
  assert.deepEqual(ask(ann, "wamp.session.list"), [[ann.sessionId]]);
});

it("refuses a reason that is no URI with invalid_uri, and kills nobody", () => {
  const { a, b } = trio();
  for (const [procedure, args] of [
    ["wamp.session.kill", [b.sessionId]],
    ["wamp.session.kill_by_authid", ["x"]],
    ["wamp.session.kill_by_authrole", ["anonymous"]],
    ["wamp.session.kill_all", []],
  ] as const) {
    demand(a, procedure, args, { reason: "not a uri" }).takeError("wamp.error.invalid_uri", 48);
  }
  assert.equal(b.closed, undefined);
  assert.deepEqual(b.take(), []);
});

it("names the argument that is wrong", () => {
  const { a } = trio();
  for (const [procedure, args, kwargs, words] of [
    ["wamp.session.get", [], {}, /argument 1 \(session\)/],
    ["wamp.session.get", ["1"], {}, /argument 1 \(session\)/],
    ["wamp.session.count", ["operator"], {}, /authroles/],
    ["wamp.session.list", [[1]], {}, /authroles/],
    ["wamp.session.kill_by_authid", [7], {}, /authid/],
    ["wamp.session.kill_all", [], { message: 7 }, /message/],
    ["wamp.session.kill_all", [], { reason: 7 }, /reason/],
  ] as const) {
    const error = demand(a, procedure, args, kwargs).takeError("wamp.error.invalid_argument", 48);
    assert.match(String(argsOf(error)[0]), words);
  }
});

it("asks the authorizer before it answers", () => {
  const asked: string[] = [];
  const authorizer = {
    authorize: (_: unknown, action: string, uri: string) => {
      asked.push(`${action} ${uri}`);
      return { allowed: false, reason: "wamp.error.not_authorized" as never, words: "no" } as const; // a literal URI
    },
  };
  const { world, a, b } = trio({ authorizer });
  demand(a, "wamp.session.kill", [b.sessionId]).takeError("wamp.error.not_authorized", 48);
  assert.deepEqual(asked, ["call wamp.session.kill"]);
  assert.equal(b.closed, undefined);
  assert.equal(world.router.statistics.refusals, 1);
});

it("still lets no application register or publish under wamp, and knows only what it serves", () => {
  const { a } = trio();
  register(a, "wamp.session.count").takeError("wamp.error.invalid_uri", 64);
  a.publish("wamp.session.on_join", [], { acknowledge: true }).takeError("wamp.error.invalid_uri", 16);
  demand(a, "wamp.session.nonsense").takeError("wamp.error.no_such_procedure", 48);
  demand(a, "wamp.session.toString").takeError("wamp.error.no_such_procedure", 48);
});

it("tells who joins, after the newcomer's WELCOME, with the details of its session", () => {
  const { world, a, b } = trio();
  a.subscribe("wamp.session.on_join");
  b.subscribe("wamp.", { match: "prefix" });
  b.take();
  const d = world.join("d");
  const [event] = events(a);
  assert.ok(event);
  assert.deepEqual(event.details, {});
  const { authid } = d.session.member?.identity ?? {};
  assert.deepEqual(argsOf(event), [
    {
      session: d.sessionId,
      authid,
      authrole: "anonymous",
      authmethod: "anonymous",
      authprovider: "static",
      transport: { type: "memory", tls: false },
    },
  ]);
  const [same] = [events(b).find(({ details }) => details["topic"] === "wamp.session.on_join")];
  assert.equal(same?.publication, event.publication, "one publication id for all subscriptions");
});

it("tells who leaves, however, with session, authid and authrole, once", () => {
  const { world, a } = trio();
  a.subscribe("wamp.session.on_leave");
  const wild = world.join("wild");
  wild.subscribe("..on_leave", { match: "wildcard" });
  const ways: ((peer: Peer) => void)[] = [
    (peer) => peer.vanish(),
    (peer) => peer.send(goodbye()),
    (peer) => peer.yield(99),
    (peer) => world.carryOut(world.router.dismiss(peer.session, uri("com.bye"), { now: world.now })),
  ];
  for (const leave of ways) {
    const one = world.join("one");
    const id = one.sessionId;
    const authid = one.session.member?.identity.authid;
    leave(one);
    for (const observer of [a, wild]) {
      const told = events(observer).filter(({ details }) => details["topic"] !== "wamp.session.on_join");
      assert.deepEqual(told.map(argsOf), [[id, authid, "anonymous"]]);
    }
    if (one.closed === undefined) one.vanish();
    assert.deepEqual(a.take(), [], "told once");
  }
});

it("says SUBSCRIBED before any meta event of that session", () => {
  const { b } = trio();
  b.send({ type: "SUBSCRIBE", request: b.nextRequest(), options: { match: "prefix" }, topic: uri("") });
  assert.equal(types(b.take())[0], "SUBSCRIBED");
});
