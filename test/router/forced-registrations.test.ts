import assert from "node:assert/strict";
import { it } from "node:test";
import type { Authenticator, Authorizer, RouterOptions } from "../../router-bridge/router/index.ts";
import { register } from "./scenes.ts";
import { World, type Peer } from "./world.ts";

const REVOCABLE = {
  caller: {},
  callee: { features: { call_canceling: true, registration_revocation: true } },
};
const FORCE = { force_reregister: true };

/** Lets everybody in as who they say they are: `role/name` in HELLO. */
const byName: Authenticator = ({ hello }) => {
  const [authrole = "", authid = ""] = String(hello.details["authid"]).split("/");
  return { kind: "welcome", identity: { authid, authrole, authmethod: "test", authprovider: "test" } };
};
const everything: Authorizer = { authorize: () => ({ allowed: true }) };

function world(options: Partial<RouterOptions> = {}): { world: World; join: (who: string, roles?: object) => Peer } {
  const made = new World({ authenticator: byName, authorizer: everything, ...options });
  return { world: made, join: (who, roles = REVOCABLE) => made.join(who, { roles, authid: who }) };
}

it("gives a board that lost power its procedure back at once, and tells its ghost", () => {
  const { world: made, join } = world();
  const ghost = join("device/pump");
  const old = ghost.register("device.gpio.set");
  const board = join("device/pump");
  const id = board.register("device.gpio.set", FORCE);
  const revoked = ghost.takeOne("UNREGISTERED");
  assert.equal(revoked.request, 0);
  assert.equal(revoked.details?.["registration"], old);
  assert.match(String(revoked.details?.["reason"]), /force/);
  assert.notEqual(id, old, "a registration of its own");
  assert.equal(made.router.size().registrations, 1);
  const caller = join("viewer/x");
  caller.call("device.gpio.set");
  assert.equal(board.takeOne("INVOCATION").registration, id);
  ghost.vanish();
  caller.call("device.gpio.set");
  board.takeOne("INVOCATION");
});

it("keeps silent towards a callee that did not announce registration_revocation", () => {
  const { join } = world();
  const ghost = join("device/pump", { callee: {} });
  ghost.register("com.p");
  join("device/pump").register("com.p", FORCE);
  assert.deepEqual(ghost.take(), []);
});

it("answers a force against another authid, or another role, with procedure_already_exists", () => {
  const { join } = world();
  const owner = join("device/pump");
  owner.register("com.p");
  for (const who of ["device/door", "viewer/pump"]) {
    register(join(who), "com.p", FORCE).takeError("wamp.error.procedure_already_exists", 64);
  }
  assert.deepEqual(owner.take(), []);
  join("viewer/x").call("com.p");
  owner.takeOne("INVOCATION");
});

it("keeps anonymous sessions apart: two boards without credentials collide as before", () => {
  const made = new World();
  const [first, second] = [made.join("a"), made.join("b")];
  first.register("com.p");
  register(second, "com.p", FORCE).takeError("wamp.error.procedure_already_exists", 64);
  assert.deepEqual(first.take(), []);
});

it("lets a role take any procedure if the authorizer says so", () => {
  const authorizer: Authorizer = {
    authorize: ({ identity }) => ({ allowed: true, evict: identity.authrole === "backend" }),
  };
  const { join } = world({ authorizer });
  const owner = join("device/pump");
  owner.register("com.p");
  join("backend/b").register("com.p", FORCE);
  owner.takeOne("UNREGISTERED");
});

it("asks the authorizer first: who may not register takes nothing", () => {
  const authorizer: Authorizer = {
    authorize: ({ id }, action) =>
      action === "register" && id !== owner.sessionId
        ? { allowed: false, reason: "wamp.error.not_authorized" as never, words: "no" } // a literal that is a URI
        : { allowed: true },
  };
  const { join } = world({ authorizer });
  const owner = join("device/pump");
  owner.register("com.p");
  register(join("device/pump"), "com.p", FORCE).takeError("wamp.error.not_authorized", 64);
  assert.deepEqual(owner.take(), []);
});

it("takes nothing without force, and nothing needs to be there to use it", () => {
  const { join } = world();
  const owner = join("device/pump");
  owner.register("com.p", FORCE);
  register(join("device/pump"), "com.p").takeError("wamp.error.procedure_already_exists", 64);
  assert.deepEqual(owner.take(), []);
});

it("lets the evicted callee answer what it was invoked for", () => {
  const { join } = world();
  const caller = join("viewer/x");
  const ghost = join("device/pump");
  ghost.register("com.p");
  caller.call("com.p");
  ghost.takeOne("INVOCATION");
  join("device/pump").register("com.p", FORCE);
  ghost.takeOne("UNREGISTERED");
  ghost.yield(1, [7]);
  assert.deepEqual(caller.takeOne("RESULT").payload.args, [7]);
});

it("fails what the evicted callee was invoked for when that one leaves", () => {
  const { world: made, join } = world();
  const caller = join("viewer/x");
  const ghost = join("device/pump");
  ghost.register("com.p");
  caller.call("com.p");
  const board = join("device/pump");
  board.register("com.p", FORCE);
  ghost.vanish();
  caller.takeError("wamp.error.canceled", 48);
  board.vanish();
  caller.vanish();
  made.assertEmpty();
});

it("has no registration left to unregister for the evicted callee", () => {
  const { join } = world();
  const ghost = join("device/pump");
  const id = ghost.register("com.p");
  const board = join("device/pump");
  board.register("com.p", FORCE);
  ghost.take();
  ghost.unregister(id).takeError("wamp.error.no_such_registration", 66);
  join("viewer/x").call("com.p");
  board.takeOne("INVOCATION");
});

it("evicts only the own ghost from a shared registration, whose id the others keep", () => {
  const { join } = world();
  const shared = { invoke: "first" };
  const ghost = join("device/pump");
  const other = join("device/door");
  const id = ghost.register("com.p", shared);
  other.register("com.p", shared);
  const board = join("device/pump");
  assert.equal(board.register("com.p", { ...shared, ...FORCE }), id);
  ghost.takeOne("UNREGISTERED");
  assert.deepEqual(other.take(), []);
  join("viewer/x").call("com.p");
  other.takeOne("INVOCATION");
});

it("takes nothing when the others in a shared registration keep it from registering all the same", () => {
  const { join } = world();
  const ghost = join("device/pump");
  const shared = { invoke: "first" };
  ghost.register("com.p", shared);
  join("device/door").register("com.p", shared);
  const board = join("device/pump");
  register(board, "com.p", FORCE).takeError("wamp.error.procedure_already_exists", 64);
  assert.deepEqual(ghost.take(), []);
});

it("lets a shared registration become a single one when all who shared it are the own ghosts", () => {
  const { join } = world();
  const ghosts = [join("device/pump"), join("device/pump")];
  for (const ghost of ghosts) ghost.register("com.p", { invoke: "roundrobin" });
  const board = join("device/pump");
  board.register("com.p", FORCE);
  for (const ghost of ghosts) ghost.takeOne("UNREGISTERED");
  register(join("device/door"), "com.p").takeError("wamp.error.procedure_already_exists", 64);
});
