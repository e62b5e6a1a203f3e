/**
 * Other people's WAMP clients against the built router-bridge: each as caller, callee, publisher and subscriber, over each
 * transport and serializer it speaks. What a peer program does is said in peers/autobahn-python.py.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { nodeClient } from "@pinion/client";
import { ApplicationError } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import { freePort, start, startBridge, until, type Running } from "../support/programs.ts";

interface Peer {
  readonly program: string;
  readonly command: readonly [string, string];
  readonly schemes: readonly ("rs" | "ws")[];
  readonly serializers: readonly string[];
}

const script = (file: string): string => join(import.meta.dirname, "peers", file);

const peers: readonly Peer[] = [
  {
    program: "autobahn",
    command: [process.execPath, script("autobahn-js.mjs")],
    schemes: ["rs", "ws"],
    serializers: ["json", "msgpack", "cbor"],
  },
  {
    program: "wampy",
    command: [process.execPath, script("wampy.mjs")],
    schemes: ["ws"],
    serializers: ["json", "msgpack", "cbor"],
  },
  {
    program: "autobahn_python",
    command: ["/usr/bin/python3", script("autobahn-python.py")],
    schemes: ["rs", "ws"],
    serializers: ["json", "msgpack", "cbor"],
  },
];

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
}

for (const { program, command, schemes, serializers } of peers) {
  for (const scheme of schemes) {
    for (const serializer of serializers) {
      // autobahn-js speaks raw socket in JSON only.
      if (program === "autobahn" && scheme === "rs" && serializer !== "json") continue;
      test(`${program} over ${scheme} in ${serializer} is caller, callee, publisher and subscriber`, async (t) => {
        const client = ours;
        assert.ok(client);
        const name = `${program}_${scheme}_${serializer}`;
        const ready = new Set<unknown>();
        const watching = await client.subscribe("interop.ready", ({ args }) => void ready.add(args[0]));
        const seen: Seen[] = [];
        // The peer program's own shape, asserted field by field below.
        await client.subscribe(`interop.${name}.pong`, ({ args }) => void seen.push(args[0] as Seen));
        const url = scheme === "rs" ? `rs://127.0.0.1:${String(port)}` : `ws://127.0.0.1:${String(port)}/ws`;
        const peer = start(command[0], [command[1], url, serializer, name]);
        t.after(() => peer.stop("SIGKILL"));
        await until(`${name} to be ready`, () => ready.has(name), 30_000, peer.output);
        await watching.unsubscribe();

        await t.test("its procedures answer us", () => assertCallee(client, name));
        await t.test("it hears us, calls us and publishes", async () => {
          await client.publish(`interop.${name}.ping`, ["hello", 3, [true, null, 1.5]], { deep: { text: "ä€😀" } });
          const [what] = await until(
            "its publication",
            () => (seen.length > 0 ? seen : undefined),
            15_000,
            peer.output,
          );
          assert.deepEqual(what?.args, ["hello", 3, [true, null, 1.5]]);
          assert.deepEqual(what?.kwargs, { deep: { text: "ä€😀" } });
          assert.equal(what?.sum, 23);
          assert.deepEqual(what?.error, { uri: "interop.error.pinion", args: ["no", 7], kwargs: { cure: "none" } });
          assert.equal(what?.nowhere, "wamp.error.no_such_procedure");
        });
        await t.test("it leaves when told through a prefix subscription", async () => {
          await client.publish(`interop.${name}.leave`);
          await until("its end", () => peer.process.exitCode !== null, 15_000, peer.output);
          await assert.rejects(client.call(`interop.${name}.add`, [1, 2]), /no_such_procedure/);
        });
      });
    }
  }
}

async function assertCallee(client: Client, name: string): Promise<void> {
  assert.deepEqual((await client.call(`interop.${name}.add`, [2, 40])).args, [42]);
  const large = 2 ** 40 + 1;
  assert.deepEqual((await client.call(`interop.${name}.echo`, [large])).args, [large]);
  assert.deepEqual((await client.call(`interop.${name}.echo`, ["grüß dich"])).args, ["grüß dich"]);
  await assert.rejects(client.call(`interop.${name}.fail`), (error) => {
    assert.ok(error instanceof ApplicationError);
    assert.equal(error.uri, "interop.error.refused");
    assert.deepEqual(error.args, ["because", 42]);
    assert.deepEqual(error.kwargs, { hint: "try later" });
    return true;
  });
}
