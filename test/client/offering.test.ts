/** What a WebSocket offers when it has a choice, told by the server that is offered it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { connect, ConnectError, type ConnectorOptions } from "@pinion/client";
import { WebSocketServer } from "ws";
import { routerOptions } from "../../device/router-options.ts";

/** A server that takes the first subprotocol it knows, as routers do. */
async function serverOf(t: TestContext, known: readonly string[]): Promise<{ url: string; offered: string[][] }> {
  const offered: string[][] = [];
  const handleProtocols = (names: Set<string>): string | false => {
    offered.push([...names]);
    return [...names].find((name) => known.includes(name)) ?? false;
  };
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols });
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { url: `ws://127.0.0.1:${String(address.port)}/`, offered };
}

async function agreed(url: string, options: ConnectorOptions): Promise<string> {
  const transport = await connect(url, options);
  transport.start({ onMessage: () => {}, onClose: () => {} });
  transport.abort();
  return transport.serializer;
}

test("one serializer is offered alone, several in the order of preference, and all by default", async (t) => {
  const { url, offered } = await serverOf(t, ["wamp.2.json", "wamp.2.msgpack", "wamp.2.cbor"]);
  assert.equal(await agreed(url, { serializer: "cbor" }), "cbor");
  assert.equal(await agreed(url, { serializer: "json", offer: ["msgpack", "json"] }), "msgpack");
  assert.equal(await agreed(url, {}), "json");
  assert.deepEqual(offered, [
    ["wamp.2.cbor"],
    ["wamp.2.msgpack", "wamp.2.json"],
    ["wamp.2.json", "wamp.2.msgpack", "wamp.2.cbor"],
  ]);
});

test("a board's WebSocket prefers its serializer and makes do with what the router speaks", async (t) => {
  const { url, offered } = await serverOf(t, ["wamp.2.json"]);
  const { options } = routerOptions({ url, realm: "realm1", serializer: "msgpack" });
  assert.equal(await agreed(url, options), "json");
  assert.deepEqual(offered, [["wamp.2.msgpack", "wamp.2.cbor", "wamp.2.json"]]);
});

test("nothing in common is told as such", async (t) => {
  const { url } = await serverOf(t, ["wamp.2.json"]);
  await assert.rejects(connect(url, { serializer: "cbor" }), (error) => {
    assert.ok(error instanceof ConnectError);
    assert.match(error.message, /subprotocol/);
    return true;
  });
});
