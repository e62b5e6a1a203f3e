/** Messages that are sent on in the memory in which they came: large ones, and all that a relay passes on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, type ConnectorOptions } from "@pinion/client";
import { startBridge } from "../support/router-bridge-fixture.ts";
import { Talk, talk } from "../support/router-bridge-talk.ts";

const SIZES = [20_000, 65_400, 65_536, 100_000, 300_000, 17_000];
const SUBSCRIBERS: readonly (readonly [way: "rs" | "ws", match: "exact" | "prefix", options: ConnectorOptions])[] = [
  ["rs", "exact", { serializer: "json" }],
  ["rs", "prefix", { serializer: "json" }],
  ["ws", "exact", { serializer: "json" }],
  ["rs", "exact", { serializer: "msgpack" }],
  ["ws", "prefix", { serializer: "msgpack" }],
  ["rs", "prefix", { serializer: "cbor" }],
];

for (const serializer of ["json", "msgpack", "cbor"] as const) {
  test(`${serializer}: every subscriber gets every large event whole, whatever it and the others subscribed to`, async (t) => {
    const { at } = await startBridge(t);
    const urls = { rs: `rs://${at}`, ws: `ws://${at}/ws` };
    const join = async (way: "rs" | "ws", options: ConnectorOptions): Promise<Talk> => {
      const transport = await connect(urls[way], options);
      t.after(() => transport.abort());
      return new Talk(transport).join();
    };
    const subscribers = await Promise.all(
      SUBSCRIBERS.map(async ([way, match, options]) => {
        const subscriber = await join(way, options);
        await subscriber.subscribe(match === "exact" ? "cam.a" : "cam", { match });
        return subscriber;
      }),
    );
    const publisher = await join("rs", { serializer });
    const texts = SIZES.map((size, nth) => `${String(nth)}${"abcdefghi".repeat(size / 9)}`);
    for (const text of texts) publisher.publish("cam.a", [text], {});
    for (const subscriber of subscribers) {
      for (const text of texts) assert.equal((await subscriber.expect("EVENT")).payload.args[0], text);
    }
  });
}

test("large calls and their results arrive whole while others are under way", async (t) => {
  const { at } = await startBridge(t);
  const callee = await (await talk(t, `rs://${at}`)).join();
  await callee.register("echo");
  const caller = await (await talk(t, `rs://${at}`)).join();
  const texts = SIZES.map((size, nth) => `${String(nth)}${"abcdefghi".repeat(size / 9)}`);
  for (const text of texts) caller.call("echo", [text]);
  for (const text of texts) {
    const { request, payload } = await callee.expect("INVOCATION");
    assert.equal(payload.args[0], text);
    callee.send({ type: "YIELD", request, options: {}, payload });
    assert.equal((await caller.expect("RESULT")).payload.args[0], text);
  }
});

for (const way of ["rs", "ws"] as const) {
  test(`a relay passes on each of many small and large messages whole, ${way} to the router and from it`, async (t) => {
    const { at } = await startBridge(t);
    const relay = await startBridge(t, `upstream: { url: "rs://${at}" }\n`);
    const publisher = await (await talk(t, way === "rs" ? `rs://${relay.at}` : `ws://${relay.at}/ws`)).join();
    const subscribers = await Promise.all(
      ["rs", "ws"].map(async (scheme) => {
        const url = scheme === "rs" ? `rs://${relay.at}` : `ws://${relay.at}/ws`;
        const subscriber = await (await talk(t, url)).join();
        await subscriber.subscribe("many");
        return subscriber;
      }),
    );
    const sizes = Array.from({ length: 1500 }, (_, nth) => (nth % 100 === 99 ? 70_000 : nth % 130));
    sizes.forEach((size, nth) => publisher.publish("many", [nth, "x".repeat(size)]));
    for (const subscriber of subscribers) {
      for (const [nth, size] of sizes.entries()) {
        const { payload } = await subscriber.expect("EVENT");
        assert.deepEqual([payload.args[0], String(payload.args[1]).length], [nth, size]);
      }
    }
  });
}
