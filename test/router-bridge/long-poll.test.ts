import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test, type TestContext } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { decode as decodeCbor, encode as encodeCbor } from "cborg";
import { eventually, startBridge, type TestBridge } from "../support/router-bridge-fixture.ts";
import { talk } from "../support/router-bridge-talk.ts";

const HELLO = [1, "realm1", { roles: { caller: {}, callee: {}, publisher: {}, subscriber: {} } }];

interface Reply {
  readonly status: number;
  readonly type: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

interface Asking {
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  readonly method?: string;
  readonly signal?: AbortSignal;
  readonly agent?: Agent;
}

/** One request, without anything that a browser or fetch would add. */
function ask(
  at: string,
  path: string,
  { body, headers = {}, method = "POST", signal, agent }: Asking = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: agent ?? false, ...(signal === undefined ? {} : { signal }) } as const;
    const sent = request(`http://${at}${path}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const { statusCode = 0, headers: got } = response;
        resolve({ status: statusCode, type: got["content-type"], headers: got, body: Buffer.concat(chunks) });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function open(at: string, ...protocols: string[]): Promise<string> {
  const { status, body } = await ask(at, "/lp/open", { body: JSON.stringify({ protocols }) });
  assert.equal(status, 200, body.toString());
  const answer = JSON.parse(body.toString()) as { protocol: string; transport: string }; // checked below
  assert.equal(answer.protocol, protocols[0]);
  assert.match(answer.transport, /^[A-Za-z0-9_-]{32}$/);
  return `/lp/${answer.transport}`;
}

const json = (message: unknown): string => JSON.stringify(message);
const read = ({ body }: Reply): unknown[] => JSON.parse(body.toString()) as unknown[]; // of WAMP messages

async function joined(at: string): Promise<string> {
  const path = await open(at, "wamp.2.json");
  assert.equal((await ask(at, `${path}/send`, { body: json(HELLO) })).status, 202);
  const welcome = await ask(at, `${path}/receive`);
  assert.deepEqual([welcome.status, welcome.type, read(welcome)[0]], [200, "application/json", 2]);
  return path;
}

async function joinedBridge(t: TestContext, yaml = ""): Promise<TestBridge & { path: string }> {
  const bridge = await startBridge(t, yaml);
  return { ...bridge, path: await joined(bridge.at) };
}

test("open, send, receive and close: a whole session with nothing but POST requests", async (t) => {
  const { at, path } = await joinedBridge(t);
  const send = await ask(at, `${path}/send?x=0.123`, {
    body: json([32, 1, {}, "news"]),
    headers: { "Content-Type": "application/json; charset=utf-8" },
  });
  assert.deepEqual([send.status, send.body.length], [202, 0]);
  assert.deepEqual(read(await ask(at, `${path}/receive`)).slice(0, 2), [33, 1]);
  const waiting = ask(at, `${path}/receive`);
  const peer = await (await talk(t, `rs://${at}`)).join();
  peer.publish("news", ["é", 2 ** 53 - 1]);
  const event = await waiting;
  assert.deepEqual(read(event)[4], ["é", 2 ** 53 - 1]);
  assert.equal(event.headers["cache-control"], "no-store");
  assert.equal((await ask(at, `${path}/close`)).status, 202);
  assert.equal((await ask(at, `${path}/receive`)).status, 404);
  peer.call("wamp.session.count");
  assert.deepEqual((await peer.expect("RESULT")).payload.args, [1]);
});

test("a receive without batches gives exactly one message, in order", async (t) => {
  const { at, path } = await joinedBridge(t);
  for (const number of [1, 2, 3]) {
    await ask(at, `${path}/send`, { body: json([48, number, {}, "wamp.session.count"]) });
  }
  for (const number of [1, 2, 3]) assert.deepEqual(read(await ask(at, `${path}/receive`)).slice(0, 2), [50, number]);
});

test("batched: one request carries several messages, and a receive all that there are", async (t) => {
  const { at } = await startBridge(t);
  const path = await open(at, "wamp.2.json.batched", "wamp.2.json");
  const calls = [1, 2, 3].map((number) => [48, number, {}, "wamp.session.count"]);
  const body = [HELLO, ...calls].map((message) => `${json(message)}\x1e`).join("");
  assert.equal((await ask(at, `${path}/send`, { body })).status, 202);
  const got = (await ask(at, `${path}/receive`)).body.toString().split("\x1e");
  assert.equal(got.pop(), "");
  assert.deepEqual(
    got.map((message) => (JSON.parse(message) as unknown[])[0]),
    [2, 50, 50, 50],
  );
});

test("MessagePack and CBOR travel as they are, under their content types", async (t) => {
  const { at } = await startBridge(t);
  for (const [name, type, pack, unpack] of [
    ["msgpack", "application/x-msgpack", encode, decode],
    ["cbor", "application/cbor", encodeCbor, decodeCbor],
  ] as const) {
    const path = await open(at, `wamp.2.${name}`);
    const sent = await ask(at, `${path}/send`, { body: pack(HELLO), headers: { "Content-Type": type } });
    assert.equal(sent.status, 202);
    const reply = await ask(at, `${path}/receive`);
    assert.equal(reply.type, type);
    const message: unknown = unpack(reply.body);
    assert.ok(Array.isArray(message) && message[0] === 2);

    const batched = await open(at, `wamp.2.${name}.batched`);
    const octets = Buffer.from(pack(HELLO));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(octets.length);
    await ask(at, `${batched}/send`, { body: Buffer.concat([length, octets]) });
    const batch = (await ask(at, `${batched}/receive`)).body;
    assert.equal(batch.readUInt32BE(0), batch.length - 4);
  }
});

test("a receive is held open, ends empty after receiveTimeout, and can be asked again", async (t) => {
  const { at, path } = await joinedBridge(t, "longpoll: { receiveTimeout: 50 }\n");
  const empty = await ask(at, `${path}/receive`);
  assert.deepEqual([empty.status, empty.body.length], [204, 0]);
  assert.equal((await ask(at, `${path}/receive`)).status, 204);
});

test("one receive is pending at a time: a newer one takes its place, and no message is lost", async (t) => {
  const { at, path } = await joinedBridge(t);
  const first = ask(at, `${path}/receive`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const second = ask(at, `${path}/receive`);
  assert.equal((await first).status, 409);
  await ask(at, `${path}/send`, { body: json([48, 1, {}, "wamp.session.count"]) });
  assert.deepEqual(read(await second).slice(0, 2), [50, 1]);
});

test("a poller that does not come back is gone after idleTimeout, and its procedures are free", async (t) => {
  const { at, path } = await joinedBridge(t, "longpoll: { receiveTimeout: 50, idleTimeout: 150 }\n");
  await ask(at, `${path}/send`, { body: json([64, 1, {}, "device.gpio.set"]) });
  await ask(at, `${path}/receive`);
  // a receive that was given up counts as no sign of life either
  const given = new AbortController();
  const waiting = ask(at, `${path}/receive`, { signal: given.signal }).catch(() => undefined);
  given.abort();
  await waiting;
  const peer = await (await talk(t, `rs://${at}`)).join();
  await eventually(async () => {
    peer.call("wamp.session.count");
    return (await peer.expect("RESULT")).payload.args?.[0] === 1;
  }, "the end of the poller");
  await peer.register("device.gpio.set");
  assert.equal((await ask(at, `${path}/send`, { body: json([48, 2, {}, "x.y"]) })).status, 404);
});

test("a message whose answer cannot be written ends the session: nothing is lost in silence", async (t) => {
  const { at, path } = await joinedBridge(t);
  const peer = await (await talk(t, `rs://${at}`)).join();
  await ask(at, `${path}/send`, { body: json([32, 1, {}, "news"]) });
  await ask(at, `${path}/receive`);
  const stuck = request(`http://${at}${path}/receive`, { method: "POST", agent: false });
  stuck.on("error", () => undefined);
  const begun = new Promise((resolve) => stuck.on("response", (response) => resolve(response.pause())));
  stuck.end();
  // more than the kernel takes on its own
  peer.publish("news", ["x".repeat(15_000_000)]);
  await begun;
  stuck.destroy();
  await eventually(async () => (await ask(at, `${path}/receive`)).status === 404, "the end");
});

test("ids are never the same, and a guessed or misspelt one is 404", async (t) => {
  const { at } = await startBridge(t);
  const paths = new Set<string>();
  for (let count = 0; count < 20; count += 1) paths.add(await open(at, "wamp.2.json"));
  assert.equal(paths.size, 20);
  for (const path of ["/lp/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/send", "/lp//send", "/lp/x", "/lp", "/lp/a/b/c"]) {
    assert.equal((await ask(at, path, { body: "[]" })).status, 404, path);
  }
});

test("what is no opening is 400, and lists what is spoken where no protocol fits", async (t) => {
  const { at } = await startBridge(t);
  for (const body of ["", "{", "[]", "null", '{"protocols":"wamp.2.json"}', '{"protocols":[1,null]}']) {
    assert.equal((await ask(at, "/lp/open", { body })).status, 400, body);
  }
  const none = await ask(at, "/lp/open", { body: '{"protocols":["wamp.2.ubjson"]}' });
  assert.equal(none.status, 400);
  assert.match(none.body.toString(), /wamp\.2\.cbor\.batched/);
  const second = await ask(at, "/lp/open", { body: '{"protocols":["wamp.2.ubjson","wamp.2.cbor"]}' });
  assert.equal((JSON.parse(second.body.toString()) as { protocol: string }).protocol, "wamp.2.cbor");
});

test("methods, content types and lengths that do not fit are refused by their status", async (t) => {
  const { at, path } = await joinedBridge(t, "longpoll: { maxMessage: 1000 }\n");
  const get = await ask(at, "/lp/open", { method: "GET" });
  assert.deepEqual([get.status, get.headers["allow"]], [405, "POST"]);
  const typed = (type: string): Asking => ({ body: json([48, 1, {}, "x.y"]), headers: { "Content-Type": type } });
  assert.equal((await ask(at, `${path}/send`, typed("application/cbor"))).status, 415);
  assert.equal((await ask(at, "/lp/open", typed("text/html"))).status, 415);
});

for (const chunked of [false, true]) {
  test(`a body over the limit is 413${chunked ? ", without a length too," : ""} and ends the session`, async (t) => {
    const { at, path } = await joinedBridge(t, "longpoll: { maxMessage: 1000 }\n");
    const body = "x".repeat(1001);
    const headers: Record<string, string> = chunked ? { "Transfer-Encoding": "chunked" } : {};
    assert.equal((await ask(at, `${path}/send`, { body, headers })).status, 413);
    assert.equal((await ask(at, `${path}/receive`)).status, 404);
    const big = await ask(at, "/lp/open", { body: "x".repeat(5000) });
    assert.equal(big.status, 413);
  });
}

test("the same Host and Origin are let in as for a WebSocket, foreign ones are 403", async (t) => {
  const { at, path } = await joinedBridge(t, 'websocket: { origins: ["https://panel.example"] }\n');
  const from = (headers: Record<string, string>, to = "/lp/open"): Promise<Reply> =>
    ask(at, to, { body: '{"protocols":["wamp.2.json"]}', headers });
  assert.equal((await from({ Origin: `http://${at}` })).status, 200);
  const allowed = await from({ Origin: "https://panel.example" });
  assert.deepEqual([allowed.status, allowed.headers["access-control-allow-origin"]], [200, "https://panel.example"]);
  for (const headers of [{ Origin: "https://evil.example" }, { Origin: "null" }, { Host: "evil.example" }]) {
    const refused = await from(headers);
    assert.equal(refused.status, 403);
    assert.equal(refused.headers["access-control-allow-origin"], undefined);
    assert.equal((await from(headers as Record<string, string>, `${path}/receive`)).status, 403); // as above
  }
  const preflight = await ask(at, "/lp/open", { method: "OPTIONS", headers: { Origin: "https://panel.example" } });
  assert.deepEqual([preflight.status, preflight.headers["access-control-allow-methods"]], [204, "POST"]);
});

test("a peer behind a proxy on this machine is no local peer and does not join unasked", async (t) => {
  const { at } = await startBridge(t);
  const opened = await ask(at, "/lp/open", {
    body: '{"protocols":["wamp.2.json"]}',
    headers: { "X-Forwarded-For": "192.0.2.7" },
  });
  const { transport } = JSON.parse(opened.body.toString()) as { transport: string }; // what open answers
  await ask(at, `/lp/${transport}/send`, { body: json(HELLO) });
  const abort = read(await ask(at, `/lp/${transport}/receive`));
  assert.deepEqual([abort[0], abort[2]], [3, "wamp.error.authentication_required"]);
});

test("longpoll.sessions: one more is 503, and one that left makes room", async (t) => {
  const { at } = await startBridge(t, "longpoll: { sessions: 2 }\n");
  const first = await open(at, "wamp.2.json");
  await open(at, "wamp.2.json");
  assert.equal((await ask(at, "/lp/open", { body: '{"protocols":["wamp.2.json"]}' })).status, 503);
  await ask(at, `${first}/close`);
  await open(at, "wamp.2.json");
});

test("octets that are no WAMP message are 400, and the ABORT can still be fetched", async (t) => {
  const { at, path } = await joinedBridge(t);
  assert.equal((await ask(at, `${path}/send`, { body: "nonsense" })).status, 400);
  assert.deepEqual(read(await ask(at, `${path}/receive`)).slice(0, 1), [3]);
  assert.equal((await ask(at, `${path}/receive`)).status, 404);
});

test("a batch that is none ends the session with 400", async (t) => {
  const { at } = await startBridge(t, "longpoll: { maxBatch: 2 }\n");
  for (const body of ["", json(HELLO), `${json(HELLO)}\x1e\x1e`, `${json(HELLO)}\x1e`.repeat(3)]) {
    const path = await open(at, "wamp.2.json.batched");
    assert.equal((await ask(at, `${path}/send`, { body })).status, 400, body);
  }
});

test("GOODBYE of either side ends the transport in order", async (t) => {
  const { at, bridge, path } = await joinedBridge(t);
  await ask(at, `${path}/send`, { body: json([6, {}, "wamp.close.close_realm"]) });
  assert.deepEqual(read(await ask(at, `${path}/receive`)).slice(0, 1), [6]);
  assert.equal((await ask(at, `${path}/receive`)).status, 404);
  const other = await joined(at);
  // a router that stops takes no new connections
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  await ask(at, `${other}/send`, { body: json([48, 1, {}, "wamp.session.count"]), agent });
  const result = ask(at, `${other}/receive`, { agent });
  const waiting = result.then(() => ask(at, `${other}/receive`, { agent }));
  await result;
  await new Promise((resolve) => setTimeout(resolve, 20));
  const stopped = bridge.stop();
  assert.deepEqual(read(await waiting).slice(0, 1), [6]);
  await ask(at, `${other}/send`, { body: json([6, {}, "wamp.close.goodbye_and_out"]), agent });
  await stopped;
});

test("messages that nobody fetches are bounded: the poller is a slow consumer like any other", async (t) => {
  const limits = "limits: { queueOctets: 100000, queueHardOctets: 200000, goodbyeTimeout: 50 }\n";
  const { at, path, warned } = await joinedBridge(t, limits);
  await ask(at, `${path}/send`, { body: json([32, 1, {}, "news"]) });
  await ask(at, `${path}/receive`);
  const peer = await (await talk(t, `rs://${at}`)).join();
  for (let count = 0; count < 40; count += 1) peer.publish("news", ["x".repeat(10_000)]);
  await warned("slow_consumer");
});

test("longpoll.enabled: false leaves its path to the pages, which have nothing there", async (t) => {
  const { at } = await startBridge(t, "longpoll: { enabled: false }\n");
  assert.equal((await ask(at, "/lp/open", { body: "{}" })).status, 405);
  assert.equal((await ask(at, "/lp/open", { method: "GET" })).status, 404);
});

test("sends of one transport are taken in the order in which they came, also when they come together", async (t) => {
  const { at, path } = await joinedBridge(t);
  const peer = await (await talk(t, `rs://${at}`)).join();
  await peer.subscribe("news");
  const numbers = Array.from({ length: 12 }, (_, index) => index);
  // through one connection: what reaches the router in order
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  await Promise.all(
    numbers.map((number) => {
      const sent = request(`http://${at}${path}/send`, { method: "POST", agent });
      sent.end(json([16, number + 1, {}, "news", [number]]));
      return new Promise((resolve) => sent.on("response", (response) => response.resume().on("end", resolve)));
    }),
  );
  for (const number of numbers) assert.deepEqual((await peer.expect("EVENT")).payload.args, [number]);
});

test("longpoll.emptyStatus: 204 where a client wants that, on send and close", async (t) => {
  const { at } = await startBridge(t, "longpoll: { emptyStatus: 204 }\n");
  const path = await open(at, "wamp.2.json");
  const sent = await ask(at, `${path}/send`, { body: json(HELLO) });
  const closed = await ask(at, `${path}/close`);
  assert.deepEqual([sent.status, closed.status, sent.headers["content-length"]], [204, 204, undefined]);
});
