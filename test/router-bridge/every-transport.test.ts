/** What has to hold over each transport of the router-bridge, and is not a matter of WAMP's features. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, type ConnectorOptions } from "@pinion/client";
import { startBridge } from "../support/router-bridge-fixture.ts";
import { Talk, talk } from "../support/router-bridge-talk.ts";

const WAYS: readonly (readonly [string, (at: string) => string, ConnectorOptions])[] = [
  ["raw socket", (at) => `rs://${at}`, {}],
  ["WebSocket", (at) => `ws://${at}/ws`, {}],
  ["WebSocket, batched", (at) => `ws://${at}/ws`, { batched: true }],
  ["long-poll", (at) => `lp+http://${at}/lp`, { batched: false }],
  ["long-poll, batched", (at) => `lp+http://${at}/lp`, { batched: true }],
];

for (const [name, urlOf, options] of WAYS) {
  test(`${name}: a publisher is not held for a reader whose system takes everything at once`, async (t) => {
    const { at } = await startBridge(t);
    const reader = await connect(urlOf(at), options);
    t.after(() => reader.abort());
    const subscriber = await new Talk(reader).join();
    await subscriber.subscribe("news");
    const publisher = await (await talk(t, `rs://${at}`)).join();
    // over the mark at which a queue counts as long, under what the kernel takes in one go
    for (let number = 0; number < 5; number += 1) {
      publisher.publish("news", [number, "x".repeat(300_000)], { acknowledge: true });
      await publisher.expect("PUBLISHED");
      const { payload } = await subscriber.expect("EVENT");
      assert.equal(payload.args?.[0], number);
    }
  });

  test(`${name}: a relay carries a session to a router behind it, and its end`, async (t) => {
    const behind = await startBridge(t);
    const { at } = await startBridge(t, `upstream: { url: "rs://${behind.at}" }\n`);
    const transport = await connect(urlOf(at), options);
    t.after(() => transport.abort());
    const peer = await new Talk(transport).join();
    await peer.register("device.gpio.set");
    const caller = await (await talk(t, `rs://${behind.at}`)).join();
    caller.call("device.gpio.set", ["x".repeat(300_000)]);
    const { request, payload } = await peer.expect("INVOCATION");
    peer.send({ type: "YIELD", request, options: {}, payload });
    assert.equal(String((await caller.expect("RESULT")).payload.args?.[0]).length, 300_000);
    transport.close();
    await peer.closed;
    for (;;) {
      caller.call("wamp.session.count");
      if ((await caller.expect("RESULT")).payload.args?.[0] === 1) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
}
