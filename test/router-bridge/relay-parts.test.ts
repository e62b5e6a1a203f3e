import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { payloadOf, toId, toUri, type Message, type RequestId } from "@pinion/wamp";
import { serializers, type SerializerName } from "@pinion/wamp/serializer";
import { connect } from "@pinion/client";
import { encodeFrame, FrameType } from "net-socket-raw-framing";
import { webSocketFrame, webSocketFrames } from "../../router-bridge/listeners/web-socket-frame.ts";
import { messageCode } from "../../router-bridge/relay/message-code.ts";
import { parseUpstreamUrl, reachesThisMachine } from "../../router-bridge/relay/upstream-address.ts";
import { eventually, startBridge, temporaryFolder } from "../support/router-bridge-fixture.ts";
import { Talk, talk } from "../support/router-bridge-talk.ts";
import { relayTo, scriptedUpstream, WELCOME } from "../support/router-bridge-upstream.ts";

const names: readonly SerializerName[] = ["json", "msgpack", "cbor"];

test("what is over the receiver's limit is answered, replaced or dropped, never waited for", async (t) => {
  const upstream = await scriptedUpstream(t, { maxReceive: 1024 });
  const { at, bridge } = await startBridge(t, relayTo(upstream.url));
  const client = new Talk(await connect(`rs://${at}`, { serializer: "json", maxMessageSize: 1024 }));
  t.after(() => client.transport.abort());
  client.send({ type: "HELLO", realm: toUri("r"), details: { roles: { caller: {} } } });
  const connection = await eventually(() => upstream.connections[0], "the relay's connection");
  connection.send(Buffer.from(WELCOME));
  await client.expect("WELCOME");
  const big = "x".repeat(2000);
  connection.send(Buffer.from(`[50,7,{},["${big}"]]`));
  const result = await client.expect("ERROR");
  assert.deepEqual([result.requestType, result.request, result.error], [48, 7, "wamp.error.payload_size_exceeded"]);
  connection.send(Buffer.from(`[8,48,8,{},"some.error",["${big}"]]`));
  assert.equal((await client.expect("ERROR")).request, 8);
  connection.send(Buffer.from(`[68,9,1,{},["${big}"]]`));
  await eventually(() => upstream.received.length === 2, "an ERROR for the router");
  assert.match(upstream.received[1] ?? "", /^\[8,68,9,\{\},"wamp\.error\.payload_size_exceeded"/);
  connection.send(Buffer.from(`[36,1,2,{},["${big}"]]`));
  client.call("a.b", [big]);
  const call = await client.expect("ERROR");
  assert.deepEqual([call.requestType, call.request], [48, 1]);
  client.publish("a.b", [big], { acknowledge: true });
  assert.equal((await client.expect("ERROR")).requestType, 16);
  client.send({ type: "YIELD", request: toId<RequestId>(3), options: {}, payload: payloadOf([big]) });
  await eventually(() => upstream.received.length === 3, "an ERROR for the router");
  assert.match(upstream.received[2] ?? "", /^\[8,68,3,/);
  client.publish("a.b", [big]);
  await eventually(() => bridge.counters.get("oversizeDropped") === 2, "two drops");
  assert.equal(bridge.counters.get("oversizeAnswered"), 6);
});

test("upstream URLs are read in all spellings, and what is none is told", () => {
  const tcp = { kind: "raw-socket", host: "a.example", port: 9 } as const;
  assert.deepEqual(parseUpstreamUrl("rs://a.example:9"), { ...tcp, tls: false });
  assert.deepEqual(parseUpstreamUrl("tcp://a.example:9"), { ...tcp, tls: false });
  assert.deepEqual(parseUpstreamUrl("rss://a.example:9/"), { ...tcp, tls: true });
  assert.deepEqual(parseUpstreamUrl("tcps://a.example:9"), { ...tcp, tls: true });
  for (const url of ["unix:///run/x", "unix+rs:///run/x", "rs://unix:/run/x"]) {
    assert.deepEqual(parseUpstreamUrl(url), { kind: "raw-socket-unix", path: "/run/x" });
  }
  assert.deepEqual(parseUpstreamUrl("wss://a.example/ws"), {
    kind: "websocket",
    url: "wss://a.example/ws",
    host: "a.example",
  });
  for (const url of ["", "x", "http://a:1", "rs://a", "rs://a:1/path", "ws://a/#f", "rs://:1"]) {
    assert.ok("fault" in parseUpstreamUrl(url), url);
  }
  const local = parseUpstreamUrl("rs://[::1]:9");
  assert.ok(!("fault" in local) && reachesThisMachine(local));
});

test("the code of a message is read from its first octets in every serializer", () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.constantFrom(1, 2, 3, 6, 8, 16, 36, 48, 70), (name, code) => {
      const json = JSON.stringify([code, 1, {}]);
      const head = name === "json" ? Buffer.from(json) : Buffer.from([name === "cbor" ? 0x83 : 0x93]);
      const value = name === "cbor" && code > 23 ? [0x18, code] : [code];
      const octets = name === "json" ? head : Buffer.concat([head, Buffer.from(value)]);
      assert.equal(messageCode(octets, name), code);
    }),
  );
  const goodbye: Message = { type: "GOODBYE", details: {}, reason: toUri("wamp.close.normal") };
  for (const name of names) assert.equal(messageCode(serializers[name].marshal(goodbye), name), 6);
  assert.equal(messageCode(Buffer.from(' [\n 6 ,{},"a"]'), "json"), 6);
  assert.equal(messageCode(Buffer.from([0xdc, 0, 3, 0xcc, 6]), "msgpack"), 6);
  assert.equal(messageCode(Buffer.from([0xdd, 0, 0, 0, 3, 6]), "msgpack"), 6);
  assert.equal(messageCode(Buffer.from([0x9f, 6]), "cbor"), 6);
  assert.equal(messageCode(Buffer.from([0x98, 3, 0x18, 70]), "cbor"), 70);
});

test("reading a code never fails, whatever the octets", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), fc.constantFrom(...names), (octets, name) => {
      const code = messageCode(octets, name);
      assert.ok(code === undefined || (code >= 0 && code <= 255));
    }),
  );
});

test("the code of a message among others is that of the message alone, whatever lies around it", () => {
  const first = fc.constantFrom(0x5b, 0x20, 0x0a, 0x31, 0x36, 0x93, 0x9f, 0xdc, 0xcc, 0x81, 0x98, 0x18, 2, 3, 6, 0);
  const few = fc.array(first, { maxLength: 6 }).map((octets) => Uint8Array.from(octets));
  fc.assert(
    fc.property(few, few, few, fc.constantFrom(...names), (before, octets, after, name) => {
      const all = Buffer.concat([before, octets, after]);
      const end = before.length + octets.length;
      assert.equal(messageCode(all, name, before.length, end), messageCode(octets, name));
    }),
    { numRuns: 2000 },
  );
});

test("a run of a raw socket's frames becomes the frames that its messages have one by one", () => {
  const length = fc.oneof(fc.integer({ min: 0, max: 130 }), fc.integer({ min: 250, max: 260 }), fc.constant(0xffff));
  fc.assert(
    fc.property(fc.array(length, { maxLength: 20 }), fc.boolean(), (lengths, binary) => {
      const messages = lengths.map((size, i) => new Uint8Array(size).fill(i + 1));
      const run = Buffer.concat(messages.map((one) => encodeFrame(FrameType.MESSAGE, one, { maxLength: 0xffff })));
      const before = Buffer.from(run);
      const expected = Buffer.concat(messages.map((one) => webSocketFrame(one, binary)));
      assert.ok(Buffer.from(webSocketFrames(run, binary)).equals(expected));
      assert.ok(run.equals(before));
    }),
  );
});

test("a relay reaches a router over TLS by raw socket and WebSocket, and refuses one it cannot trust", async (t) => {
  const folder = temporaryFolder(t);
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", [...kind, ...names, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const inner = await startBridge(t, `listen:\n  - { tcp: "localhost:0", tls: { cert: ${cert}, key: ${key} } }\n`);
  const at = `localhost:${String(inner.port)}`;
  for (const url of [`rss://${at}`, `wss://${at}/ws`]) {
    const relay = await startBridge(t, relayTo(url, `, ca: ${cert}`));
    await (await talk(t, `ws://${relay.at}/ws`)).join();
    const distrustful = await startBridge(t, relayTo(url));
    const refused = await talk(t, `ws://${distrustful.at}/ws`);
    refused.send({ type: "HELLO", realm: toUri("realm1"), details: { roles: { caller: {} } } });
    const abort = await refused.expect("ABORT");
    assert.equal(abort.reason, "wamp.error.unavailable");
    assert.match(String(abort.details["message"]), /certificate|self.signed/i);
  }
});

test("an authority file that cannot be read stops the start with tls_file_unreadable", async (t) => {
  await assert.rejects(startBridge(t, relayTo("rss://localhost:1", ", ca: /nowhere/ca.pem")), {
    code: "tls_file_unreadable",
  });
});
