import assert from "node:assert/strict";
import { it } from "node:test";
import type { Authenticator } from "../../router-bridge/router/index.ts";
import { assertAborted } from "./scenes.ts";
import { ALL_ROLES, REMOTE, World } from "./world.ts";

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
        event_retention: true,
        pattern_based_subscription: true,
        payload_passthru_mode: true,
        publication_trustlevels: true,
        publisher_exclusion: true,
        publisher_identification: true,
        session_meta_api: true,
        subscriber_blackwhite_listing: true,
        subscription_meta_api: true,
        subscription_revocation: true,
      },
    },
    dealer: {
      features: {
        call_canceling: true,
        call_reroute: true,
        call_timeout: true,
        call_trustlevels: true,
        caller_identification: true,
        pattern_based_registration: true,
        payload_passthru_mode: true,
        progressive_call_invocations: true,
        progressive_call_results: true,
        registration_meta_api: true,
        session_meta_api: true,
        registration_revocation: true,
        shared_registration: true,
        testament_meta_api: true,
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
