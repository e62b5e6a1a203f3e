/** Opaque payloads between two clients of a real router-bridge, over transports of different serializers. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { connect, nodeClient } from "@pinion/client";
import { ApplicationError, payloadOf, UsageError } from "@pinion/wamp";
import { result, type Client, type ReceivedEvent } from "@pinion/wamp/client";
import type { SerializerName } from "@pinion/wamp/serializer";
import { eventually, startBridge } from "../support/router-bridge-fixture.ts";
import { Talk, talk } from "../support/router-bridge-talk.ts";
import { ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const ARGS = [1, "two", Uint8Array.of(0, 255), { three: [null, 2.5] }];
const KWARGS = { k: { nested: true } };

async function clients(t: TestContext, ...serializers: SerializerName[]): Promise<{ at: string; clients: Client[] }> {
  const { at } = await startBridge(t);
  const made = serializers.map((serializer) => nodeClient(`rs://${at}`, { serializer, reconnect: false }));
  for (const client of made) {
    t.after(() => client.close());
    client.open();
    await client.ready();
  }
  return { at, clients: made };
}

for (const serializer of ["json", "msgpack", "cbor"] as const) {
  test(`calls, results and events packed in ${serializer} arrive as they were sent`, async (t) => {
    const { clients: pair } = await clients(t, "json", "msgpack");
    const [caller, callee] = pair;
    assert.ok(caller && callee);
    const ppt = { scheme: "x_house", serializer };
    await callee.register("com.p", ({ args, kwargs, details, progress }) => {
      assert.equal(details["ppt_scheme"], "x_house");
      progress(result(["half"], {}, { ppt }));
      return result(args, kwargs, { ppt });
    });
    const parts: unknown[] = [];
    const answer = await caller.call("com.p", ARGS, KWARGS, { ppt, onProgress: ({ args }) => parts.push(...args) });
    assert.deepEqual([answer.args, answer.kwargs, answer.details["ppt_serializer"]], [ARGS, KWARGS, serializer]);
    assert.deepEqual(parts, ["half"]);
    const events: ReceivedEvent[] = [];
    await callee.subscribe("com.t", (event) => void events.push(event));
    await caller.publish("com.t", ARGS, KWARGS, { ppt, acknowledge: true });
    const [event] = await eventually(() => events.length > 0 && events, "the event");
    assert.deepEqual([event?.args, event?.kwargs, event?.details["ppt_scheme"]], [ARGS, KWARGS, "x_house"]);
  });
}

test("the router sees one binary value; what is encrypted stays as the application made it", async (t) => {
  const { at, clients: made } = await clients(t, "cbor");
  const [client] = made;
  assert.ok(client);
  const raw: Talk = await (await talk(t, `rs://${at}`)).join();
  await raw.subscribe("com.t");
  await client.publish("com.t", [1], { k: 2 }, { ppt: { scheme: "x_house", serializer: "json" } });
  const packed = await raw.expect("EVENT");
  const [octets, ...more] = packed.payload.args;
  assert.ok(octets instanceof Uint8Array && more.length === 0);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(octets)), { args: [1], kwargs: { k: 2 } });
  const sealed = Uint8Array.of(9, 8, 7);
  const ppt = { scheme: "wamp", serializer: "cbor", cipher: "aes256gcm", keyid: "0x1" };
  await client.publish("com.t", [sealed], {}, { ppt });
  const { details, payload } = await raw.expect("EVENT");
  assert.deepEqual(payload.args, [sealed]);
  assert.deepEqual(details, {
    ppt_scheme: "wamp",
    ppt_serializer: "cbor",
    ppt_cipher: "aes256gcm",
    ppt_keyid: "0x1",
  });
});

test("parts of a call are packed and unpacked like its first", async (t) => {
  const { clients: pair } = await clients(t, "json", "cbor");
  const [caller, callee] = pair;
  assert.ok(caller && callee);
  await callee.register("com.sum", async ({ args, parts }) => {
    const all = [...args];
    for await (const part of parts) all.push(...part.args);
    return all.reduce<number>((sum, value) => sum + Number(value), 0);
  });
  const call = caller.callInParts("com.sum", [1], {}, { ppt: { scheme: "x_house", serializer: "msgpack" } });
  call.send([2]);
  assert.deepEqual((await call.end([3])).args, [6]);
});

test("a packed payload that is none fails the call, and is told for an event", async (t) => {
  const { at, clients: made } = await clients(t, "json");
  const [client] = made;
  assert.ok(client);
  const raw = new Talk(await connect(`rs://${at}`));
  t.after(() => raw.transport.abort());
  const features = { payload_passthru_mode: true };
  raw.send({
    type: "HELLO",
    realm: "realm1" as never, // a literal
    details: { roles: { caller: { features }, publisher: { features } } },
  });
  await raw.expect("WELCOME");
  await client.register("com.p", () => "never");
  for (const octets of [Uint8Array.of(0x5b), new TextEncoder().encode("[1]"), new TextEncoder().encode('1],{"a":[1')]) {
    raw.send({
      type: "CALL",
      request: raw.id(),
      options: { ppt_scheme: "x_house", ppt_serializer: "json" },
      procedure: "com.p" as never, // a literal
      payload: payloadOf([octets]),
    });
    assert.equal((await raw.expect("ERROR")).error, "wamp.error.invalid_payload");
  }
});

test("a scheme that is none, and a cipher without sealed octets, are invalid options", async () => {
  const router = new ScriptedRouter();
  const { client } = testClient(new VirtualClock(), router.connector);
  client.open();
  await settle();
  await router.last.welcome({ broker: { features: { payload_passthru_mode: true } }, dealer: {} });
  const invalid = (error: unknown): boolean => error instanceof UsageError && error.code === "invalid_option";
  const publish = (args: readonly unknown[], ppt: { scheme: string; cipher?: string }): Promise<unknown> =>
    client.publish("com.t", args, {}, { ppt, acknowledge: true, timeout: 1 });
  await assert.rejects(publish([], { scheme: "own" }), invalid);
  await assert.rejects(publish([], { scheme: "" }), invalid);
  await assert.rejects(publish(["clear"], { scheme: "x_own", cipher: "aes256gcm" }), invalid);
  await assert.rejects(
    client.call("com.p", [], {}, { ppt: { scheme: "x_own" } }),
    invalid,
    "the dealer does not know it",
  );
  assert.equal(router.last.all("PUBLISH").length + router.last.all("CALL").length, 0);
});

test("an error with an opaque payload carries what was packed", async (t) => {
  const { at, clients: made } = await clients(t, "msgpack");
  const [caller] = made;
  assert.ok(caller);
  const raw = new Talk(await connect(`rs://${at}`));
  t.after(() => raw.transport.abort());
  const roles = { callee: { features: { payload_passthru_mode: true } } };
  raw.send({ type: "HELLO", realm: "realm1" as never, details: { roles } }); // a literal
  await raw.expect("WELCOME");
  await raw.register("com.p");
  const call = caller.call("com.p");
  const { request } = await raw.expect("INVOCATION");
  const payload = payloadOf([new TextEncoder().encode('{"args":["why"],"kwargs":{"n":1}}')]);
  const details = { ppt_scheme: "x_house", ppt_serializer: "json" };
  raw.send({ type: "ERROR", requestType: 68, request, details, error: "com.example.no" as never, payload }); // a literal
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof ApplicationError);
    assert.deepEqual([error.uri, error.args, error.kwargs], ["com.example.no", ["why"], { n: 1 }]);
    return true;
  });
});
