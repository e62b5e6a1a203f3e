import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:http";
import { test, type TestContext } from "node:test";
import { WebSocket, type ClientOptions } from "ws";
import { hostFault, originFault } from "../../router-bridge/listeners/same-origin.ts";
import { webSocketFrame } from "../../router-bridge/listeners/web-socket-frame.ts";
import { eventually, heard, openSocket, readToEnd, startBridge } from "../support/router-bridge-fixture.ts";

const HELLO = '[1,"realm1",{"roles":{"caller":{}}}]';

function open(t: TestContext, url: string, protocols: string[], options: ClientOptions = {}): WebSocket {
  const socket = new WebSocket(url, protocols, options);
  t.after(() => socket.terminate());
  return socket;
}

async function refusal(t: TestContext, url: string, protocols: string[], options: ClientOptions = {}): Promise<string> {
  const socket = open(t, url, protocols, options);
  const refused = Promise.withResolvers<string>();
  socket.on("error", () => undefined);
  socket.on("open", () => refused.reject(new Error("it was let in")));
  socket.on("unexpected-response", (_request, response) => {
    let text = `${String(response.statusCode)} `;
    response.on("data", (chunk: Buffer) => (text += chunk.toString()));
    response.on("end", () => refused.resolve(text));
  });
  return refused.promise;
}

async function joined(t: TestContext, url: string, options: ClientOptions = {}): Promise<WebSocket> {
  const socket = open(t, url, ["wamp.2.json"], options);
  await once(socket, "open");
  socket.send(HELLO);
  const [data] = await heard(socket, "message");
  assert.match(String(data), /^\[2,/);
  return socket;
}

async function closeOf(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = await heard(socket, "close");
  return { code: Number(code), reason: String(reason) };
}

test("the first subprotocol of the client that the router speaks is agreed on", async (t) => {
  const { at } = await startBridge(t);
  for (const [offered, agreed] of [
    [["wamp.2.cbor", "wamp.2.json"], "wamp.2.cbor"],
    [["wamp.2.flatbuffers", "wamp.2.msgpack"], "wamp.2.msgpack"],
    [["wamp.2.json"], "wamp.2.json"],
  ] as const) {
    const socket = open(t, `ws://${at}/ws`, [...offered]);
    await once(socket, "open");
    assert.equal(socket.protocol, agreed);
  }
});

test("without a common subprotocol the answer is 400 and lists what is spoken", async (t) => {
  const { at } = await startBridge(t);
  for (const offered of [["mqtt"], []]) {
    assert.match(await refusal(t, `ws://${at}/ws`, offered), /^400 .*wamp\.2\.json, wamp\.2\.msgpack, wamp\.2\.cbor/);
  }
});

test("an upgrade elsewhere is 404 and names the right path", async (t) => {
  const { at } = await startBridge(t);
  assert.match(await refusal(t, `ws://${at}/other`, ["wamp.2.json"]), /^404 .*\/ws/);
});

test("a page of a foreign origin is refused with the cure, although it is on loopback", async (t) => {
  const { at, warned, bridge } = await startBridge(t);
  for (const origin of ["https://evil.example", "null", "http://127.0.0.1:1", "https://" + at, "file://"]) {
    assert.match(
      await refusal(t, `ws://${at}/ws`, ["wamp.2.json"], { headers: { origin } }),
      /^403 .*websocket\.origins/,
    );
  }
  assert.equal((await warned("websocket_refused")).level, "warn");
  assert.equal(bridge.counters.get("refusedConnections"), 5);
});

test("the page's own origin, a configured one and a program without Origin join", async (t) => {
  const { at } = await startBridge(t, "websocket: { origins: ['https://panel.example'] }");
  await joined(t, `ws://${at}/ws`, { headers: { origin: `http://${at}` } });
  await joined(t, `ws://${at}/ws`, { headers: { origin: "https://panel.example" } });
  await joined(t, `ws://${at}/ws`);
});

test("a Host that was made to point here is refused for WebSocket and for pages", async (t) => {
  const { at } = await startBridge(t);
  const headers = { host: "evil.example:8080", origin: "http://evil.example:8080" };
  assert.match(await refusal(t, `ws://${at}/ws`, ["wamp.2.json"], { headers }), /^403 .*websocket\.hosts/);
  const [response] = await heard(get(`http://${at}/healthz`, { headers: { host: "evil.example" } }), "response");
  assert.equal((response as { statusCode: number }).statusCode, 403); // an IncomingMessage
});

test("hosts and origins are judged by this table", () => {
  const rules = { origins: ["https://panel.example", "http://pi.example:8080"], hosts: ["pi.example"] };
  const at = (host: string | undefined, origin?: string, tls = false) => {
    const facts = { host, origin, tls, localAddress: "::ffff:192.168.1.9" };
    return `${hostFault(facts, rules) === undefined ? "host" : "-"} ${originFault(facts, rules) === undefined ? "origin" : "-"}`;
  };
  const table: [string | undefined, string | undefined, boolean, string][] = [
    ["127.0.0.1:8080", undefined, false, "host origin"],
    ["127.8.9.1", undefined, false, "host origin"],
    ["localhost:8080", "http://localhost:8080", false, "host origin"],
    ["localhost:8080", "http://localhost:8081", false, "host -"],
    ["localhost:8080", "https://localhost:8080", false, "host -"],
    ["localhost:8443", "https://localhost:8443", true, "host origin"],
    ["localhost", "http://localhost:80", false, "host origin"],
    ["LOCALHOST:8080", "http://localhost:8080", false, "host origin"],
    ["a.localhost", undefined, false, "host origin"],
    ["[::1]:8080", "http://[::1]:8080", false, "host origin"],
    ["192.168.1.9:8080", "http://192.168.1.9:8080", false, "host origin"],
    ["192.168.1.10:8080", undefined, false, "- origin"],
    ["pi.example:8080", "http://pi.example:8080", false, "host origin"],
    ["PI.EXAMPLE", undefined, false, "host origin"],
    ["localhost.evil.example", undefined, false, "- origin"],
    ["127.0.0.1.evil.example", undefined, false, "- origin"],
    ["evil.example", "http://evil.example", false, "- origin"],
    ["127.0.0.1:8080", "https://panel.example", false, "host origin"],
    ["127.0.0.1:8080", "https://panel.example.evil.example", false, "host -"],
    ["127.0.0.1:8080", "null", false, "host -"],
    ["127.0.0.1:8080", "", false, "host -"],
    ["127.0.0.1:8080", "blob:http://127.0.0.1:8080", false, "host -"],
    ["user@127.0.0.1", undefined, false, "- origin"],
    ["127.0.0.1/x", undefined, false, "- origin"],
    ["", undefined, false, "- origin"],
    [undefined, undefined, false, "- origin"],
  ];
  for (const [host, origin, tls, verdict] of table) {
    assert.equal(at(host, origin, tls), verdict, `${String(host)} ${String(origin)}`);
  }
});

test("an origin of * lets every page in", () => {
  const facts = { host: "127.0.0.1", origin: "https://any.example", tls: false, localAddress: "127.0.0.1" };
  assert.equal(originFault(facts, { origins: ["*"], hosts: [] }), undefined);
});

test("a peer behind a proxy on this machine is no local peer and does not join unasked", async (t) => {
  const { at } = await startBridge(t);
  for (const name of ["x-forwarded-for", "forwarded", "x-real-ip", "via"]) {
    const socket = open(t, `ws://${at}/ws`, ["wamp.2.json"], { headers: { [name]: "for=203.0.113.9" } });
    await once(socket, "open");
    socket.send(HELLO);
    const [data] = await heard(socket, "message");
    assert.match(String(data), /^\[3,.*authentication_required/);
  }
});

test("the wrong type of WebSocket message is a protocol violation", async (t) => {
  const { at, bridge } = await startBridge(t);
  const socket = await joined(t, `ws://${at}/ws`);
  socket.send(Buffer.from('[6,{},"wamp.close.normal"]'), { binary: true });
  const [data] = await heard(socket, "message");
  assert.match(String(data), /^\[3,.*text messages.*wamp\.error\.protocol_violation/);
  assert.equal((await closeOf(socket)).code, 1002);
  assert.equal(bridge.counters.get("violations"), 1);
});

test("octets that are no WAMP message end in ABORT and close code 1002, and others go on", async (t) => {
  const { at } = await startBridge(t);
  const other = await joined(t, `ws://${at}/ws`);
  const socket = await joined(t, `ws://${at}/ws`);
  socket.send("[99]");
  const [data] = await heard(socket, "message");
  assert.match(String(data), /^\[3,.*protocol_violation/);
  assert.equal((await closeOf(socket)).code, 1002);
  other.send('[6,{},"wamp.close.normal"]');
  assert.match(String((await heard(other, "message"))[0]), /goodbye_and_out/);
  assert.equal((await closeOf(other)).code, 1000);
});

test("a message over the limit closes the WebSocket with 1009", async (t) => {
  const { at } = await startBridge(t, "websocket: { maxMessage: 512 }");
  const socket = await joined(t, `ws://${at}/ws`);
  socket.send(`[48,1,{},"a.b",["${"x".repeat(600)}"]]`);
  assert.equal((await closeOf(socket)).code, 1009);
});

test("a silent peer is pinged, and dropped when it does not answer", async (t) => {
  const { at, bridge } = await startBridge(t, "websocket: { pingInterval: 60, pingTimeout: 200 }");
  const alive = await joined(t, `ws://${at}/ws`);
  const dead = await joined(t, `ws://${at}/ws`, { autoPong: false });
  const pinged = once(alive, "ping");
  await closeOf(dead);
  await pinged;
  assert.equal(alive.readyState, WebSocket.OPEN);
  await eventually(() => bridge.connections === 1, "the end of the dead peer's socket");
});

test("no compression is agreed on", async (t) => {
  const { at } = await startBridge(t);
  const socket = open(t, `ws://${at}/ws`, ["wamp.2.json"], { perMessageDeflate: true });
  await once(socket, "open");
  assert.equal(socket.extensions, "");
});

test("a broken upgrade request is answered, not ignored", async (t) => {
  const { at, port } = await startBridge(t);
  const socket = await openSocket(t, port);
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: ${at}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n`,
  );
  assert.match((await readToEnd(socket)).toString(), /^HTTP\/1.1 4\d\d/);
});

test("frames of a server have the header that the length asks for", () => {
  for (const [length, header] of [
    [0, "8100"],
    [125, "817d"],
    [126, "817e007e"],
    [65_535, "817effff"],
    [65_536, "817f0000000000010000"],
  ] as const) {
    const frame = webSocketFrame(new Uint8Array(length), false);
    assert.equal(Buffer.from(frame.subarray(0, header.length / 2)).toString("hex"), header);
    assert.equal(frame.length, length + header.length / 2);
  }
  assert.equal(webSocketFrame(new Uint8Array(1), true)[0], 0x82);
});
