/** Beginnings and endings that several tests share: who has joined, what they hold, and what must be true afterwards. */
import assert from "node:assert/strict";
import type { Message } from "../../packages/wamp/index.ts";
import type { RouterOptions } from "../../router-bridge/router/index.ts";
import { ALL_ROLES, id, PLAIN_ROLES, types, uri, World, type Of, type Peer } from "./world.ts";

export interface Trio {
  readonly world: World;
  readonly a: Peer;
  readonly b: Peer;
  readonly c: Peer;
}

export function trio(options: Partial<RouterOptions> = {}): Trio {
  const world = new World(options);
  return { world, a: world.join("a"), b: world.join("b"), c: world.join("c") };
}

export interface Scene {
  readonly world: World;
  readonly caller: Peer;
  readonly callee: Peer;
  readonly other: Peer;
}

/** `plain`: the callee announces no features. */
export function scene(options: Partial<RouterOptions> & { readonly plain?: boolean } = {}): Scene {
  const { plain = false, ...rest } = options;
  const world = new World(rest);
  const callee = world.join("callee", { roles: plain ? PLAIN_ROLES : ALL_ROLES });
  return { world, callee, caller: world.join("caller"), other: world.join("other") };
}

/** A peer that holds one of everything, and one that waits for it and on whom it waits. */
export function entangled(options: Partial<RouterOptions> = {}): { world: World; peer: Peer; friend: Peer } {
  const world = new World(options);
  const peer = world.join("peer");
  const friend = world.join("friend");
  peer.subscribe("com.t");
  peer.register("com.p");
  friend.register("com.f");
  friend.call("com.p");
  peer.call("com.f", [], { timeout: 60_000 });
  peer.take();
  friend.take();
  return { world, peer, friend };
}

/** After the end of an entangled peer: its friend was told, and nothing of it is left. */
export function assertDisposed(world: World, friend: Peer): void {
  assert.deepEqual(types(friend.take()).toSorted(), ["ERROR", "INTERRUPT"]);
  assert.deepEqual(
    { ...world.router.size() },
    { sessions: 1, members: 1, subscriptions: 0, registrations: 1, pendingCalls: 0, deadlines: 0 },
  );
  friend.publish("com.t");
  friend.call("com.p");
  friend.takeError("wamp.error.no_such_procedure", 48);
}

/** The words of the ABORT. */
export function assertAborted(peer: Peer, reason: string): string {
  const abort = peer.takeOne("ABORT");
  assert.equal(abort.reason, reason);
  assert.ok(peer.closed, "the connection is closed after ABORT");
  return String(abort.details["message"]);
}

/** Everything received since the last look, which must be events. */
export function events(peer: Peer): Of<"EVENT">[] {
  return peer.take().map((message) => {
    assert.ok(message.type === "EVENT", `${peer.name} received ${message.type}`);
    return message;
  });
}

export function register(peer: Peer, procedure: string, options = {}): Peer {
  return peer.send({ type: "REGISTER", request: peer.nextRequest(), options, procedure: uri(procedure) });
}

export const goodbye = (reason = "wamp.close.normal"): Message => ({
  type: "GOODBYE",
  details: {},
  reason: uri(reason),
});

export const subscribe = (request: number): Message => ({
  type: "SUBSCRIBE",
  request: id(request),
  options: {},
  topic: uri("com.t"),
});
