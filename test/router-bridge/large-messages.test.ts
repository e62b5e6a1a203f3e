/** Messages so large that they are put together, and sent on, in memory of their own. */
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
