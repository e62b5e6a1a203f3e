/** clj-wamp's API and what takes its place here; the rows of the table in router-bridge/README.md name these tests. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeClient } from "@pinion/client";
import { toId, type SessionId } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import { startRouterBridge, type RouterBridgeOptions } from "../../../router-bridge/index.ts";
import { eventually } from "../../support/router-bridge-fixture.ts";
import { ERROR, v1Client, type V1Client } from "../../support/v1-client.ts";

type Hooks = NonNullable<RouterBridgeOptions["hooks"]>;

interface House {
  readonly at: string;
  readonly v2: Client;
  readonly client: V1Client & { readonly id: string };
}

/** Without a login v1 clients are told the id of v2. */
function idOf({ id }: { readonly id: string }): SessionId {
  return toId<SessionId>(Number(id));
}

/** clj-wamp's ways: publishers receive their own events. */
async function house(t: TestContext, hooks: Hooks = {}): Promise<House> {
  const config = {
    listen: [{ tcp: "127.0.0.1:0" }],
    limits: { goodbyeTimeout: 50, drainTimeout: 50 },
    wamp1: { flavour: "clj-wamp", uris: [{ v1: "http://example.com/api#", v2: "api." }] },
  };
  const bridge = await startRouterBridge({ config, hooks });
  t.after(() => bridge.stop());
  const at = String(bridge.addresses[0]?.address);
  const v2 = nodeClient(`ws://${at}/ws`, { realm: "realm1" });
  v2.open();
  t.after(() => v2.close());
  await v2.ready(AbortSignal.timeout(20_000));
  await v2.register("api.add", ({ args: [a, b] }) => Number(a) + Number(b));
  await v2.register("api.fail", () => {
    throw new Error("broken");
  });
  return { at, v2, client: await v1Client(t, at) };
}

test("the README leads to the table, and every row names a test of this file or of those beside it", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../../router-bridge/README.md"), "utf8");
  const front = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8");
  const heading = /\(router-bridge\/README\.md#what-clj-wamps-functions-and-callbacks-are-here\)/;
  assert.match(front, heading);
  assert.match(readme, /^### What clj-wamp's functions and callbacks are here$/m);
  const [, table = ""] = /\| clj-wamp \|.*\n\|[-| ]+\n((?:\|.*\n)+)/.exec(readme) ?? [];
  const rows = table.trim().split("\n");
  assert.ok(rows.length >= 16, "the table is there");
  const tests = ["feature-table", "logging-in", "messages", "sessions"]
    .map((name) => readFileSync(join(import.meta.dirname, `${name}.test.ts`), "utf8"))
    .join("\n");
  for (const row of rows) {
    const named = row.split("|").at(-2)?.trim() ?? "";
    assert.ok(named !== "" && tests.includes(`test("${named}"`), row);
  }
});

test("on-open and on-close: hooks see each v1 session come and go, and may refuse it", async (t) => {
  const seen: string[] = [];
  const { at, client } = await house(t, {
    onSessionOpen: ({ id, transport }) => void seen.push(`open ${String(id)} ${transport}`),
    onSessionClose: ({ id }) => void seen.push(`close ${String(id)}`),
  });
  client.socket.close();
  await eventually(() => seen.includes(`close ${client.id}`), "on-close");
  assert.ok(seen.includes(`open ${client.id} websocket`));
  assert.equal((await v1Client(t, at)).id === client.id, false);
});

test("on-call: a registered procedure of any session is the callback", async (t) => {
  const { client } = await house(t);
  assert.deepEqual(await client.call("http://example.com/api#add", 2, 40), [3, 42]);
});

test("on-call before: a hook rewrites or denies a call", async (t) => {
  const { client } = await house(t, {
    beforeCall: ({ procedure, args }) => {
      if (procedure !== "api.add") return undefined;
      if (args[0] === 0) return { verdict: "deny", error: "api.error.zero", args: ["no zeros"] };
      return { verdict: "rewrite", args: [Number(args[0]) * 10, args[1]] };
    },
  });
  assert.deepEqual(await client.call("http://example.com/api#add", 4, 2), [3, 42]);
  assert.deepEqual(await client.call("http://example.com/api#add", 0, 2), [
    4,
    "http://example.com/api#error.zero",
    "no zeros",
  ]);
});

test("on-call after-success: a hook sees and rewrites the result", async (t) => {
  const { client } = await house(t, {
    afterSuccess: (_call, { args }) => ({ verdict: "rewrite", args: [`= ${String(args[0])}`] }),
  });
  assert.deepEqual(await client.call("http://example.com/api#add", 40, 2), [3, "= 42"]);
});

test("on-call after-error: a hook sees and rewrites the error", async (t) => {
  const { client } = await house(t, {
    afterError: () => ({ verdict: "rewrite", error: "api.error.sorry", args: ["not now"], kwargs: {} }),
  });
  const answer = await client.call("http://example.com/api#fail");
  assert.deepEqual(answer, [4, "http://example.com/api#error.sorry", "not now"]);
});

test("on-subscribe: a hook denies a subscription, which v1 drops in silence", async (t) => {
  const { client, v2 } = await house(t, {
    onSubscribe: ({ topic }) => (topic === "api.secret" ? { verdict: "deny" } : undefined),
  });
  client.send([5, "http://example.com/api#secret"]);
  client.send([5, "http://example.com/api#open"]);
  await client.settled();
  await v2.publish("api.secret", [1], {}, { acknowledge: true });
  await v2.publish("api.open", [2], {}, { acknowledge: true });
  assert.deepEqual(await client.next(), [8, "http://example.com/api#open", 2]);
});

test("on-publish: a hook rewrites or denies what is published", async (t) => {
  const { client } = await house(t, {
    onPublish: ({ topic, args }) => {
      if (topic !== "api.chat") return undefined;
      return args[0] === "rude" ? { verdict: "deny" } : { verdict: "rewrite", args: [String(args[0]).toUpperCase()] };
    },
  });
  client.send([5, "http://example.com/api#chat"]);
  client.send([7, "http://example.com/api#chat", "rude"]);
  client.send([7, "http://example.com/api#chat", "hello"]);
  assert.deepEqual(await client.next(), [8, "http://example.com/api#chat", "HELLO"]);
});

test("on-unsubscribe: the meta event tells it, and when a session with subscriptions ends", async (t) => {
  const { client, v2 } = await house(t);
  const left: unknown[] = [];
  await v2.subscribe("wamp.subscription.on_unsubscribe", ({ args }) => void left.push(args[0]));
  client.send([5, "http://example.com/api#a"]);
  client.send([5, "http://example.com/api#b"]);
  client.send([6, "http://example.com/api#a"]);
  await eventually(() => left.length === 1, "on_unsubscribe");
  client.socket.close();
  await eventually(() => left.length === 2, "on_unsubscribe of the end");
  assert.deepEqual(left, [Number(client.id), Number(client.id)]);
});

test("topics that end in *: a prefix rule speaks for all URIs that begin so", async (t) => {
  const { client, v2 } = await house(t);
  client.send([5, "http://example.com/api#room.1"]);
  await client.settled();
  await v2.publish("api.room.1", ["hi"], {}, { acknowledge: true });
  assert.deepEqual(await client.next(), [8, "http://example.com/api#room.1", "hi"]);
});

test("broadcast-event!: a backend publishes, and all subscribers receive it", async (t) => {
  const { at, client, v2 } = await house(t);
  const other = await v1Client(t, at);
  for (const one of [client, other]) {
    one.send([5, "http://example.com/api#news"]);
    await one.settled();
  }
  await v2.publish("api.news", ["all"]);
  for (const one of [client, other]) assert.equal((await one.next())[2], "all");
});

test("broadcast-event! with excluded sessions, and emit-event! to a list: exclude and eligible", async (t) => {
  const { at, client, v2 } = await house(t);
  const other = await v1Client(t, at);
  for (const one of [client, other]) {
    one.send([5, "http://example.com/api#news"]);
    await one.settled();
  }
  await v2.publish("api.news", ["not you"], {}, { exclude: [idOf(client)] });
  await v2.publish("api.news", ["you both"], {}, { eligible: [idOf(client), idOf(other)] });
  assert.equal((await client.next())[2], "you both");
  assert.equal((await other.next())[2], "not you");
});

test("send-event! to one session: eligible with its id", async (t) => {
  const { at, client, v2 } = await house(t);
  const other = await v1Client(t, at);
  for (const one of [client, other]) {
    one.send([5, "http://example.com/api#news"]);
    await one.settled();
  }
  await v2.publish("api.news", ["only you"], {}, { eligible: [idOf(other)] });
  await v2.publish("api.news", ["all"]);
  assert.equal((await other.next())[2], "only you");
  assert.equal((await client.next())[2], "all");
});

test("kill after an error: wamp.session.kill ends the session once its error was sent", async (t) => {
  let kill: ((session: number) => void) | undefined;
  const { client, v2 } = await house(t, { afterError: ({ session }) => kill?.(session.id) });
  kill = (session) => void setImmediate(() => void v2.call("wamp.session.kill", [session]));
  const [type, error] = await client.call("http://example.com/api#fail");
  assert.equal(type, 4);
  assert.notEqual(error, `${ERROR}notfound`);
  assert.equal((await client.closed()).code, 1000);
});
