import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { connect, ConnectError, connector, type ConnectorOptions, nodeClient } from "@pinion/client";
import { connectError } from "../../packages/client/connect-error.ts";
import type { Transport } from "@pinion/wamp";
import { FramingError } from "net-socket-raw-framing";
import { hasKeepAliveTimer } from "../support/keep-alive-timer.ts";
import { RouterHost } from "../support/router-host.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/test-certificate.ts";
import { rawSocketListener, webSocketListener } from "../support/transport-pairs.ts";

const PEER = { transport: "raw-socket", local: true, tls: false } as const;
const realTime = {
  now: () => performance.now(),
  setTimeout: (run: () => void, ms: number) => setTimeout(run, ms),
  clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
};

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "pinion-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A TCP server that does to each connection what it is told to. Returns its port. */
async function crudeServer(context: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function refusal(url: string, options: ConnectorOptions = {}): Promise<ConnectError> {
  const error: unknown = await connect(url, { connectTimeout: 2_000, ...options }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof ConnectError, String(error));
  assert.equal(error.url, url);
  assert.ok(error.message.startsWith(`cannot connect to ${url}: `), error.message);
  return error;
}

test("every scheme of a raw socket or WebSocket reaches a router and joins", async (context) => {
  const folder = folderFor(context);
  const host = new RouterHost(realTime);
  const accept = (transport: Transport): void => host.accept(transport, PEER);
  const path = join(folder, "rs.sock");
  const webPath = join(folder, "ws.sock");
  const listening = await Promise.all([
    rawSocketListener({}, accept),
    rawSocketListener({ tls: { key: TEST_KEY, cert: TEST_CERTIFICATE } }, accept),
    rawSocketListener({ path }, accept),
    webSocketListener(accept),
    webSocketListener(accept, webPath),
  ]);
  context.after(() => Promise.all(listening.map((listener) => listener.stop())));
  const [tcp, tls, , web] = listening.map((listener) => listener.url);
  assert.ok(tcp !== undefined && tls !== undefined && web !== undefined);
  const urls = [
    tcp,
    tcp.replace("rs:", "tcp:"),
    tcp.replace("127.0.0.1", "localhost"),
    tls,
    tls.replace("rss:", "TCPS:"),
    `unix://${path}`,
    `unix:${path}`,
    `unix+rs://${path}`,
    `rs://unix:${path}`,
    web,
    `unix+ws://${webPath}`,
  ];
  for (const url of urls) {
    for (const serializer of ["json", "msgpack", "cbor"] as const) {
      const client = nodeClient(url, { serializer, tls: { ca: TEST_CERTIFICATE }, reconnect: false });
      client.open();
      await client.ready().catch((error: unknown) => assert.fail(`${url} ${serializer}: ${String(error)}`));
      await client.register("a.b", ({ args }) => args[0]);
      assert.deepEqual((await client.call("a.b", ["ä"])).args, ["ä"]);
      await client.close();
    }
  }
});

test("an address that can never work is refused with invalid_option and an example", () => {
  const wrong = [
    "",
    "8080",
    "localhost:8080",
    "http://h:1",
    "rs://localhost",
    "rs://h:0",
    "rs://h:70000",
    "rs://u:p@h:1",
  ];
  const more = [
    "rs://h:1/path",
    "rs://h:1?x",
    "rs:",
    "unix:",
    "unix+ws://",
    "ws://",
    "ws://u:p@h:1/ws",
    "rss://unix:/x",
  ];
  for (const url of [...wrong, ...more]) {
    assert.throws(() => connector(url), { name: "UsageError", code: "invalid_option", message: /, as in / }, url);
  }
  assert.throws(() => connector("rs://localhost"), /the port is missing, as in rs:\/\/localhost:8080/);
});

test("refused: nothing listens there", async (context) => {
  const port = await crudeServer(context, () => {});
  const closed = port === 65_535 ? port - 1 : port + 1;
  const error = connectError(`rs://127.0.0.1:${String(closed)}`, new FramingError("connect_refused", "x"));
  assert.match(error.message, /nothing listens there; is the router running/);
  assert.equal((await refusal("rs://127.0.0.1:1")).code, "refused");
  assert.equal((await refusal("ws://127.0.0.1:1/ws")).code, "refused");
});

test("no_such_socket and permission_denied: Unix sockets", async (context) => {
  const path = join(folderFor(context), "none.sock");
  assert.equal((await refusal(`unix://${path}`)).code, "no_such_socket");
  assert.equal((await refusal(`unix+ws://${path}`)).code, "no_such_socket");
  const denied = Object.assign(new Error("connect EACCES"), { code: "EACCES" });
  assert.equal(connectError("unix:///x", denied).code, "permission_denied");
  chmodSync(folderFor(context), 0o700);
});

test("host_not_found, unreachable and timeout are told apart by the system's codes", async () => {
  assert.equal((await refusal("rs://no-such-host.invalid:8080")).code, "host_not_found");
  assert.equal((await refusal("ws://no-such-host.invalid:8080/ws")).code, "host_not_found");
  for (const [code, expected] of [
    ["EHOSTUNREACH", "unreachable"],
    ["ETIMEDOUT", "timeout"],
  ] as const) {
    const cause = Object.assign(new Error(code), { code });
    assert.equal(connectError("rs://h:1", new FramingError("connect_failed", "x", { cause })).code, expected);
  }
});

test("tls_failed: a certificate nobody vouches for", async (context) => {
  const tls = { key: TEST_KEY, cert: TEST_CERTIFICATE };
  const listener = await rawSocketListener({ tls }, (transport) => transport.abort());
  context.after(() => listener.stop());
  const error = await refusal(listener.url);
  assert.equal(error.code, "tls_failed");
  assert.match(error.message, /check the certificate/);
});

test("tls_failed: TLS is spoken to a peer that hangs up on it", async (context) => {
  const port = await crudeServer(context, (socket) => socket.once("data", () => socket.end()));
  assert.equal((await refusal(`rss://127.0.0.1:${String(port)}`)).code, "tls_failed");
  assert.equal((await refusal(`wss://127.0.0.1:${String(port)}/ws`)).code, "tls_failed");
});

test("timeout: a WebSocket's opening handshake is not answered in time", async (context) => {
  const silent = await crudeServer(context, () => {});
  assert.equal((await refusal(`ws://127.0.0.1:${String(silent)}/ws`, { connectTimeout: 100 })).code, "timeout");
});

test(
  "every connection over TCP is probed while it is idle",
  { skip: process.platform !== "linux" },
  async (context) => {
    const accept = (transport: Transport): void => transport.start({ onMessage: () => {}, onClose: () => {} });
    const listeners = [await rawSocketListener({}, accept), await webSocketListener(accept)];
    for (const listener of listeners) {
      context.after(() => listener.stop());
      const transport = await connect(listener.url);
      context.after(() => transport.abort());
      assert.ok(hasKeepAliveTimer(Number(new URL(listener.url).port)), listener.url);
    }
  },
);

test("not_a_router: something else answers, closes, or says nothing", async (context) => {
  const http = await crudeServer(context, (socket) =>
    socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
  );
  const closing = await crudeServer(context, (socket) => socket.end());
  const silent = await crudeServer(context, () => {});
  assert.equal((await refusal(`rs://127.0.0.1:${String(http)}`)).code, "not_a_router");
  assert.equal((await refusal(`ws://127.0.0.1:${String(http)}/ws`)).code, "not_a_router");
  assert.equal((await refusal(`rs://127.0.0.1:${String(closing)}`)).code, "not_a_router");
  assert.equal((await refusal(`ws://127.0.0.1:${String(closing)}/ws`)).code, "not_a_router");
  assert.equal((await refusal(`rs://127.0.0.1:${String(silent)}`, { connectTimeout: 100 })).code, "not_a_router");
});

test("serializer_unsupported and too_many_connections: the router's error replies", async (context) => {
  const replies = [0x10, 0x40];
  const port = await crudeServer(context, (socket) => {
    socket.once("data", () => socket.end(Buffer.from([0x7f, replies.shift() ?? 0, 0, 0])));
  });
  const url = `rs://127.0.0.1:${String(port)}`;
  assert.equal((await refusal(url)).code, "serializer_unsupported");
  assert.equal((await refusal(url)).code, "too_many_connections");
});

test("aborted: the signal ends the try", async (context) => {
  const port = await crudeServer(context, () => {});
  for (const url of [`rs://127.0.0.1:${String(port)}`, `ws://127.0.0.1:${String(port)}/ws`]) {
    const controller = new AbortController();
    const connecting = connect(url, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await assert.rejects(connecting, { name: "ConnectError", code: "aborted" });
    await assert.rejects(connect(url, { signal: controller.signal }), { name: "ConnectError" });
  }
});

test("failed: an error without a known code keeps its words and its cause", () => {
  const cause = new Error("the moon is wrong");
  const error = connectError("rs://h:1", cause);
  assert.deepEqual([error.code, error.cause], ["failed", cause]);
  assert.match(error.message, /the moon is wrong/);
});
