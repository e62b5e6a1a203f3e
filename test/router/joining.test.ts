import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProtocolViolation, type Message } from "../../packages/wamp/index.ts";
import type { AuthOutcome, Authenticator } from "../../router-bridge/router/index.ts";
import { ALL_ROLES, id, LOCAL, REMOTE, uri, World, type Peer } from "./world.ts";

function assertAborted(peer: Peer, reason: string): string {
  const abort = peer.takeOne("ABORT");
  assert.equal(abort.reason, reason);
  assert.ok(peer.closed, "the connection is closed after ABORT");
  return String(abort.details["message"]);
}

describe("joining a realm", () => {
  it("welcomes a local peer anonymously, with roles, agent, realm and identity", () => {
    const world = new World({ agent: "Pinion-9.9.9" });
    const welcome = world.connect("a").hello().takeOne("WELCOME");
    const { details } = welcome;
    assert.ok(Number.isInteger(welcome.session) && welcome.session >= 1 && welcome.session <= 2 ** 53);
    assert.equal(details["agent"], "Pinion-9.9.9");
    assert.equal(details["realm"], "realm1");
    assert.equal(details["authrole"], "anonymous");
    assert.equal(details["authmethod"], "anonymous");
    assert.equal(typeof details["authprovider"], "string");
    assert.match(String(details["authid"]), /^[A-Z2-9]{20}$/);
    assert.deepEqual(details["roles"], {
      broker: {
        features: {
          pattern_based_subscription: true,
          publisher_exclusion: true,
          publisher_identification: true,
          subscriber_blackwhite_listing: true,
        },
      },
      dealer: {
        features: {
          call_canceling: true,
          call_timeout: true,
          caller_identification: true,
          pattern_based_registration: true,
          progressive_call_results: true,
        },
      },
    });
  });

  it("gives every session an id and an authid of its own", () => {
    const world = new World();
    const welcomes = Array.from({ length: 50 }, (_, i) => world.connect(`p${i}`).hello().takeOne("WELCOME"));
    assert.equal(new Set(welcomes.map((welcome) => welcome.session)).size, 50);
    assert.equal(new Set(welcomes.map((welcome) => welcome.details["authid"])).size, 50);
  });

  it("refuses a peer that is not local while no authentication is configured, and says what to do", () => {
    const world = new World();
    const peer = world.connect("far", REMOTE).hello();
    assert.match(assertAborted(peer, "wamp.error.authentication_required"), /authentication is configured/);
    world.assertEmpty();
  });

  it("refuses a local peer whose authmethods do not include anonymous", () => {
    const peer = new World().connect("a").hello({ roles: ALL_ROLES, authmethods: ["ticket"] });
    assert.match(assertAborted(peer, "wamp.error.no_matching_auth_method"), /anonymous/);
  });

  it("accepts authmethods that include anonymous, and an empty list", () => {
    const world = new World();
    world.join("a", { roles: ALL_ROLES, authmethods: ["ticket", "anonymous"] });
    world.join("b", { roles: ALL_ROLES, authmethods: [] });
  });

  it("answers an unknown realm with no_such_realm", () => {
    const peer = new World().connect("a").hello({ roles: ALL_ROLES }, "realm2");
    assert.match(assertAborted(peer, "wamp.error.no_such_realm"), /realm2/);
  });

  it("knows exactly the configured realms", () => {
    const world = new World({ realms: ["home", "garden"] });
    world.join("a", { roles: ALL_ROLES }, "home");
    world.join("b", { roles: ALL_ROLES }, "garden");
    assertAborted(world.connect("c").hello(), "wamp.error.no_such_realm");
  });

  it("answers a realm that is no URI with invalid_uri", () => {
    assertAborted(new World().connect("a").hello({ roles: ALL_ROLES }, "my realm"), "wamp.error.invalid_uri");
  });

  it("answers a HELLO without any client role with protocol_violation", () => {
    for (const details of [{}, { roles: {} }, { roles: { broker: {} } }, { roles: [] }, { roles: { caller: 1 } }]) {
      assertAborted(new World().connect("a").hello(details), "wamp.error.protocol_violation");
    }
  });

  it("keeps realms apart: same topic, same procedure, nothing crosses", () => {
    const world = new World({ realms: ["home", "garden"] });
    const a = world.join("a", { roles: ALL_ROLES }, "home");
    const b = world.join("b", { roles: ALL_ROLES }, "garden");
    b.subscribe("com.t");
    b.register("com.p");
    a.publish("com.t");
    a.call("com.p");
    assert.deepEqual(b.take(), []);
    a.takeError("wamp.error.no_such_procedure", 48);
    a.register("com.p");
  });

  it("refuses one session more than the realm may have, and goes on with the others", () => {
    const world = new World({ limits: { sessionsPerRealm: 2 } });
    const a = world.join("a");
    world.join("b");
    assert.match(assertAborted(world.connect("c").hello(), "pinion.error.limit_exceeded"), /realm1/);
    a.vanish();
    world.join("d");
  });

  it("lets nobody in when the authenticator throws, reports the fault and does not tell the peer", () => {
    const faults: unknown[] = [];
    const authenticator: Authenticator = () => {
      throw new Error("secret path");
    };
    const world = new World({ authenticator, report: (fault) => faults.push(fault) });
    assert.doesNotMatch(assertAborted(world.connect("a").hello(), "wamp.error.authentication_failed"), /secret/);
    assert.equal(faults.length, 1);
  });
});

describe("authentication by challenge", () => {
  const ticket =
    (rounds: number): Authenticator =>
    ({ hello }) => {
      const identity = {
        authid: String(hello.details["authid"]),
        authrole: "anonymous",
        authmethod: "ticket",
        authprovider: "test",
      };
      const ask = (left: number): AuthOutcome => ({
        kind: "challenge",
        method: "ticket",
        extra: { round: left },
        answer: (signature) => {
          if (signature !== "right")
            return { kind: "refuse", reason: uri("wamp.error.authentication_denied"), words: "no" };
          return left > 1 ? ask(left - 1) : { kind: "welcome", identity };
        },
      });
      return ask(rounds);
    };
  const applicant = { roles: ALL_ROLES, authid: "joe" };
  const answer = (signature: string): Message => ({ type: "AUTHENTICATE", signature, extra: {} });

  it("challenges, and welcomes the right answer under the authenticator's identity", () => {
    const world = new World({ authenticator: ticket(1) });
    const peer = world.connect("a", REMOTE).hello(applicant);
    assert.equal(peer.takeOne("CHALLENGE").method, "ticket");
    const { details } = peer.send(answer("right")).takeOne("WELCOME");
    assert.equal(details["authid"], "joe");
    assert.equal(details["authmethod"], "ticket");
  });

  it("may challenge a second time", () => {
    const world = new World({ authenticator: ticket(2) });
    const peer = world.connect("a").hello(applicant);
    peer.takeOne("CHALLENGE");
    assert.deepEqual(peer.send(answer("right")).takeOne("CHALLENGE").extra, { round: 1 });
    peer.send(answer("right")).takeOne("WELCOME");
  });

  it("aborts a wrong answer", () => {
    const world = new World({ authenticator: ticket(1) });
    const peer = world.connect("a").hello(applicant);
    peer.take();
    assertAborted(peer.send(answer("wrong")), "wamp.error.authentication_denied");
    world.assertEmpty();
  });

  it("aborts anything but AUTHENTICATE while challenging", () => {
    const world = new World({ authenticator: ticket(1) });
    const peer = world.connect("a").hello(applicant);
    peer.take();
    assertAborted(peer.hello(applicant), "wamp.error.protocol_violation");
  });

  it("aborts a peer that does not answer the challenge in time", () => {
    const world = new World({ authenticator: ticket(1), limits: { joinTimeout: 5_000 } });
    const peer = world.connect("a").hello(applicant);
    peer.take();
    world.wait(4_999);
    assert.equal(peer.closed, undefined);
    world.wait(1);
    assert.match(assertAborted(peer, "wamp.error.timeout"), /AUTHENTICATE/);
    world.assertEmpty();
  });

  it("holds a realm's limit also against peers that were challenged before it was reached", () => {
    const world = new World({ authenticator: ticket(1), limits: { sessionsPerRealm: 1 } });
    const first = world.connect("a").hello(applicant);
    const second = world.connect("b").hello(applicant);
    first.take();
    second.take();
    first.send(answer("right")).takeOne("WELCOME");
    assertAborted(second.send(answer("right")), "pinion.error.limit_exceeded");
  });
});

describe("before WELCOME", () => {
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
      payload: { args: [], kwargs: {}, elements: 0, encoded: () => new Uint8Array() },
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
});
