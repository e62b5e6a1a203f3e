/**
 * Peers that are hostile below WAMP: floods, handshakes that never end, frames of reserved types, octets that are bombs. The
 * right end for them, bounded memory, and two bystanders who notice nothing.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { SerializerName } from "@pinion/wamp/serializer";
import { WebSocket } from "ws";
import { Bystanders } from "../support/bystanders.ts";
import { eventually, openSocket, readToEnd, startBridge, type TestBridge } from "../support/router-bridge-fixture.ts";
import { WireTalk } from "../support/wire-talk.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void; // exposed by the line above

interface Scene extends TestBridge {
  readonly bystanders: Bystanders;
}

async function scene(t: TestContext, limits = "goodbyeTimeout: 50"): Promise<Scene> {
  const bridge = await startBridge(t, `limits: { ${limits} }\n`);
  return { ...bridge, bystanders: await Bystanders.join(t, bridge.at) };
}

/** Only the bystanders are left, and they are well. */
async function assertCalm({ bridge, bystanders }: Scene): Promise<void> {
  await bystanders.check();
  await eventually(() => bridge.connections === 2, "the end of the hostile connections");
  await bystanders.checkAlone();
}

const MiB = 1024 * 1024;

/** Memory in use, after what is garbage was collected. */
function memory(): number {
  collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

/** Both ends share this process, and buffers on their way out are given back a little later. */
async function assertMemory(most: number): Promise<void> {
  await eventually(() => memory() < most, "memory within its bound");
}

const HANDSHAKE = Uint8Array.of(0x7f, 0xf1, 0, 0);

async function shaken(t: TestContext, port: number): Promise<Socket> {
  const socket = await openSocket(t, port);
  socket.write(HANDSHAKE);
  await once(socket, "data");
  return socket;
}

function frame(first: number, payload: string | Uint8Array): Buffer {
  const body = Buffer.from(payload);
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(body.length);
  prefix[0] = first;
  return Buffer.concat([prefix, body]);
}

test("a flood before HELLO gets one ABORT, whoever sends it, and is not kept", async (t) => {
  const it = await scene(t);
  const before = memory();
  for (let peer = 0; peer < 20; peer++) {
    const socket = await shaken(t, it.port);
    const flood = frame(0, JSON.stringify([16, 1, {}, "friend.topic", ["x".repeat(1000)]]));
    const got = readToEnd(socket);
    const block = Buffer.concat(Array.from({ length: 1000 }, () => flood));
    for (let i = 0; i < 10 && !socket.destroyed; i++) socket.write(block);
    await it.bystanders.check();
    assert.match((await got).toString(), /^....\[3,\{"message":"PUBLISH[^\]]*wamp.error.protocol_violation"\]$/s);
  }
  await assertMemory(before + 20 * MiB);
  await assertCalm(it);
});

test("a flood of HELLOs in one session ends at the second", async (t) => {
  const it = await scene(t);
  const talk = await WireTalk.open(t, `rs://${it.at}`);
  const hello = [1, "realm1", { roles: { caller: {} } }];
  for (let i = 0; i < 1000; i++) talk.send(hello);
  const codes = (await talk.untilEnd()).map(([code]) => code);
  assert.deepEqual(codes, [2, 3]);
  await assertCalm(it);
});

test("a hundred peers that open and shake hands one octet at a time are dropped in their time", async (t) => {
  const it = await scene(t, "firstOctetTimeout: 300, joinTimeout: 300, requestTimeout: 300, goodbyeTimeout: 50");
  const dialects: readonly Uint8Array[] = [
    HANDSHAKE.subarray(0, 3),
    Buffer.from(`GET / HTTP/1.1\r\nHost: ${it.at}\r\nX-Slow: ${"x".repeat(10_000)}`),
    Buffer.from(`POST /lp/open HTTP/1.1\r\nHost: ${it.at}\r\nContent-Length: 4000\r\n\r\n${" ".repeat(4000)}`),
    Buffer.concat([HANDSHAKE, frame(0, " ".repeat(100_000))]),
    Buffer.concat([HANDSHAKE, Buffer.from("00ffffff", "hex"), Buffer.alloc(100_000, 0x20)]),
  ];
  const dropped: Promise<unknown>[] = [];
  for (const octets of dialects) {
    for (let peer = 0; peer < 25; peer++) {
      const socket = await openSocket(t, it.port);
      dropped.push(once(socket, "close"));
      let at = 0;
      const timer = setInterval(() => socket.write(octets.subarray(at, ++at)), 20);
      socket.once("close", () => clearInterval(timer));
      socket.resume();
    }
  }
  await it.bystanders.check();
  await Promise.all(dropped);
  await assertCalm(it);
});

test("a WebSocket message in fragments that never end is dropped: before HELLO in its time, later at its size", async (t) => {
  const bridge = await startBridge(
    t,
    "limits: { joinTimeout: 300, goodbyeTimeout: 50 }\nwebsocket: { maxMessage: 65536 }\n",
  );
  const it = { ...bridge, bystanders: await Bystanders.join(t, bridge.at) };
  const silent = new WebSocket(`ws://${it.at}/ws`, ["wamp.2.json"]);
  await once(silent, "open");
  silent.send("[1,", { fin: false });
  const timer = setInterval(() => silent.readyState === silent.OPEN && silent.send(" ", { fin: false }), 20);
  t.after(() => clearInterval(timer));
  const [code] = (await once(silent, "close")) as [number]; // ws says so
  assert.equal(code, 1008);
  const joined = new WebSocket(`ws://${it.at}/ws`, ["wamp.2.json"]);
  joined.on("error", () => undefined);
  await once(joined, "open");
  joined.send('[1,"realm1",{"roles":{"caller":{}}}]');
  await once(joined, "message");
  for (let i = 0; i < 80; i++) joined.send(" ".repeat(1024), { fin: false });
  const [tooBig] = (await once(joined, "close")) as [number]; // ws says so
  assert.equal(tooBig, 1009);
  await assertCalm(it);
});

test("frames of reserved types and with reserved bits end their own connection and no other", async (t) => {
  const it = await scene(t);
  const firsts = [3, 4, 5, 6, 7, 0x0b, 0x0f, 0x10, 0x20, 0x40, 0x80, 0xf0, 0xff, 0x13];
  for (const first of firsts) {
    for (const payload of ["", '[48,1,{},"friend.procedure"]', Buffer.alloc(70_000)]) {
      const socket = await shaken(t, it.port);
      socket.write(frame(0, '[1,"realm1",{"roles":{"caller":{}}}]'));
      const [welcome] = (await once(socket, "data")) as [Buffer]; // no encoding was set
      assert.match(welcome.toString("latin1"), /^....\[2,/s);
      const got = readToEnd(socket);
      socket.write(frame(first, payload));
      socket.write(frame(0, '[48,1,{},"wamp.session.count"]'));
      assert.equal((await got).length, 0, "nothing after it is read");
      await it.bystanders.check();
    }
  }
  // the 25th length bit beside other length bits
  const socket = await shaken(t, it.port);
  const got = readToEnd(socket);
  socket.write(frame(8, "x"));
  await got;
  await assertCalm(it);
});

test("PINGs by the thousand are answered, or wait for who does not read; nobody else waits", async (t) => {
  const it = await scene(t);
  const socket = await shaken(t, it.port);
  socket.pause();
  const ping = frame(1, Buffer.alloc(1000, 7));
  for (let i = 0; i < 5000; i++) socket.write(ping);
  await it.bystanders.check();
  socket.destroy();
  await assertCalm(it);
});

test("text where binary was agreed, and the reverse, is a violation told in ABORT and 1002", async (t) => {
  const it = await scene(t);
  for (const [serializer, binary] of [
    ["json", true],
    ["msgpack", false],
    ["cbor", false],
  ] as const) {
    const socket = new WebSocket(`ws://${it.at}/ws`, [`wamp.2.${serializer}`]);
    await once(socket, "open");
    const answer = once(socket, "message");
    const end = once(socket, "close");
    socket.send('[1,"realm1",{"roles":{"caller":{}}}]', { binary });
    assert.match(String((await answer)[0]), /wamp.error.protocol_violation/);
    assert.equal((await end)[0], 1002);
  }
  await assertCalm(it);
});

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const CALL = { msgpack: "95 30 01", cbor: "85 18 30 01" } as const;

/** Octets that are one message of CALL 1 or nothing at all; each is a violation. */
const BOMBS: readonly (readonly [name: string, serializer: SerializerName, octets: Buffer])[] = [
  ["no UTF-8 in a URI", "json", Buffer.from('[48,1,{},"a.\xff"]', "latin1")],
  ["no UTF-8 in a payload", "json", Buffer.from('[48,1,{},"a.b",["\xc3("]]', "latin1")],
  ["a surrogate in UTF-8", "json", Buffer.from('[48,1,{},"a.b",["\xed\xa0\x80"]]', "latin1")],
  ["half a surrogate pair in a URI", "json", Buffer.from('[48,1,{},"a.\\ud800"]')],
  ["no UTF-8 in a URI", "msgpack", hex(`${CALL.msgpack} 80 a3 61 2e ff 90`)],
  ["no UTF-8 in a payload", "msgpack", hex(`${CALL.msgpack} 80 a3 61 2e 62 91 a1 ff`)],
  ["no UTF-8 in a URI", "cbor", hex(`${CALL.cbor} a0 63 61 2e ff 80`)],
  ["no UTF-8 in chunks", "cbor", hex(`${CALL.cbor} a0 63 61 2e 62 81 7f 61 c3 61 a9 ff`)],
  ["lists without end", "json", Buffer.from(`[48,1,{},"a.b",${"[".repeat(8 * MiB)}`)],
  ["dicts without end", "json", Buffer.from(`[48,1,${'{"a":'.repeat(2 * MiB)}`)],
  ["lists without end", "msgpack", Buffer.concat([hex(`${CALL.msgpack} 80 a3 61 2e 62`), Buffer.alloc(8 * MiB, 0x91)])],
  ["lists without end", "cbor", Buffer.concat([hex(`${CALL.cbor} a0 63 61 2e 62`), Buffer.alloc(8 * MiB, 0x81)])],
  ["lists of no length without end", "cbor", Buffer.alloc(8 * MiB, 0x9f)],
  ["tags without end", "cbor", Buffer.concat([hex(`${CALL.cbor} a0 63 61 2e 62 81`), Buffer.alloc(8 * MiB, 0xc1)])],
  ["4 Gi items announced", "msgpack", hex(`${CALL.msgpack} 80 a3 61 2e 62 dd ff ff ff ff`)],
  ["a string of 4 GiB announced", "msgpack", hex(`${CALL.msgpack} 80 db ff ff ff ff 61`)],
  ["a dict of 4 Gi entries announced", "msgpack", hex(`${CALL.msgpack} df ff ff ff ff a1 61`)],
  ["a message of 4 Gi elements", "msgpack", hex("dd ff ff ff ff 30 01 80 a3 61 2e 62 90 80 01 01 01")],
  ["2^64-1 items announced", "cbor", hex(`${CALL.cbor} a0 63 61 2e 62 9b ff ff ff ff ff ff ff ff`)],
  ["a string of 2^63 announced", "cbor", hex(`${CALL.cbor} a0 7b 7f ff ff ff ff ff ff ff 61`)],
  ["a dict of 2^64-1 announced", "cbor", hex(`${CALL.cbor} bb ff ff ff ff ff ff ff ff 61 61`)],
  ["a message of 2^64-1 elements", "cbor", hex("9b ff ff ff ff ff ff ff ff 18 30 01 a0 63 61 2e 62 80 a0 01 01")],
  ["an extension type", "msgpack", hex(`${CALL.msgpack} 80 a3 61 2e 62 91 d6 ff 00 00 00 00`)],
  ["an extension of 4 GiB", "msgpack", hex(`${CALL.msgpack} 80 a3 61 2e 62 91 c9 ff ff ff ff 05`)],
  ["an integer as a key", "msgpack", hex(`${CALL.msgpack} 81 01 02 a3 61 2e 62 90`)],
  ["an integer as a key", "cbor", hex(`${CALL.cbor} a1 01 02 63 61 2e 62 80`)],
  ["a break where a value is", "cbor", hex(`${CALL.cbor} a0 63 61 2e 62 81 ff`)],
  ["a message without an end", "cbor", hex("9f 18 30 01 a0 63 61 2e 62 80")],
  ["a tagged id", "cbor", hex("85 18 30 c2 41 01 a0 63 61 2e 62 80")],
  ["nothing", "json", Buffer.alloc(0)],
  ["nothing", "msgpack", Buffer.alloc(0)],
  ["nothing", "cbor", Buffer.alloc(0)],
  ["two messages", "json", Buffer.from('[48,1,{},"a.b"][48,2,{},"a.b"]')],
  ["16 MiB of spaces", "json", Buffer.alloc(16 * MiB - 1, 0x20)],
  ["zeros", "json", Buffer.alloc(1000)],
];

test("octets that are bombs or no message at all end their own session with ABORT, at once", async (t) => {
  const it = await scene(t);
  const before = memory();
  for (const [name, serializer, octets] of BOMBS) {
    for (const url of [`rs://${it.at}`, `ws://${it.at}/ws`, `lp://${it.at}/lp`]) {
      const talk = await (await WireTalk.open(t, url, serializer)).join();
      talk.sendOctets(octets);
      const lists = await talk.untilEnd();
      const got = lists.map(([code, , reason]) => `${String(code)} ${String(reason)}`);
      // text that is no UTF-8 fails the WebSocket itself, which has a code of its own for it (RFC 6455, 8.1)
      const below = talk.closeCode === 1007 && octets.some((octet) => octet > 0x7f);
      const expected = below ? [] : ["3 wamp.error.protocol_violation"];
      assert.deepEqual(got, expected, `${name} in ${serializer} over ${url}`);
      await it.bystanders.check();
    }
  }
  await assertMemory(before + 40 * MiB);
  await assertCalm(it);
});

test("keys twice, __proto__ and constructor change nothing but what the session itself asked for", async (t) => {
  const it = await scene(t);
  for (const url of [`rs://${it.at}`, `ws://${it.at}/ws`]) {
    const talk = await (await WireTalk.open(t, url)).join();
    const options = '{"__proto__":{"acknowledge":true,"exclude_me":false},"constructor":{"prototype":{"x":1}}';
    talk.sendOctets(Buffer.from(`[16,1,${options}},"friend.none",[],{"__proto__":{"polluted":1}}]`));
    talk.sendOctets(Buffer.from(`[16,2,${options},"acknowledge":false,"acknowledge":true},"friend.none"]`));
    assert.equal((await talk.next())[1], 2, "only the second was acknowledged: the last of two keys counts");
    assert.equal(({} as { polluted?: unknown; x?: unknown }).polluted, undefined);
    assert.equal(({} as { x?: unknown }).x, undefined);
    talk.destroy();
  }
  await assertCalm(it);
});

test("at its limit a session gets ERROR for each further subscription, a hundred thousand times, and memory is bounded", async (t) => {
  const it = await scene(t, "goodbyeTimeout: 50, subscriptionsPerSession: 500");
  const talk = await (await WireTalk.open(t, `rs://${it.at}`)).join();
  const before = memory();
  const MANY = 100_000;
  let subscribed = 0;
  let refused = 0;
  for (let request = 1; request <= MANY; request += 1000) {
    for (let i = request; i < request + 1000; i++) talk.send([32, i, {}, `hostile.t${String(i)}`]);
    for (let i = request; i < request + 1000; i++) {
      const list = await talk.next();
      if (list[0] === 33) subscribed += 1;
      else if (list[0] === 8 && list[4] === "pinion.error.limit_exceeded") refused += 1;
    }
    if (request % 10_000 === 1) await it.bystanders.check();
  }
  assert.deepEqual([subscribed, refused], [500, MANY - 500]);
  await assertMemory(before + 20 * MiB);
  talk.destroy();
  await assertCalm(it);
});

test("batches that are empty, cut off, bombs or of far too many messages end their own session", async (t) => {
  const it = await scene(t);
  const messages = (count: number): string => Array.from({ length: count }, () => "[49,1,{}]\u001e").join("");
  const prefixed = (length: number, octets: string): Buffer => {
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(length);
    return Buffer.concat([prefix, hex(octets)]);
  };
  const cancel = "93 31 01 80";
  const bombs: readonly (readonly [subprotocol: string, data: string | Buffer])[] = [
    ["wamp.2.json.batched", ""],
    ["wamp.2.json.batched", "\u001e"],
    ["wamp.2.json.batched", "[49,1,{}]"],
    ["wamp.2.json.batched", "[49,1,{}]\u001e\u001e[49,1,{}]\u001e"],
    ["wamp.2.json.batched", messages(100_000)],
    ["wamp.2.msgpack.batched", Buffer.alloc(0)],
    ["wamp.2.msgpack.batched", Buffer.alloc(3)],
    ["wamp.2.msgpack.batched", Buffer.alloc(1_000_000)],
    ["wamp.2.msgpack.batched", prefixed(0xffff_ffff, cancel)],
    ["wamp.2.msgpack.batched", prefixed(5, cancel)],
    ["wamp.2.msgpack.batched", Buffer.concat([prefixed(4, cancel), prefixed(2, "93")])],
    ["wamp.2.cbor.batched", Buffer.concat(Array.from({ length: 100_000 }, () => prefixed(5, "83 18 31 01 a0")))],
  ];
  for (const [subprotocol, data] of bombs) {
    const socket = new WebSocket(`ws://${it.at}/ws`, [subprotocol]);
    socket.on("error", () => undefined);
    await once(socket, "open");
    const end = once(socket, "close");
    socket.send(data, { binary: typeof data !== "string" });
    const [code] = (await end) as [number]; // ws says so
    assert.ok([1002, 1008, 1009].includes(code), `${subprotocol} ${String(data).slice(0, 40)}: ${String(code)}`);
    await it.bystanders.check();
  }
  await assertCalm(it);
});
