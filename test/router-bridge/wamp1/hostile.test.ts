/** What a v1 client may do wrong: it is answered or dropped, costs bounded memory, and nobody else notices. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { noAccounts } from "@pinion/wamp";
import { result } from "@pinion/wamp/client";
import { eventually, startBridge, temporaryFolder, type TestBridge } from "../../support/router-bridge-fixture.ts";
import { AUTH, AUTHREQ, ERROR, v1Client, type V1Client } from "../../support/v1-client.ts";

const NONSENSE: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  1e300,
  "",
  "x",
  "a:b:c",
  [],
  [[]],
  {},
  { args: [], kwargs: {} },
];

/** Each type of message with each of its elements missing, of every wrong type, and with elements too many. */
function* malformed(): Generator<string> {
  const right: readonly (readonly unknown[])[] = [
    [0, "id", 1, "ident"],
    [1, "p", "http://x/"],
    [2, "c", "http://x/y", 1],
    [3, "c", 1],
    [4, "c", "http://x/e", "words"],
    [5, "http://x/t"],
    [6, "http://x/t"],
    [7, "http://x/t", 1, [], []],
    [8, "http://x/t", 1],
  ];
  for (const message of right) {
    for (let i = 0; i < message.length; i++) {
      yield JSON.stringify(message.slice(0, i));
      for (const value of NONSENSE) yield JSON.stringify(message.with(i, value));
    }
    yield JSON.stringify([...message, 1, 2, 3]);
  }
  for (const text of ["", " ", "[", "{}", "nul", '["', "[1,]", "\u0000", '"[7]"', '[7,"\\ud800",1]']) yield text;
}

async function accountsHouse(t: TestContext, wamp1: string, more = ""): Promise<TestBridge> {
  const file = join(temporaryFolder(t), "accounts.json");
  const accounts = [{ authid: "joe", role: "backend", wampcra: { secret: "s" } }];
  writeAccounts(file, { ...noAccounts(crypto), accounts });
  return await startBridge(t, `wamp1: ${wamp1}\nauth:\n  file: ${file}\n${more}`);
}

/** Answers until the one that settles comes; there may be some to what was well-formed by chance. */
async function alive(client: V1Client): Promise<void> {
  client.send([2, "alive", "http://x/nothing:here"]);
  for (;;) {
    const [, id] = await client.next();
    if (id === "alive") return;
  }
}

for (const flavour of ["autobahn", "clj-wamp"]) {
  test(`${flavour}: malformed messages are dropped, the session and its neighbours live on`, async (t) => {
    const { at, lines } = await startBridge(t, `wamp1: { flavour: ${flavour} }\n`);
    const neighbour = await v1Client(t, at);
    const client = await v1Client(t, at);
    for (const text of malformed()) client.raw(text);
    await alive(client);
    await neighbour.settled();
    assert.deepEqual(
      lines.filter(({ level }) => level === "error"),
      [],
    );
  });

  test(`${flavour}: malformed messages before authentication, and as its arguments, do no more`, async (t) => {
    const { at, bridge, lines } = await accountsHouse(t, `{ flavour: ${flavour} }`);
    const client = await v1Client(t, at);
    for (const text of malformed()) client.raw(text);
    await alive(client);
    assert.equal(bridge.sizes?.members, 0);
    for (const value of NONSENSE) {
      for (const procedure of [AUTHREQ, AUTH]) {
        client.send([2, "n", procedure, value]);
        client.send([2, "n", procedure, value, value]);
      }
    }
    await alive(client);
    assert.equal(bridge.sizes?.members, 0);
    assert.deepEqual(
      lines.filter(({ level }) => level === "error"),
      [],
    );
  });
}

test(
  "a million PREFIXes: the first are kept, the rest closes the session, and memory stays",
  { timeout: 120_000 },
  async (t) => {
    const { at } = await startBridge(t, "wamp1: {}\n");
    const neighbour = await v1Client(t, at);
    const client = await v1Client(t, at);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 1_000_000 && client.socket.readyState === client.socket.OPEN; i++) {
      client.send([1, `p${String(i)}`, "http://example.com/"]);
      if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const { code, words } = await client.closed();
    assert.deepEqual([code, /prefixes/.test(words)], [1008, true]);
    assert.ok(process.memoryUsage().rss - before < 200_000_000);
    await neighbour.settled();
  },
);

test("the same prefix a hundred thousand times is one prefix", async (t) => {
  const { at } = await startBridge(t, "wamp1: {}\n");
  const client = await v1Client(t, at);
  for (let i = 0; i < 100_000; i++) client.send([1, "p", `http://example.com/${String(i)}/`]);
  await client.settled();
});

test("a message over maxMessage closes the session with 1009, a binary one with 1003", async (t) => {
  const { at } = await startBridge(t, "wamp1: { maxMessage: 1000 }\n");
  const large = await v1Client(t, at);
  large.send([7, "t", "x".repeat(2000)]);
  assert.equal((await large.closed()).code, 1009);
  const binary = await v1Client(t, at);
  binary.raw(Buffer.from('[5,"t"]'));
  assert.equal((await binary.closed()).code, 1003);
});

test("lists in lists in lists are dropped at any depth", async (t) => {
  const { at, lines } = await startBridge(t, "wamp1: {}\n");
  const client = await v1Client(t, at);
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  for (const depth of [61, 62, 63, 64, 100_000, 400_000]) {
    client.raw(`[2,"c","http://x/y:z",${nested(depth)}]`);
    client.raw(`[7,"t",${nested(depth)}]`);
    client.raw(`[2,"c","http://api.wamp.ws/procedure#authreq",${nested(depth)}]`);
  }
  await alive(client);
  assert.deepEqual(
    lines.filter(({ level }) => level === "error"),
    [],
  );
});

test("who sends nothing but rubbish is closed after maxFaults", async (t) => {
  const { at } = await startBridge(t, "wamp1: { maxFaults: 10 }\n");
  const client = await v1Client(t, at);
  for (let i = 0; i < 11; i++) client.raw("rubbish");
  assert.equal((await client.closed()).code, 1008);
});

test("who reads none of the adapter's own answers is not read either", { timeout: 60_000 }, async (t) => {
  const { at, bridge } = await accountsHouse(t, "{ auth: { timeout: 60000 } }");
  const client = await v1Client(t, at);
  client.socket.pause();
  const call = JSON.stringify([2, "x".repeat(256), "http://x/y"]);
  // until the client's own socket takes no more, because nobody reads the other end
  await eventually(async () => {
    const before = client.socket.bufferedAmount;
    for (let i = 0; i < 2000; i++) client.raw(call);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return before > 0 && client.socket.bufferedAmount > before + 500_000;
  }, "a full socket");
  const neighbour = await v1Client(t, at);
  assert.equal((await neighbour.call("http://x/y"))[1], `${ERROR}unauthorized`);
  assert.equal(bridge.sizes?.members, 0);
});

test("calls that are never answered are bounded by the limit of the router", async (t) => {
  const { at } = await startBridge(t, "wamp1: {}\nlimits: { goodbyeTimeout: 50, pendingCallsPerSession: 3 }\n");
  await startCallee(t, at);
  const client = await v1Client(t, at);
  for (let i = 0; i < 5; i++) client.send([2, `c${String(i)}`, "slow"]);
  for (const id of ["c3", "c4"]) {
    const [type, answered] = await client.next();
    assert.deepEqual([type, answered], [4, id]);
  }
});

async function startCallee(t: TestContext, at: string): Promise<void> {
  const { nodeClient } = await import("@pinion/client");
  const v2 = nodeClient(`ws://${at}/ws`, { realm: "realm1" });
  v2.open();
  t.after(() => v2.close());
  await v2.ready(AbortSignal.timeout(20_000));
  await v2.register("slow", () => new Promise<never>(() => undefined));
  await v2.register("echo", ({ args, kwargs }) => result(args, kwargs));
}

test("PREFIX and what is dropped count against the rate, before a login too, and slow down nobody else", async (t) => {
  const limits = "limits: { goodbyeTimeout: 50, rate: { messages: 400, burst: 20 } }\n";
  for (const [where, text] of [
    ["open", JSON.stringify([1, "p", "http://example.com/"])],
    ["open", "rubbish"],
    ["guarded", JSON.stringify([1, "p", "http://example.com/"])],
    ["guarded", JSON.stringify([2, "x", "http://x/y"])],
  ] as const) {
    const { at, bridge } =
      where === "open" ? await startBridge(t, `wamp1: {}\n${limits}`) : await accountsHouse(t, "{}", limits);
    const neighbour = await v1Client(t, at);
    const client = await v1Client(t, at);
    for (let i = 0; i < 200; i++) client.raw(text);
    await neighbour.call("http://x/y:z");
    client.send([2, "last", "http://x/y:z"]);
    for (let id: unknown; id !== "last";) [, id] = await client.next();
    assert.ok(bridge.counters.get("ratesHeld") > 0, `${where} ${text}`);
  }
});

test(
  "any JSON as argument and event crosses, numbers and halves of characters as they are written",
  { timeout: 120_000 },
  async (t) => {
    const { at, lines } = await startBridge(t, "wamp1: {}\n");
    await startCallee(t, at);
    const hearer = await v1Client(t, at);
    hearer.send([5, "heard"]);
    await hearer.settled();
    const odd = [
      '"\\ud800"',
      '"\\u0000"',
      '"\\u0000AA=="',
      '"\\u0000no base64"',
      "1e400",
      "-0",
      "123456789012345678901234567890",
      "0.1e-400",
      '{"__proto__":{"a":1},"constructor":1}',
      '{"a":1,"a":2}',
      '{"args":[],"kwargs":{}}',
      '{"args":[1],"kwargs":{"a":"\\ud800"}}',
      '{"args":1,"kwargs":{}}',
      '{"kwargs":{},"args":[[]],"args":[2]}',
      '[ 1 , [ 2 ] , { "a" : [ ] } ]',
      '{"args":[{"args":[],"kwargs":{}}],"kwargs":{}}',
      "\t null \n",
      '"\u2028\u007f€😀"',
    ];
    for (const value of odd) {
      const client = await v1Client(t, at);
      client.raw(`[2,"c","echo",${value}]`);
      assert.equal((await client.next())[0], 3, value);
      client.raw(`[7,"heard",${value}]`);
      const [kind, topic, event] = await hearer.next();
      assert.deepEqual([kind, topic], [8, "heard"], value);
      // what looks like a whole payload is one
      if (!value.includes("kwargs")) assert.deepEqual(event, JSON.parse(value), value);
      await client.settled();
      client.socket.terminate();
    }
    assert.deepEqual(
      lines.filter(({ level }) => level === "error"),
      [],
    );
  },
);
