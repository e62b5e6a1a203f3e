/**
 * Other people's WAMP clients against the built router-bridge: each as caller, callee, publisher and subscriber, over each
 * transport and serializer it speaks. What a peer program does is said in peers/autobahn-python.py.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { nodeClient } from "@pinion/client";
import { ApplicationError } from "@pinion/wamp";
import { result, type Client } from "@pinion/wamp/client";
import { freePort, start, startBridge, until, type Running } from "../support/programs.ts";

interface Peer {
  readonly program: string;
  readonly command: readonly [string, string];
  /** Why not, in the words of the skip. */
  readonly cannot: {
    /** A transport, with or without a serializer: `rs`, `rs cbor`. */
    readonly transport?: Readonly<Record<string, string>>;
    readonly batched?: string;
    readonly interrupted?: string;
    readonly progress?: string;
  };
}

const SERIALIZERS = ["json", "msgpack", "cbor"] as const;
/** Batches exist in WebSocket subprotocols only. */
const ROADS = {
  rs: SERIALIZERS,
  http: SERIALIZERS,
  ws: [...SERIALIZERS, ...SERIALIZERS.map((serializer) => `${serializer}.batched`)],
} as const;
const PATH = { rs: "", ws: "/ws", http: "/lp" } as const;
const NO_LONG_POLL = "it has no long-poll transport";
const NO_BATCH = "it offers no batched subprotocol";
const NO_INTERRUPT = "it does not announce call_canceling as a callee: a dealer must not interrupt it";

const script = (file: string): string => join(import.meta.dirname, "peers", file);

const peers: readonly Peer[] = [
  {
    program: "autobahn",
    command: [process.execPath, script("autobahn-js.mjs")],
    cannot: {
      transport: {
        "rs msgpack": "its raw socket speaks JSON only",
        "rs cbor": "its raw socket speaks JSON only",
        "http msgpack": "its long-poll speaks JSON only",
        "http cbor": "its long-poll speaks JSON only",
      },
      batched: NO_BATCH,
      interrupted: NO_INTERRUPT,
    },
  },
  {
    program: "wampy",
    command: [process.execPath, script("wampy.mjs")],
    cannot: {
      transport: { rs: "it has no raw socket", http: NO_LONG_POLL },
      batched: NO_BATCH,
      interrupted: NO_INTERRUPT,
      progress: "it does not announce progressive_call_results as a callee: a dealer must not pass them on",
    },
  },
  {
    program: "autobahn_python",
    command: ["/usr/bin/python3", script("autobahn-python.py")],
    cannot: { transport: { http: NO_LONG_POLL } },
  },
];

const PARTS = ["a", "b", "c".repeat(100_000)];
/** Whose call of interop.pinion.slow was interrupted here. */
const interrupted = new Set<unknown>();
let port = 0;
let bridge: Running | undefined;
let ours: Client | undefined;

before(async () => {
  port = await freePort();
  bridge = await startBridge(port);
  ours = nodeClient(`rs://127.0.0.1:${String(port)}`, { realm: "realm1" });
  ours.open();
  await ours.ready(AbortSignal.timeout(20_000));
  await ours.register("interop.pinion.add", ({ args: [a, b] }) => Number(a) + Number(b));
  await ours.register("interop.pinion.fail", () => {
    throw new ApplicationError("interop.error.pinion", ["no", 7], { cure: "none" });
  });
  await ours.register("interop.pinion.echo", ({ args, kwargs }) => result([...args], { ...kwargs }));
  await ours.register("interop.pinion.parts", ({ progress }) => {
    for (const part of PARTS) progress(part);
    return "end";
  });
  await ours.register("interop.pinion.slow", async ({ args: [name], progress, signal }) => {
    progress("begun");
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    interrupted.add(name);
    signal.throwIfAborted();
  });
});

after(async () => {
  await ours?.close();
  await bridge?.stop();
});

/** What the peer saw of our side, published by it with acknowledgement. */
interface Seen {
  readonly args: readonly unknown[];
  readonly kwargs: Record<string, unknown>;
  readonly sum: unknown;
  readonly error: { readonly uri: string; readonly args: readonly unknown[]; readonly kwargs: Record<string, unknown> };
  readonly nowhere: unknown;
  readonly echo: { readonly args: readonly unknown[]; readonly kwargs: Record<string, unknown> };
  readonly parts: readonly unknown[];
  readonly end: unknown;
  readonly canceled: unknown;
}

for (const peer of peers) {
  for (const scheme of ["rs", "ws", "http"] as const) {
    for (const serializer of ROADS[scheme]) {
      const { transport = {}, batched } = peer.cannot;
      const unable = transport[scheme] ?? transport[`${scheme} ${serializer}`];
      const why = serializer.endsWith(".batched") ? (unable ?? batched) : unable;
      const words = `${peer.program} over ${scheme} in ${serializer} is caller, callee, publisher and subscriber`;
      test(words, { skip: why ?? false }, (t) => converse(t, peer, { scheme, serializer }));
    }
  }
}

async function converse(
  t: TestContext,
  { program, command, cannot }: Peer,
  { scheme, serializer }: { readonly scheme: keyof typeof ROADS; readonly serializer: string },
): Promise<void> {
  const client = ours;
  assert.ok(client);
  const name = `${program}_${scheme}_${serializer.replace(".", "_")}`;
  const ready = new Set<unknown>();
  const heard: { topic: string; args: readonly unknown[] }[] = [];
  const watching = await client.subscribe("interop.ready", ({ args }) => void ready.add(args[0]));
  const listening = await client.subscribe(`interop.${name}.`, (event) => void heard.push(event), { match: "prefix" });
  const url = `${scheme}://127.0.0.1:${String(port)}${PATH[scheme]}`;
  const peer = start(command[0], [command[1], url, serializer, name]);
  t.after(() => peer.stop("SIGKILL"));
  const isReady = (): boolean => {
    assert.equal(peer.process.exitCode, null, peer.output());
    return ready.has(name);
  };
  await until(`${name} to be ready`, isReady, 30_000, peer.output);
  await watching.unsubscribe();
  const said = (word: string): readonly unknown[] | undefined =>
    heard.find(({ topic }) => topic === `interop.${name}.${word}`)?.args;

  await t.test("its procedures answer us, with arguments, keywords and errors", () => assertCallee(client, name));
  await t.test("its progressive results reach us one by one", { skip: cannot.progress ?? false }, async () => {
    const parts: unknown[] = [];
    const onProgress = ({ args }: { args: readonly unknown[] }): void => void parts.push(args[0]);
    const { args } = await client.call(`interop.${name}.parts`, [], {}, { onProgress });
    assert.deepEqual([parts, args], [PARTS, ["end"]]);
  });
  await t.test("a call that we cancel ends for us, and it goes on working", async () => {
    const signal = AbortSignal.timeout(50);
    await assert.rejects(client.call(`interop.${name}.slow`, [], {}, { signal }), /aborted/);
    assert.deepEqual((await client.call(`interop.${name}.add`, [1, 2])).args, [3]);
  });
  await t.test("its handler is interrupted", { skip: cannot.interrupted ?? false }, async () => {
    assert.deepEqual(await until("its word", () => said("interrupted"), 15_000, peer.output), [name]);
  });
  await t.test("it hears us, calls us, cancels, and publishes what our prefix subscription hears", async () => {
    await client.publish(`interop.${name}.ping`, ["hello", 3, [true, null, 1.5]], { deep: { text: "ä€😀" } });
    const [seen] = await until("its publication", () => said("pong"), 15_000, peer.output);
    assertSeen(seen as Seen); // the peer program's own shape, asserted field by field
    await until("the interruption of our handler", () => interrupted.has(name), 15_000, peer.output);
  });
  await t.test("it leaves when told through a prefix subscription", async () => {
    await client.publish(`interop.${name}.leave`);
    await until("its end", () => peer.process.exitCode !== null, 15_000, peer.output);
    await assert.rejects(client.call(`interop.${name}.add`, [1, 2]), /no_such_procedure/);
  });
  await listening.unsubscribe();
}

function assertSeen(seen: Seen): void {
  assert.deepEqual(seen.args, ["hello", 3, [true, null, 1.5]]);
  assert.deepEqual(seen.kwargs, { deep: { text: "ä€😀" } });
  assert.equal(seen.sum, 23);
  assert.deepEqual(seen.echo, { args: [1, "ä"], kwargs: { deep: { list: [null, true] } } });
  assert.deepEqual([seen.parts, seen.end], [PARTS, "end"]);
  assert.deepEqual(seen.error, { uri: "interop.error.pinion", args: ["no", 7], kwargs: { cure: "none" } });
  assert.equal(seen.nowhere, "wamp.error.no_such_procedure");
  assert.equal(seen.canceled, true);
}

async function assertCallee(client: Client, name: string): Promise<void> {
  assert.deepEqual((await client.call(`interop.${name}.add`, [2, 40])).args, [42]);
  const large = 2 ** 40 + 1;
  assert.deepEqual((await client.call(`interop.${name}.echo`, [large])).args, [large]);
  assert.deepEqual((await client.call(`interop.${name}.echo`, ["grüß dich"])).args, ["grüß dich"]);
  const echoed = await client.call(`interop.${name}.echo`, [1, [null]], { deep: { flag: false } });
  assert.deepEqual([echoed.args, echoed.kwargs], [[1, [null]], { deep: { flag: false } }]);
  await assert.rejects(client.call(`interop.${name}.fail`), (error) => {
    assert.ok(error instanceof ApplicationError);
    assert.equal(error.uri, "interop.error.refused");
    assert.deepEqual(error.args, ["because", 42]);
    assert.deepEqual(error.kwargs, { hint: "try later" });
    return true;
  });
}
