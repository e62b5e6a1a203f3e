import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorUri, payloadOf, toId, type Dict, type RegistrationId, type SessionId } from "@pinion/wamp";
import type { RegisterOptions } from "@pinion/wamp/client";
import { RouterHost } from "../support/router-host.ts";
import { type ScriptedPeer, ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const REVOKING = { dealer: { features: { registration_revocation: true } } };

async function forcing(options: RegisterOptions, roles: Dict = REVOKING, authid = "pump") {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  const { client } = testClient(clock, router.connector);
  const registering = client.register("device.gpio.set", () => 1, options);
  registering.catch(() => {});
  client.open();
  await settle();
  const welcome = (peer: ScriptedPeer): Promise<void> =>
    peer.say({ type: "WELCOME", session: toId<SessionId>(1), details: { roles, authid } });
  await welcome(router.last);
  return { client, clock, router, registering, welcome };
}

/** The options of every REGISTER so far. */
const asked = (peer: ScriptedPeer): unknown[] => peer.all("REGISTER").map(({ options }) => options);

test("force is sent to a dealer that announces registration_revocation", async () => {
  const { router } = await forcing({ force: true, match: "prefix" });
  assert.deepEqual(asked(router.last), [{ match: "prefix", force_reregister: true }]);
});

test("force is not sent to a dealer that does not announce it, nor when it was not wished", async () => {
  const { router } = await forcing({ force: true }, { dealer: {} });
  assert.deepEqual(asked(router.last), [{}]);
  for (const options of [{}, { force: false }]) assert.deepEqual(asked((await forcing(options)).router.last), [{}]);
});

test("force for an authid is sent only when the router welcomed the client as that one", async () => {
  const mine = await forcing({ force: { authid: "pump" } });
  assert.deepEqual(asked(mine.router.last), [{ force_reregister: true }]);
  const other = await forcing({ force: { authid: "pump" } }, REVOKING, "XQ3RANDOM");
  assert.deepEqual(asked(other.router.last), [{}]);
});

test("a client that was evicted asks again without force, and with force in its next session", async () => {
  const { client, clock, router, registering, welcome } = await forcing({ force: true });
  const { last } = router;
  const registration = toId<RegistrationId>(7);
  await last.say({ type: "REGISTERED", request: last.only("REGISTER").request, registration });
  await registering;
  await last.say({ type: "UNREGISTERED", request: 0, details: { registration, reason: "by force" } });
  assert.equal(client.status.unrestored.length, 1, "its owner sees that it is gone");
  await clock.advance(1_000);
  assert.deepEqual(asked(last), [{ force_reregister: true }, {}]);
  const request = last.all("REGISTER").at(-1)?.request ?? toId(1);
  const error = ErrorUri.procedureAlreadyExists;
  await last.say({ type: "ERROR", requestType: 64, request, details: {}, error, payload: payloadOf() });
  assert.match(String(client.status.unrestored[0]?.error), /already_exists/);
  last.transport.abort();
  await clock.advance(1_000);
  await welcome(router.last);
  assert.deepEqual(asked(router.last), [{ force_reregister: true }]);
  await client.close();
});

test("a board that lost power has its procedures back at once; another board still collides with it", async () => {
  const clock = new VirtualClock();
  const host = new RouterHost(clock, {
    authenticator: ({ hello }) => {
      const authid = String(hello.details["authid"]);
      return { kind: "welcome", identity: { authid, authrole: "device", authmethod: "test", authprovider: "test" } };
    },
    authorizer: { authorize: () => ({ allowed: true }) },
  });
  const boot = async (authid: string, answer: string) => {
    const { client } = testClient(clock, host.connector, { authid });
    const registering = client.register("device.gpio.set", () => answer, { force: { authid: "pump" } });
    registering.catch(() => {});
    client.open();
    await settle();
    return { client, registering };
  };
  const ghost = await boot("pump", "the ghost");
  await ghost.registering;
  const board = await boot("pump", "the board");
  await board.registering;
  assert.equal(board.client.state, "ready");
  const { client: caller } = testClient(clock, host.connector, { authid: "viewer" });
  caller.open();
  await settle();
  assert.deepEqual((await caller.call("device.gpio.set")).args, ["the board"]);
  const door = await boot("door", "the door");
  await assert.rejects(door.registering, /already_exists/);
  for (const { client } of [ghost, board, door, { client: caller }]) await client.close();
});
