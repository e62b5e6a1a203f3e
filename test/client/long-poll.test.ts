import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect, ConnectError, connector, nodeClient } from "@pinion/client";
import { toUri } from "@pinion/wamp";
import { eventually, startBridge, temporaryFolder } from "../support/router-bridge-fixture.ts";

type Serve = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A router's long-poll, as far as a test needs one. */
async function router(t: TestContext, serve: Serve): Promise<string> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (request.url !== "/lp/open") return serve(request, response, body);
      response.end(JSON.stringify({ protocol: "wamp.2.json", transport: "abc" }));
    });
  }).listen(0, "127.0.0.1");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // listening over TCP
  return `lp+http://127.0.0.1:${String(port)}/lp`;
}

test("a client behind an odd proxy works over long-poll: calls, progress, events, both ways", async (t) => {
  const { at } = await startBridge(t);
  for (const serializer of ["json", "msgpack", "cbor"] as const) {
    for (const batched of [true, false]) {
      const client = nodeClient(`lp+http://${at}/lp`, { serializer, batched });
      t.after(() => client.close());
      const procedure = `add.${serializer}.${String(batched)}`;
      void client.register(procedure, ({ args }) => Number(args[0]) + Number(args[1]));
      client.open();
      await client.ready(AbortSignal.timeout(10_000));
      const sums = await Promise.all([1, 2, 3].map((number) => client.call(procedure, [number, number])));
      assert.deepEqual(
        sums.map(({ args }) => args[0]),
        [2, 4, 6],
      );
    }
  }
});

test("over a Unix socket too", async (t) => {
  const path = join(temporaryFolder(t), "router.sock");
  await startBridge(t, `listen:\n  - unix: ${path}\n`);
  const client = nodeClient(`unix+lp://${path}`);
  t.after(() => client.close());
  client.open();
  await client.ready(AbortSignal.timeout(10_000));
  assert.deepEqual((await client.call("wamp.session.count")).args, [1]);
});

test("close leaves the router before it says so, and abort leaves it soon", async (t) => {
  const { at, bridge } = await startBridge(t);
  for (const end of ["abort", "close"] as const) {
    const transport = await connect(`lp+http://${at}/lp`);
    const welcome = Promise.withResolvers<unknown>();
    const closed = new Promise((resolve) => transport.start({ onMessage: welcome.resolve, onClose: resolve }));
    transport.send({ type: "HELLO", realm: toUri("realm1"), details: { roles: { caller: {} } } });
    await welcome.promise;
    transport[end]();
    assert.equal(await closed, undefined);
    if (end === "abort") await eventually(() => bridge.connections === 0, "the end of all connections");
  }
  const before = performance.now();
  await bridge.stop();
  assert.ok(performance.now() - before < 1000, "the router waited for a transport that had gone");
});

test("messages go one request after the other, and a router that refuses one ends the transport", async (t) => {
  let under = 0;
  const bodies: string[] = [];
  const url = await router(t, (request, response, body) => {
    if (!request.url?.endsWith("/send")) return;
    under += 1;
    assert.equal(under, 1, "two requests to send were under way");
    bodies.push(body);
    setTimeout(() => {
      under -= 1;
      response.statusCode = bodies.length < 3 ? 204 : 500;
      response.end();
    }, 10);
  });
  const transport = await connect(url);
  const closed = new Promise((resolve) => transport.start({ onMessage: () => undefined, onClose: resolve }));
  for (let count = 0; count < 3; count += 1) {
    transport.send({ type: "HELLO", realm: toUri(`realm${String(count)}`), details: {} });
  }
  assert.match(String(await closed), /HTTP 500/);
  assert.deepEqual(
    bodies.map((body) => (JSON.parse(body) as unknown[])[1]),
    ["realm0", "realm1", "realm2"],
  );
});

test("a router that no longer answers is found gone, one that answers empty is asked again", async (t) => {
  let receives = 0;
  const url = await router(t, (request, response) => {
    if (!request.url?.endsWith("/receive")) return;
    receives += 1;
    if (receives > 2) return;
    response.statusCode = 204;
    response.end();
  });
  const transport = await connect(url, { ping: { interval: 200, timeout: 200 } });
  const closed = new Promise((resolve) => transport.start({ onMessage: () => undefined, onClose: resolve }));
  assert.match(String(await closed), /did not answer within 400 ms/);
  assert.equal(receives, 3);
});

test("octets that are no WAMP message end in ABORT and an error here", async (t) => {
  const said: string[] = [];
  const url = await router(t, (request, response, body) => {
    if (request.url?.endsWith("/send")) said.push(body);
    response.end(request.url?.endsWith("/receive") ? "nonsense" : undefined);
  });
  const transport = await connect(url);
  const closed = new Promise((resolve) => transport.start({ onMessage: () => undefined, onClose: resolve }));
  assert.equal(((await closed) as Error).name, "ProtocolViolation");
  while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(said[0] ?? "", /^\[3,.*wamp\.error\.protocol_violation/);
});

test("what is no long-poll is told in words, and an address that cannot be one is refused", async (t) => {
  const { at } = await startBridge(t);
  await assert.rejects(connect(`lp+http://${at}/nothing`), (error) => {
    return error instanceof ConnectError && error.code === "not_a_router";
  });
  await assert.rejects(connect("lp+http://127.0.0.1:1/lp"), (error) => {
    return error instanceof ConnectError && error.code === "refused";
  });
  for (const url of ["lp+http://", "lp+http://user@host/lp", "lp+http://host/lp?x=1", "unix+lp://"]) {
    assert.throws(() => connector(url), { code: "invalid_option" }, url);
  }
});
