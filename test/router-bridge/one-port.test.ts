import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { connect as connectSocket, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { connect } from "@pinion/client";
import type { SerializerName } from "@pinion/wamp/serializer";
import { listen } from "../../router-bridge/listeners/listen.ts";
import { spokenBy } from "../../router-bridge/listeners/first-octet.ts";
import {
  eventually,
  openSocket,
  readExactly,
  readToEnd,
  startBridge,
  temporaryFolder,
} from "../support/router-bridge-fixture.ts";
import { Talk, talk } from "../support/router-bridge-talk.ts";

const names: readonly SerializerName[] = ["json", "msgpack", "cbor"];
const HELLO = Buffer.from('[1,"realm1",{"roles":{"caller":{}}}]');

function frame(payload: Buffer): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(payload.length);
  return Buffer.concat([prefix, payload]);
}

test("raw socket and WebSocket with every serializer and HTTP share one port and one realm", async (t) => {
  const { at } = await startBridge(t);
  const talks: Talk[] = [];
  for (const name of names) {
    for (const url of [`rs://${at}`, `ws://${at}/ws`]) {
      const one = await (await talk(t, url, name)).join();
      await one.subscribe("sensor.a");
      talks.push(one);
    }
  }
  const publisher = await (await talk(t, `rs://${at}`, "cbor")).join();
  publisher.publish("sensor.a", [1.5, "two", null]);
  for (const one of talks) assert.deepEqual((await one.expect("EVENT")).payload.args, [1.5, "two", null]);
  const response = await fetch(`http://${at}/healthz`);
  assert.equal(response.status, 200);
  assert.match(await response.text(), /"sessions":7/);
});

test("a raw socket in pieces of one octet joins", async (t) => {
  const { port } = await startBridge(t);
  const socket = await openSocket(t, port);
  socket.setNoDelay(true);
  for (const octet of [0x7f, 0xf1, 0, 0]) {
    socket.write(Uint8Array.of(octet));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual([...(await readExactly(socket, 4))], [0x7f, 0xf1, 0, 0]);
  for (const octet of frame(HELLO)) {
    socket.write(Uint8Array.of(octet));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const length = (await readExactly(socket, 4)).readUInt32BE();
  assert.match((await readExactly(socket, length)).toString(), /^\[2,/);
});

test("a handshake glued to HELLO joins", async (t) => {
  const { port } = await startBridge(t);
  const socket = await openSocket(t, port);
  socket.write(Buffer.concat([Buffer.from([0x7f, 0xf1, 0, 0]), frame(HELLO)]));
  await readExactly(socket, 4);
  const length = (await readExactly(socket, 4)).readUInt32BE();
  assert.match((await readExactly(socket, length)).toString(), /^\[2,/);
});

test("HTTP in pieces of one octet is answered", async (t) => {
  const { port, at } = await startBridge(t);
  const socket = await openSocket(t, port);
  socket.setNoDelay(true);
  for (const octet of Buffer.from(`GET /healthz HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n\r\n`)) {
    socket.write(Uint8Array.of(octet));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.match((await readToEnd(socket)).toString(), /^HTTP\/1.1 200 OK/);
});

test("an unsupported serializer and reserved bits are answered as the handshake says", async (t) => {
  const { port } = await startBridge(t);
  for (const [asked, answer] of [
    [[0x7f, 0xf5, 0, 0], "7f100000"],
    [[0x7f, 0xf1, 1, 0], "7f300000"],
  ] as const) {
    const socket = await openSocket(t, port);
    socket.write(Buffer.from(asked));
    assert.equal((await readToEnd(socket)).toString("hex"), answer);
  }
});

for (const [what, octets, code] of [
  ["TLS on a plain port", [0x16, 3, 1], "tls_on_plain_port"],
  ["MQTT", [0x10, 0x0c], "mqtt_spoken"],
  ["a raw socket without handshake", [0, 0, 0, 5], "old_raw_socket"],
  ["octets that mean nothing", [0xff, 0xfe], "unknown_protocol"],
] as const) {
  test(`${what} is dropped with the reason ${code} in the log`, async (t) => {
    const { port, warned, bridge } = await startBridge(t);
    const socket = await openSocket(t, port);
    socket.write(Buffer.from(octets));
    assert.equal((await readToEnd(socket)).length, 0);
    await warned(code);
    assert.equal(bridge.counters.get("refusedConnections"), 1);
  });
}

test("every first octet has one meaning", () => {
  const meanings = Array.from({ length: 256 }, (_, octet) => spokenBy(octet));
  assert.equal(meanings.filter((one) => one === "raw-socket").length, 1);
  assert.equal(meanings[0x7f], "raw-socket");
  assert.equal(meanings[0], "old-raw-socket");
  for (const letter of "GETPOSTHEADOPTIONSDELETECONNECTPATCHTRACEget") {
    assert.equal(meanings[letter.charCodeAt(0)], "http");
  }
});

test("a raw socket without handshake joins where the configuration says so", async (t) => {
  const { at } = await startBridge(t, "listen:\n  - { tcp: 127.0.0.1:0, oldRawSocket: msgpack }\n");
  const old = new Talk(await connect(`rs://${at}`, { serializer: "msgpack", handshake: "none" }));
  t.after(() => old.transport.abort());
  await old.join();
  // the same port still speaks the current raw socket
  await (await talk(t, `rs://${at}`, "json")).join();
});

test("a connection that says nothing is dropped with the reason silent_connection", async (t) => {
  const { port, warned } = await startBridge(t, "limits: { firstOctetTimeout: 50, goodbyeTimeout: 50 }");
  const socket = await openSocket(t, port);
  assert.equal((await readToEnd(socket)).length, 0);
  await warned("silent_connection");
});

test("a handshake that stops half-way is dropped", async (t) => {
  const { port, warned } = await startBridge(t, "limits: { firstOctetTimeout: 50, goodbyeTimeout: 50 }");
  const socket = await openSocket(t, port);
  socket.write(Uint8Array.of(0x7f, 0xf1));
  await readToEnd(socket);
  await warned("raw_socket_handshake");
});

test("at the limit of connections a raw socket gets error 4 and HTTP a 503, and others go on", async (t) => {
  const { at, port, warned } = await startBridge(t, "limits: { connections: 2, goodbyeTimeout: 50 }");
  const first = await (await talk(t, `rs://${at}`)).join();
  await (await talk(t, `ws://${at}/ws`)).join();
  const raw = await openSocket(t, port);
  raw.write(Buffer.from([0x7f, 0xf1, 0, 0]));
  assert.equal((await readToEnd(raw)).toString("hex"), "7f400000");
  const http = await openSocket(t, port);
  http.write(`GET / HTTP/1.1\r\nHost: ${at}\r\n\r\n`);
  assert.match((await readToEnd(http)).toString(), /^HTTP\/1.1 503 .*number of connections/s);
  await warned("too_many_connections");
  await first.subscribe("still.here");
});

test("a connection that left makes room for another", async (t) => {
  const { at, bridge } = await startBridge(t, "limits: { connections: 1, goodbyeTimeout: 50 }");
  for (let i = 0; i < 5; i++) {
    const one = await (await talk(t, `rs://${at}`)).join();
    one.transport.close();
    await one.closed;
    await eventually(() => bridge.connections === 0, "the socket's end");
  }
});

test("a slow HTTP request is ended", async (t) => {
  const { port, at } = await startBridge(t, "limits: { firstOctetTimeout: 300, goodbyeTimeout: 50 }");
  const socket = await openSocket(t, port);
  socket.write(`GET / HTTP/1.1\r\nHost: ${at}\r\nX-Slow: `);
  const drip = setInterval(() => socket.writable && socket.write("x"), 50);
  t.after(() => clearInterval(drip));
  assert.match((await readToEnd(socket)).toString(), /^(HTTP\/1.1 4\d\d .*)?$/s);
});

test("a Unix socket has the configured mode, is local, and a left-over file is replaced", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "r.sock");
  // a socket file whose process is dead
  const program = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", program, path]);
  assert.ok(statSync(path).isSocket(), "the left-over file of this test");
  await startBridge(t, `listen:\n  - { unix: ${path}, mode: "0620" }\n`);
  assert.equal(statSync(path).mode & 0o777, 0o620);
  // only a local peer may join without credentials
  await (await talk(t, `unix://${path}`, "msgpack")).join();
});

test("a file that is no socket is not removed for one", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "precious");
  writeFileSync(path, "data");
  await assert.rejects(startBridge(t, `listen: [{ unix: ${path} }]`), { name: "BridgeError", code: "listen_failed" });
  assert.ok(statSync(path).isFile());
});

test("a Unix socket on which somebody answers is port_in_use", async (t) => {
  const path = join(temporaryFolder(t), "busy.sock");
  const server = createServer().listen(path);
  t.after(() => server.close());
  await once(server, "listening");
  await assert.rejects(startBridge(t, `listen: [{ unix: ${path} }]`), { code: "port_in_use" });
});

test("a TLS listener tells raw socket, WebSocket and HTTP apart inside TLS", async (t) => {
  const folder = temporaryFolder(t);
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  makeCertificate(cert, key, "30");
  const { at, port, lines } = await startBridge(
    t,
    `listen:\n  - { tcp: "127.0.0.1:0", tls: { cert: ${cert}, key: ${key} } }\n`,
  );
  for (const url of [`rss://${at}`, `wss://${at}/ws`]) {
    const transport = await connect(url, { serializer: "json", tls: { rejectUnauthorized: false } });
    t.after(() => transport.abort());
    await new Talk(transport).join();
  }
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  socket.write(`GET /healthz HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n\r\n`);
  assert.match((await readToEnd(socket)).toString(), /^HTTP\/1.1 200/);
  assert.match(lines.map(({ words }) => words).join("\n"), /https:\/\/127.0.0.1.*TLS.*rss:\/\/.*wss:\/\//);
});

test("TLS files that are missing, wrong or expired stop the start with a named error", async (t) => {
  const folder = temporaryFolder(t);
  const [cert, key, other] = [join(folder, "c.pem"), join(folder, "k.pem"), join(folder, "o.pem")];
  makeCertificate(cert, key, "30");
  makeCertificate(join(folder, "c2.pem"), other, "30");
  const start = (c: string, k: string) =>
    startBridge(t, `listen:\n  - { tcp: "127.0.0.1:0", tls: { cert: ${c}, key: ${k} } }\n`);
  await assert.rejects(start(join(folder, "nowhere.pem"), key), { code: "tls_file_unreadable", message: /nowhere/ });
  await assert.rejects(start(cert, join(folder, "nowhere.pem")), { code: "tls_file_unreadable" });
  await assert.rejects(start(cert, other), { code: "tls_invalid" });
  writeFileSync(join(folder, "junk.pem"), "junk");
  await assert.rejects(start(join(folder, "junk.pem"), key), { code: "tls_invalid" });
});

test("an expired certificate stops the start with tls_expired", async (t) => {
  const folder = temporaryFolder(t);
  const [cert, key] = [join(folder, "c.pem"), join(folder, "k.pem")];
  makeCertificate(cert, key, "30");
  const later = new Date(Date.now() + 31 * 86_400_000);
  const listener = { tcp: "127.0.0.1:0", tls: { cert, key } };
  await assert.rejects(listen(listener, later), { code: "tls_expired", message: /c\.pem expired on .*: renew it/ });
});

function makeCertificate(cert: string, key: string, days: string): void {
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", [...args, "-keyout", key, "-out", cert, "-days", days, "-subj", "/CN=localhost"], {
    stdio: "ignore",
  });
}

test("when one listener cannot be opened none stays open", async (t) => {
  const busy = createServer().listen(0, "127.0.0.1");
  t.after(() => busy.close());
  await once(busy, "listening");
  const address = busy.address();
  assert.ok(typeof address === "object" && address !== null);
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const freeAddress = free.address();
  assert.ok(typeof freeAddress === "object" && freeAddress !== null);
  free.close();
  const yaml = `listen:\n  - tcp: 127.0.0.1:${String(freeAddress.port)}\n  - tcp: 127.0.0.1:${String(address.port)}\n`;
  await assert.rejects(startBridge(t, yaml), { code: "port_in_use", message: /--listen/ });
  const socket = connectSocket({ port: freeAddress.port, host: "127.0.0.1" });
  await assert.rejects(once(socket, "connect"), { code: "ECONNREFUSED" });
});

test("stopping says GOODBYE to everyone, refuses newcomers and closes every socket", async (t) => {
  const { at, bridge, port } = await startBridge(t);
  const one = await (await talk(t, `rs://${at}`)).join();
  const two = await (await talk(t, `ws://${at}/ws`, "cbor")).join();
  const silent = await openSocket(t, port);
  const stopped = bridge.stop();
  for (const each of [one, two]) {
    const goodbye = await each.expect("GOODBYE");
    assert.equal(goodbye.reason, "wamp.close.system_shutdown");
    each.send({ type: "GOODBYE", details: {}, reason: goodbye.reason });
    await each.closed;
  }
  await stopped;
  await readToEnd(silent);
  const late = connectSocket({ port, host: "127.0.0.1" });
  await assert.rejects(once(late, "connect"), { code: "ECONNREFUSED" });
});

test("stopping does not wait for ever for a peer that never answers GOODBYE", async (t) => {
  const { at, bridge } = await startBridge(t, "limits: { goodbyeTimeout: 50 }");
  const one = await (await talk(t, `rs://${at}`)).join();
  await bridge.stop();
  await one.closed;
});
