/** Each code of UsageError that the client reports, by name. `not_serializable` is the serializers'. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError, type UsageErrorCode } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import { ClientSession } from "../../packages/wamp/client/client-session.ts";
import { toUri } from "@pinion/wamp";
import { RouterHost } from "../support/router-host.ts";
import { testClient } from "../support/test-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

async function joined(): Promise<{ client: Client; host: RouterHost }> {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const { client } = testClient(clock, host.connector, { limits: { waitingCalls: 1 } });
  client.open();
  await client.ready();
  return { client, host };
}

async function codeOf(promise: Promise<unknown>): Promise<UsageErrorCode> {
  const error: unknown = await promise.then(
    () => assert.fail("it was done all the same"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof UsageError, String(error));
  assert.match(error.message, / .* /, "words for people");
  return error.code;
}

test("not_connected: a publication without a session, or a session that does not exist yet", async () => {
  const clock = new VirtualClock();
  const { client } = testClient(clock, new RouterHost(clock).connector);
  assert.equal(await codeOf(client.publish("a.b")), "not_connected");
  const listener = {} as never; // not reached: the session refuses before
  const session = new ClientSession(toUri("realm1"), { send: () => true, close: () => {} }, listener);
  assert.throws(() => session.announce(() => assert.fail("built")), { code: "not_connected" });
});

test("session_closed: anything after close", async () => {
  const { client } = await joined();
  await client.close();
  assert.equal(await codeOf(client.call("a.b")), "session_closed");
});

test("invalid_option: a wrong URI, time, limit or realm", async () => {
  const { client } = await joined();
  assert.equal(await codeOf(client.call("a b")), "invalid_option");
  assert.equal(await codeOf(client.close("no reason")), "invalid_option");
  const clock = new VirtualClock();
  const { connector } = new RouterHost(clock);
  const wrong = [{ realm: "a b" }, { joinTimeout: 0 }, { callTimeout: -1 }, { limits: { pendingCalls: 0 } }];
  for (const options of wrong) {
    assert.throws(() => testClient(clock, connector, options), { code: "invalid_option" }, JSON.stringify(options));
  }
});

test("already_registered: the same procedure and match twice in one client", async () => {
  const { client } = await joined();
  await client.register("a.b", () => 1);
  assert.equal(await codeOf(client.register("a.b", () => 2)), "already_registered");
  await client.register("a.b", () => 3, { match: "prefix" });
});

test("limit_exceeded: more waiting calls than allowed", async () => {
  const { client, host } = await joined();
  host.crash();
  await new Promise((next) => setImmediate(next));
  client.call("a.b").catch(() => {});
  assert.equal(await codeOf(client.call("a.c")), "limit_exceeded");
  await client.close();
});

test("aborted: by the caller's signal", async () => {
  const { client } = await joined();
  const controller = new AbortController();
  controller.abort();
  const { signal } = controller;
  assert.equal(await codeOf(client.call("a.b", [], {}, { signal })), "aborted");
  assert.equal(await codeOf(client.publish("a.b", [], {}, { signal })), "aborted");
  assert.equal(await codeOf(client.register("a.b", () => 1, { signal })), "aborted");
  assert.equal(await codeOf(client.subscribe("a.b", () => {}, { signal })), "aborted");
  assert.equal(await codeOf(client.ready(signal)), "aborted");
});
