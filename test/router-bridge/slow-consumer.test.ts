import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import type { Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { payloadOf, toId, toUri, type Message, type PublicationId, type SubscriptionId } from "@pinion/wamp";
import { WebSocket, type RawData } from "ws";
import { once } from "node:events";
import { connectRawSocket } from "net-socket-raw-framing/node";
import { Outgoing } from "../../router-bridge/encoded.ts";
import { HIGH_WATER, joinSmall, Outbox } from "../../router-bridge/listeners/outbox.ts";
import { eventually, heard, startBridge } from "../support/router-bridge-fixture.ts";
import { Talk, talk } from "../support/router-bridge-talk.ts";
import { connect } from "@pinion/client";

const BLOCK = "x".repeat(60_000);

function event(text: string): Message {
  return {
    type: "EVENT",
    subscription: toId<SubscriptionId>(1),
    publication: toId<PublicationId>(2),
    details: {},
    payload: payloadOf([text]),
  };
}

test("one message is serialized once for each serializer and framed once for each transport", () => {
  const outgoing = new Outgoing(event("a"));
  const encoded = outgoing.encoded("json");
  assert.equal(outgoing.encoded("json"), encoded);
  assert.equal(encoded.rawSocketFrame, encoded.rawSocketFrame);
  assert.equal(encoded.webSocketFrame, encoded.webSocketFrame);
  assert.notEqual(outgoing.encoded("cbor").octets, encoded.octets);
});

test("frames of one turn leave a WebSocket's outbox in one write", async () => {
  const stream = new PassThrough();
  const writes: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => writes.push(chunk));
  const outbox = new Outbox(stream as unknown as Socket); // the outbox uses what every stream has
  for (let i = 0; i < 100; i++) assert.equal(outbox.add(Uint8Array.of(i)), true);
  assert.equal(writes.length, 0);
  assert.equal(outbox.bufferedAmount, 100);
  await once(stream, "data");
  // A second write would come in one of these turns.
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
  assert.equal(writes.length, 1);
  assert.deepEqual(
    [...(writes[0] ?? [])],
    Array.from({ length: 100 }, (_, i) => i),
  );
  assert.equal(outbox.bufferedAmount, 0);
});

test("small frames are joined around large ones, in order, and large ones are not copied", () => {
  const large = new Uint8Array(5000).fill(7);
  const parts = joinSmall([Uint8Array.of(1), Uint8Array.of(2), large, Uint8Array.of(3), Uint8Array.of(4)]);
  assert.deepEqual(
    parts.map(({ length }) => length),
    [2, 5000, 2],
  );
  assert.equal(parts[1], large);
});

test("an outbox over its high-water mark says so and keeps the frame all the same", () => {
  const stream = new PassThrough();
  const outbox = new Outbox(stream as unknown as Socket); // the outbox uses what every stream has
  assert.equal(outbox.add(new Uint8Array(HIGH_WATER)), true);
  assert.equal(outbox.add(new Uint8Array(1)), false);
  assert.equal(outbox.bufferedAmount, HIGH_WATER + 1);
  outbox.flush();
});

for (const transport of ["rs", "ws"] as const) {
  test(`a ${transport} subscriber that stops reading costs the others nothing, is dropped and told why`, async (t) => {
    const yaml = "limits: { queueOctets: 200000, queueHardOctets: 400000, goodbyeTimeout: 50 }";
    const { at, bridge, warned } = await startBridge(t, yaml);
    const fast = await (await talk(t, `rs://${at}`, "json")).join();
    await fast.subscribe("load");
    const stuck = await stuckSubscriber(t, transport, at);
    const publisher = await (await talk(t, `rs://${at}`, "json")).join();
    let published = 0;
    while (bridge.counters.get("slowConsumers") === 0) {
      publisher.publish("load", [published++, BLOCK], { acknowledge: true });
      await publisher.expect("PUBLISHED");
      const got = await fast.expect("EVENT");
      assert.equal(got.payload.args[0], published - 1);
      assert.ok(published < 2000, "the stuck subscriber was never dropped");
    }
    assert.equal((await warned("slow_consumer")).level, "warn");
    publisher.publish("load", ["after"]);
    assert.equal((await fast.expect("EVENT")).payload.args[0], "after");
    assert.match(await stuck.resumeAndRead(), /pinion\.error\.slow_consumer/);
    assert.equal(bridge.counters.get("slowConsumers"), 1);
  });
}

test("a subscriber that stops reading has to go after its grace though nothing more is published", async (t) => {
  const yaml = "limits: { queueOctets: 200000, queueGrace: 2000, goodbyeTimeout: 50 }";
  const { at, bridge } = await startBridge(t, yaml);
  const stuck = await stuckSubscriber(t, "rs", at);
  const publisher = await (await talk(t, `rs://${at}`, "json")).join();
  // more than the kernel's buffers and the bound hold, less than the hard bound, and sooner than the grace
  for (let i = 0; i < 250; i++) {
    publisher.publish("load", [i, BLOCK], { acknowledge: true });
    await publisher.expect("PUBLISHED");
  }
  await eventually(() => bridge.counters.get("slowConsumers") === 1, "the stuck subscriber was dropped");
  assert.match(await stuck.resumeAndRead(), /pinion\.error\.slow_consumer/);
});

function rawText(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : "not one buffer";
}

/** Joins and subscribes to `load`, then stops reading until it is told. Gives what it read last. */
async function stuckSubscriber(
  t: TestContext,
  transport: "rs" | "ws",
  at: string,
): Promise<{ resumeAndRead(): Promise<string> }> {
  const said = ['[1,"realm1",{"roles":{"subscriber":{}}}]', '[32,1,{},"load"]'];
  let last = "";
  let answers = 0;
  if (transport === "ws") {
    const socket = new WebSocket(`ws://${at}/ws`, ["wamp.2.json"]);
    t.after(() => socket.terminate());
    socket.on("message", (data) => {
      last = rawText(data);
      answers += 1;
    });
    await once(socket, "open");
    for (const [i, text] of said.entries()) {
      socket.send(text);
      await eventually(() => answers > i, "an answer");
    }
    socket.pause();
    return {
      resumeAndRead: async () => {
        const closed = heard(socket, "close");
        socket.resume();
        const [code, reason] = await closed;
        assert.equal(code, 1008);
        assert.match(String(reason), /slow consumer/);
        return last;
      },
    };
  }
  const [host, port] = at.split(":");
  const connection = await connectRawSocket({ host: String(host), port: Number(port), serializer: 1 });
  t.after(() => connection.abort());
  const closed = Promise.withResolvers<void>();
  connection.start({
    onMessage: (octets) => {
      last = Buffer.from(octets).toString();
      answers += 1;
    },
    onClose: () => closed.resolve(),
  });
  for (const [i, text] of said.entries()) {
    connection.send(Buffer.from(text));
    await eventually(() => answers > i, "an answer");
  }
  connection.pause();
  return {
    resumeAndRead: async () => {
      connection.resume();
      await closed.promise;
      return last;
    },
  };
}

test("calls of a peer that reads no answers never hold up another caller", async (t) => {
  const { at } = await startBridge(t);
  const callee = await (await talk(t, `rs://${at}`)).join();
  await callee.register("echo");
  void (async () => {
    for (;;) {
      const message = await callee.next();
      if (message.type !== "INVOCATION") return;
      const { request, payload } = message;
      callee.send({ type: "YIELD", request, options: {}, payload });
    }
  })();
  const [host, port] = at.split(":");
  const mute = await connectRawSocket({ host: String(host), port: Number(port), serializer: 1 });
  t.after(() => mute.abort());
  mute.start({ onMessage: () => undefined, onClose: () => undefined });
  mute.send(Buffer.from('[1,"realm1",{"roles":{"caller":{}}}]'));
  mute.pause();
  for (let i = 1; i <= 100; i++) mute.send(Buffer.from(`[48,${String(i)},{},"echo",["${BLOCK}"]]`));
  const caller = await (await talk(t, `rs://${at}`)).join();
  for (let i = 0; i < 20; i++) {
    caller.call("echo", [i]);
    assert.deepEqual((await caller.expect("RESULT")).payload.args, [i]);
  }
});

test("an EVENT over a subscriber's limit is dropped for it alone, counted and logged", async (t) => {
  const { at, bridge, warned } = await startBridge(t);
  const small = new Talk(await connect(`rs://${at}`, { serializer: "json", maxMessageSize: 1024 }));
  t.after(() => small.transport.abort());
  const large = await (await talk(t, `rs://${at}`)).join();
  await small.join();
  for (const one of [small, large]) await one.subscribe("load");
  const publisher = await (await talk(t, `rs://${at}`)).join();
  publisher.publish("load", ["x".repeat(2000)]);
  publisher.publish("load", ["next"]);
  assert.equal((await small.expect("EVENT")).payload.args[0], "next");
  assert.equal(String((await large.expect("EVENT")).payload.args[0]).length, 2000);
  assert.equal(bridge.counters.get("oversizeDropped"), 1);
  await warned("message_over_peer_limit");
});

test("a call whose INVOCATION or RESULT is over a peer's limit fails with payload_size_exceeded", async (t) => {
  const { at, bridge } = await startBridge(t);
  const callee = new Talk(await connect(`rs://${at}`, { serializer: "json", maxMessageSize: 1024 }));
  t.after(() => callee.transport.abort());
  await callee.join();
  await callee.register("small.callee");
  const caller = await (await talk(t, `rs://${at}`)).join();
  caller.call("small.callee", ["x".repeat(2000)]);
  assert.equal((await caller.expect("ERROR")).error, "wamp.error.payload_size_exceeded");
  const big = await (await talk(t, `rs://${at}`)).join();
  await big.register("big.callee");
  const smallCaller = new Talk(await connect(`rs://${at}`, { serializer: "cbor", maxMessageSize: 1024 }));
  t.after(() => smallCaller.transport.abort());
  await smallCaller.join();
  smallCaller.call("big.callee");
  const { request } = await big.expect("INVOCATION");
  big.send({ type: "YIELD", request, options: {}, payload: payloadOf(["x".repeat(2000)]) });
  assert.equal((await smallCaller.expect("ERROR")).error, toUri("wamp.error.payload_size_exceeded"));
  assert.equal(bridge.counters.get("oversizeAnswered"), 2);
});
