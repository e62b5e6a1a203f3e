import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { FramingError } from "../../../packages/net-socket-raw-framing/index.ts";
import {
  connectRawSocket,
  type ConnectRawSocketOptions,
  listenRawSocket,
  type ListenRawSocketOptions,
  type RawSocketServer,
} from "../../../packages/net-socket-raw-framing/node/index.ts";
import { isLoopback } from "../../../packages/net-socket-raw-framing/node/remote.ts";
import { dial, record, Recorder, withCode } from "./loopback.ts";

const folder = mkdtempSync(join(tmpdir(), "raw-socket-"));
after(() => rmSync(folder, { recursive: true }));

function makeCertificate(): { key: string; cert: string } {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const files = ["-keyout", key, "-out", cert, "-days", "2"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...curve, ...files, ...subject], { stdio: "ignore" });
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}
const certificate = makeCertificate();

interface Echo {
  readonly server: RawSocketServer;
  readonly port: number;
  readonly errors: FramingError[];
  readonly failure: () => Promise<FramingError>;
}

/** A server that sends every message back. */
async function echo(t: TestContext, options: Partial<ListenRawSocketOptions> = {}): Promise<Echo> {
  const errors: FramingError[] = [];
  let wake: () => void = () => undefined;
  const server = await listenRawSocket({
    ...(options.path === undefined ? { port: 0 } : {}),
    serializers: [1, 2, 3],
    onConnection: (connection) => {
      record(connection, (payload) => connection.send(payload));
    },
    onError: (error) => {
      errors.push(error);
      wake();
    },
    ...options,
  });
  t.after(() => server.close());
  const address = server.address();
  const failure = (): Promise<FramingError> =>
    new Promise((resolve) => {
      wake = () => {
        if (errors[0] !== undefined) resolve(errors[0]);
      };
      wake();
    });
  return { server, port: address !== undefined && "port" in address ? address.port : 0, errors, failure };
}

async function proveEcho(t: TestContext, options: ConnectRawSocketOptions): Promise<Recorder> {
  const client = await connectRawSocket(options);
  t.after(() => client.abort());
  const recorder = new Recorder(client);
  const sizes = [1, 0, 20_000, 700_000];
  for (const size of sizes) client.send(new Uint8Array(size));
  await recorder.until(() => recorder.messages.length === sizes.length);
  assert.deepEqual(
    recorder.messages.map((one) => one.length),
    sizes,
  );
  assert.equal(client.remote.tls, options.tls !== undefined);
  assert.equal(client.remote.local, true);
  return recorder;
}

test("TCP: messages go both ways on 127.0.0.1 unless told otherwise, and close ends them cleanly", async (t) => {
  const { server, port } = await echo(t);
  assert.deepEqual(server.address(), { host: "127.0.0.1", port });
  const recorder = await proveEcho(t, { port, serializer: 2 });
  assert.equal(server.connections, 1);
  await server.close();
  assert.equal(await recorder.closed, undefined);
  assert.equal(server.address(), undefined);
});

test("TLS: a trusted server is reached by name and by address", async (t) => {
  const { port } = await echo(t, { tls: certificate });
  for (const host of ["localhost", "127.0.0.1"]) {
    const recorder = await proveEcho(t, { host, port, serializer: 1, tls: { ca: certificate.cert } });
    assert.equal(recorder.messages.length, 4);
  }
});

test("TLS over a Unix socket is local and encrypted", async (t) => {
  const path = join(folder, "tls.sock");
  await echo(t, { path, tls: certificate });
  await proveEcho(t, { path, serializer: 1, tls: { ca: certificate.cert, servername: "localhost" } });
});

test("tls_failed: the client does not trust the certificate", async (t) => {
  const { port } = await echo(t, { tls: certificate });
  const attempt = connectRawSocket({ port, serializer: 1, tls: {} });
  await assert.rejects(attempt, withCode("tls_failed"));
});

test("tls_failed: a client that does not speak TLS is named to the server", async (t) => {
  for (const octets of ["7ff1000000", "7ff10000"]) {
    const { port, failure } = await echo(t, { tls: certificate, handshakeTimeout: 60 });
    const peer = await dial(t, port);
    // Four octets are less than TLS looks at: here only the time limit ends it.
    peer.write(octets);
    withCode("tls_failed")(await failure());
    await peer.ended;
  }
});

test("tls_failed: a server without TLS is named to the client", async (t) => {
  const { port } = await echo(t);
  await assert.rejects(connectRawSocket({ port, serializer: 1, tls: {} }), withCode("tls_failed"));
});

test("a Unix socket carries messages, belongs to its owner alone and is removed on close", async (t) => {
  const path = join(folder, "router.sock");
  const { server } = await echo(t, { path });
  assert.deepEqual(server.address(), { path });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await proveEcho(t, { path, serializer: 3 });
  await server.close();
  assert.equal(existsSync(path), false);
});

test("the file of a Unix socket whose program was killed is replaced", async (t) => {
  const path = join(folder, "left.sock");
  const program = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  assert.throws(() => execFileSync(process.execPath, ["-e", program]));
  assert.ok(existsSync(path));
  await echo(t, { path });
  await proveEcho(t, { path, serializer: 3 });
});

test("address_in_use: a port or a living Unix socket that another program has", async (t) => {
  const { port } = await echo(t);
  const options = { serializers: [1], onConnection: () => undefined };
  await assert.rejects(listenRawSocket({ ...options, port }), withCode("address_in_use"));
  const path = join(folder, "living.sock");
  await echo(t, { path });
  await assert.rejects(listenRawSocket({ ...options, path }), withCode("address_in_use"));
  await proveEcho(t, { path, serializer: 1 });
});

test("listen_failed: anything else that keeps it from listening", async () => {
  const options = { serializers: [1], onConnection: () => undefined };
  await assert.rejects(
    listenRawSocket({ ...options, path: join(folder, "no/such/folder/x.sock") }),
    withCode("listen_failed"),
  );
});

test("bad_option: wrong options reject before anything listens", async () => {
  const onConnection = (): void => undefined;
  for (const options of [
    { serializers: [] },
    { serializers: [17] },
    { serializers: [1], maxReceive: 5 },
    { serializers: [1], maxConnections: 0 },
    { serializers: [1, 2], handshake: "none" },
  ] as const) {
    await assert.rejects(listenRawSocket({ port: 0, onConnection, ...options }), withCode("bad_option"));
  }
  await assert.rejects(listenRawSocket({ serializers: [1], onConnection }), withCode("bad_option"));
});

test("connection_count: one client too many is told so, and served once another has left", async (t) => {
  const { server, port, failure } = await echo(t, { maxConnections: 1 });
  const first = await connectRawSocket({ port, serializer: 1 });
  const recorder = new Recorder(first);
  await assert.rejects(connectRawSocket({ port, serializer: 1 }), withCode("connection_count"));
  withCode("connection_count")(await failure());
  first.close();
  await recorder.closed;
  while (server.connections > 0) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await proveEcho(t, { port, serializer: 1 });
});

test("handler_failed: onConnection that throws loses its connection, not the server", async (t) => {
  let calls = 0;
  const { port, failure } = await echo(t, {
    onConnection: (connection) => {
      calls += 1;
      if (calls === 1) throw new Error("bug");
      record(connection, (payload) => connection.send(payload));
    },
  });
  const first = await connectRawSocket({ port, serializer: 1 });
  await new Recorder(first).closed;
  withCode("handler_failed")(await failure());
  await proveEcho(t, { port, serializer: 1 });
});

test("close during a TLS handshake resolves", async (t) => {
  const { server, port } = await echo(t, { tls: certificate, closeTimeout: 40 });
  const peer = await dial(t, port);
  peer.write("16");
  await new Promise((resolve) => {
    setTimeout(resolve, 10);
  });
  await Promise.all([server.close(), peer.ended]);
});

test("close during a handshake ends it and resolves", async (t) => {
  const { server, port } = await echo(t);
  const peer = await dial(t, port);
  peer.write("7ff1");
  while (server.connections === 0) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await Promise.all([server.close(), peer.ended]);
  assert.equal(server.connections, 0);
});

test("100 clients that reset at every stage leave nothing behind and no error unhandled", async (t) => {
  const { server, port, errors } = await echo(t);
  for (let count = 0; count < 100; count += 1) {
    const peer = await dial(t, port);
    const stage = [
      "",
      "7f",
      "7ff10000",
      ["7ff10000", "0000000101"].join(""),
      ["7ff10000", "000000"].join(""),
      ["7ff30000", "01000000"].join(""),
    ];
    peer.write(stage[count % stage.length] ?? "");
    if (count % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
    peer.socket.resetAndDestroy();
  }
  while (server.connections > 0) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  assert.ok(errors.every((error) => error instanceof FramingError));
  await proveEcho(t, { port, serializer: 1 });
});

test("only loopback addresses are local", () => {
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::FFFF:127.0.0.1"]) {
    assert.equal(isLoopback(address), true, address);
  }
  for (const address of ["192.168.1.2", "::ffff:10.0.0.1", "fe80::1", "127.example", "::", "0.0.0.0", ""]) {
    assert.equal(isLoopback(address), false, address);
  }
});

test("a listening socket of another program is not touched", async (t) => {
  const path = join(folder, "other.sock");
  const other = createServer().listen(path);
  await once(other, "listening");
  t.after(() => other.close());
  chmodSync(path, 0o600);
  const attempt = listenRawSocket({ path, serializers: [1], onConnection: () => undefined });
  await assert.rejects(attempt, withCode("address_in_use"));
  assert.ok(existsSync(path));
});
