/** Each limit of the configuration: listed with its default, and kept at its boundary with the refusal that the list names. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { nodeCrypto, writeAccounts } from "@pinion/client";
import { noAccounts, SECRET_METHODS, secretCredentials } from "@pinion/wamp";
import { readConfigText } from "../../router-bridge/config.ts";
import { configSchema } from "../../router-bridge/config-schema.ts";
import { deepList } from "../support/hostile-mutations.ts";
import { eventually, openSocket, readToEnd, startBridge, temporaryFolder } from "../support/router-bridge-fixture.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/test-certificate.ts";
import { WireTalk, type WireList } from "../support/wire-talk.ts";

const root = join(import.meta.dirname, "../..");
const LIMIT = "pinion.error.limit_exceeded";

interface Bound {
  readonly default?: string | number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Keys of the configuration that bound something, with what the schema says. */
function bounds(): Map<string, Bound> {
  const found = new Map<string, Bound>();
  for (const [name, schema] of Object.entries(configSchema.properties.limits.properties as Record<string, Bound>)) {
    found.set(`limits.${name}`, schema); // a schema of one key
  }
  for (const section of ["websocket", "rawsocket"] as const) {
    found.set(`${section}.maxMessage`, configSchema.properties[section].properties.maxMessage as Bound); // as above
  }
  return found;
}

describe("the list of limits", () => {
  test("names each one with its default in the room's README", () => {
    const text = readFileSync(join(root, "router-bridge/README.md"), "utf8");
    for (const [key, schema] of bounds()) {
      const row = text.split("\n").find((line) => line.startsWith(`| \`${key}\` |`));
      assert.ok(row, `${key} has a row in router-bridge/README.md`);
      if (schema.default !== undefined) {
        assert.ok(row.replaceAll("`", "").includes(`| ${String(schema.default)} |`), `${key} is ${row}`);
      }
    }
  });

  test("in the README of the project tells the same keys and defaults", () => {
    const text = readFileSync(join(root, "README.md"), "utf8");
    const section = text.slice(text.indexOf("## Limits")).split("\n## ", 1)[0] ?? "";
    const rows = section.split("\n").filter((line) => line.startsWith("| `"));
    assert.ok(rows.length > 8);
    for (const row of rows) {
      const [keys = "", values = ""] = row.slice(2).split(" | ");
      const known = keys.split(", ").map((key) => bounds().get(key.replaceAll("`", ""))?.default);
      assert.deepEqual(values.split(", ").map(Number), known, row);
    }
  });

  test("has a smallest and a greatest value for each number, and tells which is wrong", () => {
    for (const [key, { minimum, maximum, default: usual }] of bounds()) {
      if (typeof usual !== "number") continue;
      assert.ok(minimum !== undefined && maximum !== undefined, key);
      const [section = "", name = ""] = key.split(".");
      for (const wrong of [minimum - 1, maximum + 1, 1.5, '"many"']) {
        const result = readConfigText(`${section}: { ${name}: ${String(wrong)} }`, "test.yaml");
        assert.ok(!result.ok, `${key}: ${String(wrong)}`);
      }
    }
  });
});

async function talkWith(t: TestContext, limits: string): Promise<{ talk: WireTalk; at: string }> {
  const { at } = await startBridge(t, `limits: { goodbyeTimeout: 50, drainTimeout: 50, ${limits} }\n`);
  return { talk: await (await WireTalk.open(t, `rs://${at}`)).join(), at };
}

/** The codes and, of an ERROR, the URI, of the answers to these requests. */
async function answers(talk: WireTalk, lists: readonly WireList[]): Promise<string[]> {
  const got: string[] = [];
  for (const list of lists) {
    talk.send(list);
    const [code, , , , error] = await talk.next();
    got.push(code === 8 ? String(error) : String(code));
  }
  return got;
}

test("limits.subscriptionsPerSession: so many are granted, one more is ERROR, and one that ended makes room", async (t) => {
  const { talk } = await talkWith(t, "subscriptionsPerSession: 2");
  const asked = [1, 2, 3].map((id) => [32, id, {}, `topic.t${String(id)}`]);
  assert.deepEqual(await answers(talk, asked), ["33", "33", LIMIT]);
  talk.send([32, 4, {}, "topic.t1"]);
  const [, , subscription] = await talk.next();
  assert.deepEqual(
    await answers(talk, [
      [34, 5, subscription],
      [32, 6, {}, "topic.t3"],
    ]),
    ["35", "33"],
  );
});

test("limits.registrationsPerSession: so many are granted, one more is ERROR", async (t) => {
  const { talk } = await talkWith(t, "registrationsPerSession: 2");
  const asked = [1, 2, 3].map((id) => [64, id, {}, `procedure.p${String(id)}`]);
  assert.deepEqual(await answers(talk, asked), ["65", "65", LIMIT]);
});

test("limits.pendingCallsPerSession: so many wait, one more is ERROR, and an answer makes room", async (t) => {
  const { talk, at } = await talkWith(t, "pendingCallsPerSession: 2");
  const callee = await (await WireTalk.open(t, `ws://${at}/ws`)).join();
  assert.deepEqual(await answers(callee, [[64, 1, {}, "slow.procedure"]]), ["65"]);
  for (const id of [1, 2, 3]) talk.send([48, id, {}, "slow.procedure"]);
  assert.deepEqual((await talk.next()).slice(0, 5), [8, 48, 3, {}, LIMIT]);
  for (const id of [1, 2]) assert.equal((await callee.next())[1], id);
  callee.send([70, 1, {}]);
  assert.deepEqual((await talk.next()).slice(0, 2), [50, 1]);
  talk.send([48, 4, {}, "slow.procedure"]);
  assert.equal((await callee.next())[0], 68);
});

test("limits.sessionsPerRealm: so many join, one more is ABORT", async (t) => {
  const { at } = await talkWith(t, "sessionsPerRealm: 2");
  await (await WireTalk.open(t, `rs://${at}`)).join();
  const third = await WireTalk.open(t, `rs://${at}`);
  third.send([1, "realm1", { roles: { caller: {} } }]);
  assert.deepEqual(
    (await third.untilEnd()).map(([code, , reason]) => [code, reason]),
    [[3, LIMIT]],
  );
});

test("limits.uriLength: a URI of that length is taken, a longer one is ERROR, a longer realm ABORT", async (t) => {
  const { talk, at } = await talkWith(t, "uriLength: 20");
  const uri = (length: number): string => "u".repeat(length);
  const lists = [
    [32, 1, {}, uri(20)],
    [32, 2, {}, uri(21)],
    [64, 3, {}, uri(20)],
    [64, 4, {}, uri(21)],
    [48, 5, {}, uri(21)],
    [16, 6, { acknowledge: true }, uri(20)],
    [16, 7, { acknowledge: true }, uri(21)],
  ];
  const invalid = "wamp.error.invalid_uri";
  assert.deepEqual(await answers(talk, lists), ["33", invalid, "65", invalid, invalid, "17", invalid]);
  const other = await WireTalk.open(t, `rs://${at}`);
  other.send([1, uri(21), { roles: { caller: {} } }]);
  assert.equal((await other.untilEnd())[0]?.[2], invalid);
});

test("limits.nestingDepth and limits.detailsOctets: up to them all is well, beyond is ABORT", async (t) => {
  const { talk, at } = await talkWith(t, "nestingDepth: 10, detailsOctets: 600");
  const fine = [
    [16, 1, { acknowledge: true }, "a.b", deepList(10)],
    [16, 2, { acknowledge: true, x_own: "x".repeat(500) }, "a.b", ["x".repeat(5000)]],
  ];
  assert.deepEqual(await answers(talk, fine), ["17", "17"]);
  for (const beyond of [
    [16, 1, {}, "a.b", deepList(11)],
    [16, 1, { x_own: "x".repeat(600) }, "a.b"],
  ]) {
    const hostile = await (await WireTalk.open(t, `ws://${at}/ws`)).join();
    hostile.send(beyond);
    assert.equal((await hostile.untilEnd())[0]?.[2], "wamp.error.protocol_violation");
  }
});

test("websocket.maxMessage and rawsocket.maxMessage: a message of that size is taken, a longer one ends the connection", async (t) => {
  const { at } = await startBridge(t, "websocket: { maxMessage: 4096 }\nrawsocket: { maxMessage: 4096 }\n");
  const sized = (octets: number): Buffer => {
    const text = JSON.stringify([16, 1, { acknowledge: true }, "a.b", [""]]);
    return Buffer.from(text.replace('[""]', `["${"x".repeat(octets - text.length)}"]`));
  };
  for (const url of [`rs://${at}`, `ws://${at}/ws`]) {
    const fine = await (await WireTalk.open(t, url)).join();
    fine.sendOctets(sized(4096));
    assert.equal((await fine.next())[0], 17);
    const hostile = await (await WireTalk.open(t, url)).join();
    hostile.sendOctets(sized(4097));
    assert.deepEqual(await hostile.untilEnd(), []);
    assert.equal(hostile.closeCode, url.startsWith("ws") ? 1009 : 0);
  }
});

test("limits.testamentsPerSession and limits.testamentOctets: one more is ERROR", async (t) => {
  const { talk } = await talkWith(t, "testamentsPerSession: 2, testamentOctets: 2000");
  const add = (id: number, words: string): WireList => [48, id, {}, "wamp.session.add_testament", ["a.b", [words], {}]];
  assert.deepEqual(await answers(talk, [add(1, "x".repeat(2500)), add(2, "x"), add(3, "y"), add(4, "z")]), [
    LIMIT,
    "50",
    "50",
    LIMIT,
  ]);
});

/** What a newcomer is given of what was kept. */
async function kept(talk: WireTalk, id: number): Promise<unknown[]> {
  talk.send([32, id, { match: "prefix", get_retained: true }, "kept."]);
  talk.send([34, id + 1, (await talk.next())[2]]);
  const args: unknown[] = [];
  for (let list = await talk.next(); list[0] !== 35; list = await talk.next()) args.push(...(list[4] as unknown[])); // an EVENT
  return args;
}

test("limits.retainedEvents: for one more the topic that was silent longest is forgotten", async (t) => {
  const { talk, at } = await talkWith(t, "retainedEvents: 2");
  const newcomer = await (await WireTalk.open(t, `rs://${at}`)).join();
  const publish = (id: number): unknown[] => [16, id, { retain: true, acknowledge: true }, `kept.t${String(id)}`, [id]];
  assert.deepEqual(await answers(talk, [publish(1), publish(2)]), ["17", "17"]);
  assert.deepEqual(await kept(newcomer, 1), [1, 2]);
  assert.deepEqual(await answers(talk, [publish(3)]), ["17"]);
  assert.deepEqual(await kept(newcomer, 3), [2, 3]);
});

test("limits.retainedPerTopic: of those for some only the oldest is forgotten", async (t) => {
  for (const [limit, expected] of [
    [1, []],
    [2, ["for the newcomer"]],
  ] as const) {
    const { talk, at } = await talkWith(t, `retainedPerTopic: ${String(limit)}`);
    const newcomer = await WireTalk.open(t, `rs://${at}`);
    newcomer.send([1, "realm1", { roles: { subscriber: {} } }]);
    const [, session] = await newcomer.next();
    const publish = (id: number, eligible: unknown, words: string): unknown[] => {
      return [16, id, { retain: true, acknowledge: true, eligible: [eligible] }, "kept.topic", [words]];
    };
    const two = [publish(1, session, "for the newcomer"), publish(2, 4711, "for somebody else")];
    assert.deepEqual(await answers(talk, two), ["17", "17"]);
    assert.deepEqual(await kept(newcomer, 1), expected);
  }
});

test("limits.connections and limits.refusedConnections: one more is told, one beyond those is dropped unheard", async (t) => {
  const { port, bridge } = await startBridge(
    t,
    "limits: { connections: 1, refusedConnections: 1, goodbyeTimeout: 50 }\n",
  );
  await openSocket(t, port);
  await eventually(() => bridge.connections === 1, "the first connection");
  const second = await openSocket(t, port);
  await eventually(() => bridge.connections === 2, "the second connection");
  const third = await openSocket(t, port);
  const unheard = readToEnd(third);
  assert.equal((await unheard).length, 0);
  const told = readToEnd(second);
  second.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert.match((await told).toString(), /^HTTP\/1\.1 503 /);
});

test("limits.headerOctets: a head of that size is answered, a longer one is 431", async (t) => {
  const { port } = await startBridge(t, "limits: { headerOctets: 2048, goodbyeTimeout: 50 }\n");
  const ask = async (filler: number): Promise<string> => {
    const socket = await openSocket(t, port);
    const got = readToEnd(socket);
    socket.write(
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Filler: ${"x".repeat(filler)}\r\n\r\n`,
    );
    return (await got).toString();
  };
  assert.match(await ask(1500), /^HTTP\/1\.1 200 /);
  assert.match(await ask(3000), /^HTTP\/1\.1 431 [^]*2048 octets/);
});

test("limits.requestTimeout and limits.keepAliveTimeout: a request without end, and silence after one, end the connection", async (t) => {
  const { port } = await startBridge(
    t,
    "limits: { firstOctetTimeout: 200, requestTimeout: 200, keepAliveTimeout: 100, goodbyeTimeout: 50 }\n",
  );
  const endless = await openSocket(t, port);
  endless.write("POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx");
  const idle = await openSocket(t, port);
  idle.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const ends = [endless, idle].map((socket) => readToEnd(socket));
  assert.match((await Promise.all(ends)).join(), /405[^]*200 OK/);
});

test("limits.firstOctetTimeout and limits.joinTimeout: silence and no HELLO end the connection", async (t) => {
  const { port, at } = await startBridge(
    t,
    "limits: { firstOctetTimeout: 100, joinTimeout: 100, goodbyeTimeout: 50 }\n",
  );
  const silent = await openSocket(t, port);
  assert.equal((await readToEnd(silent)).length, 0);
  const talk = await WireTalk.open(t, `rs://${at}`);
  assert.equal((await talk.untilEnd())[0]?.[2], "wamp.error.timeout");
});

test("limits.closeTimeout: a peer that never answers the close frame is let go", async (t) => {
  const { port, bridge } = await startBridge(t, "limits: { closeTimeout: 100, goodbyeTimeout: 50 }\n");
  const socket = await openSocket(t, port);
  socket.write(
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
  );
  await once(socket, "data");
  // a masked text frame of "[]", which is no message; the close frame that follows is never answered
  socket.write(Uint8Array.of(0x81, 0x82, 0, 0, 0, 0, 0x5b, 0x5d));
  socket.resume();
  await eventually(() => bridge.connections === 0, "the end of the connection");
});

test("limits.relayHeldOctets: a client that sends more before the router is reached gets ABORT", async (t) => {
  const tarpit = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(tarpit, "listening");
  t.after(() => tarpit.close());
  const address = tarpit.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { at } = await startBridge(
    t,
    `upstream: { url: "rs://127.0.0.1:${String(port)}" }\nlimits: { relayHeldOctets: 1000, goodbyeTimeout: 50 }\n`,
  );
  const talk = await WireTalk.open(t, `rs://${at}`);
  talk.send([1, "realm1", { roles: { caller: {} }, authextra: { x: "x".repeat(1000) } }]);
  const [abort] = await talk.untilEnd();
  assert.deepEqual([abort?.[0], JSON.stringify(abort?.[1]).includes("1000 octets")], [3, true], JSON.stringify(abort));
});

test("limits.tlsTimeout: a TLS handshake that does not end is ended", async (t) => {
  const folder = temporaryFolder(t);
  const [cert, key] = [join(folder, "c.pem"), join(folder, "k.pem")];
  writeFileSync(cert, TEST_CERTIFICATE);
  writeFileSync(key, TEST_KEY);
  const { port } = await startBridge(
    t,
    `listen: [{ tcp: "127.0.0.1:0", tls: { cert: ${cert}, key: ${key} } }]\nlimits: { tlsTimeout: 100, goodbyeTimeout: 50 }\n`,
  );
  const socket = await openSocket(t, port);
  assert.equal((await readToEnd(socket)).length, 0);
});

test("limits.halfOpenSessions: so many may be asked who they are, one more is ABORT, and an answer makes room", async (t) => {
  const file = join(temporaryFolder(t), "accounts.json");
  const credentials = await secretCredentials(nodeCrypto, "four words make tickets", SECRET_METHODS);
  writeAccounts(file, { ...noAccounts(nodeCrypto), accounts: [{ authid: "vera", role: "viewer", ...credentials }] });
  const { at } = await startBridge(t, `auth: { file: ${file} }\nlimits: { halfOpenSessions: 2, goodbyeTimeout: 50 }\n`);
  const hello = async (): Promise<WireTalk> => {
    const talk = await WireTalk.open(t, `rs://${at}`);
    talk.send([1, "realm1", { roles: { caller: {} }, authid: "vera", authmethods: ["ticket"] }]);
    return talk;
  };
  const [first, second] = [await hello(), await hello()];
  for (const talk of [first, second]) assert.equal((await talk.next())[0], 4);
  assert.equal((await (await hello()).untilEnd())[0]?.[2], LIMIT);
  first.send([5, "four words make tickets", {}]);
  assert.equal((await first.next())[0], 2);
  assert.equal((await (await hello()).next())[0], 4);
});
