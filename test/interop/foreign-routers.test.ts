/**
 * Pinion's client, board and relay at routers that others wrote, run as processes and killed without warning. What such a router
 * cannot do is a skip that says why. Neither of them keeps URI and arguments of an ERROR: what arrives instead is asserted.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nodeClient } from "@pinion/client";
import { ApplicationError, type Credentials } from "@pinion/wamp";
import { result, type Client, type ReceivedEvent } from "@pinion/wamp/client";
import {
  freePort,
  programScript,
  start,
  startBridge,
  startDevice,
  temporaryFolder,
  until,
  type Running,
} from "../support/programs.ts";

interface Router {
  readonly program: "fox-wamp" | "wamp.rt";
  /** Of the error `interop.error.refused` with args ["because", 42] and kwargs: what a caller is told. */
  readonly failed: { readonly uri: string; readonly args: readonly unknown[] };
  /** Why not. */
  readonly cannot: { readonly progress?: string; readonly cancel: string; readonly prefix: string };
}

const cancel = "it does not announce call_canceling and ignores CANCEL";
const prefix = "it does not know the match option: a prefix is a plain topic to it";
const routers: readonly Router[] = [
  {
    program: "fox-wamp",
    failed: { uri: "wamp.error.callee_failure", args: ["interop.error.refused"] },
    cannot: { cancel, prefix: `${prefix} (its own patterns end in '#', which WAMP forbids in URIs)` },
  },
  {
    program: "wamp.rt",
    failed: { uri: "wamp.error.callee_failure", args: [] },
    cannot: { progress: "it takes the first YIELD, progressive or not, for the result", cancel, prefix },
  },
];

interface Joined {
  readonly client: Client;
  readonly complaints: string[];
}

function open(url: string, serializer?: "json" | "msgpack" | "cbor"): Joined {
  const complaints: string[] = [];
  const client = nodeClient(url, {
    realm: "realm1",
    reconnect: { initial: 100, max: 500 },
    onError: (error, where) => void complaints.push(`${where}: ${String(error)}`),
    ...(serializer === undefined ? {} : { serializer }),
  });
  client.open();
  return { client, complaints };
}

async function joined(t: { after(run: () => Promise<void>): void }, url: string): Promise<Joined> {
  const opened = open(url);
  t.after(() => opened.client.close());
  await opened.client.ready(AbortSignal.timeout(20_000));
  return opened;
}

async function listens(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function startRouter(program: string, port: number): Promise<Running> {
  const router = start(process.execPath, [join(import.meta.dirname, "peers/router.mjs"), program, String(port)]);
  const isUp = async (): Promise<boolean> => {
    if (router.process.exitCode !== null) throw new Error(`${program} ended:\n${router.output()}`);
    return await listens(port);
  };
  await until(program, isUp, 20_000, router.output);
  return router;
}

async function registerAll(client: Client): Promise<void> {
  await client.register("interop.add", ({ args: [a, b] }) => Number(a) + Number(b));
  await client.register("interop.echo", ({ args, kwargs }) => result([...args], { ...kwargs }));
  await client.register("interop.nothing", () => undefined);
  await client.register("interop.fail", () => {
    throw new ApplicationError("interop.error.refused", ["because", 42], { hint: "try later" });
  });
  await client.register("interop.parts", ({ progress }) => {
    for (const part of ["a", "b", "c"]) progress(part);
    return "end";
  });
}

/** One router in one process, and two of our clients at it. The process is another one after it was killed. */
class Site {
  readonly program: string;
  readonly port: number;
  readonly url: string;
  readonly callee: Joined;
  readonly caller: Joined;
  router: Running;

  constructor(program: string, port: number, router: Running) {
    this.program = program;
    this.port = port;
    this.router = router;
    this.url = `ws://127.0.0.1:${String(port)}/`;
    this.callee = open(this.url);
    this.caller = open(this.url);
  }
}

for (const router of routers) {
  const { program } = router;
  describe(`at ${program}`, () => {
    let site: Site | undefined;
    const at = (): Site => {
      assert.ok(site);
      return site;
    };
    before(async () => {
      const port = await freePort();
      site = new Site(program, port, await startRouter(program, port));
      await registerAll(site.callee.client);
      await site.caller.client.ready(AbortSignal.timeout(20_000));
    });
    after(async () => {
      await site?.caller.client.close();
      await site?.callee.client.close();
      await site?.router.stop("SIGKILL");
    });
    testCalls(at, router);
    testEvents(at, router);
    testOddities(at);
    testCommandLine(at);
    testRelay(at);
    testRestart(at);
  });
}

function testCalls(at: () => Site, { failed, cannot }: Router): void {
  test("calls are answered, with arguments and keywords, and with none at all", async () => {
    const site = at();
    const { client } = site.caller;
    assert.deepEqual((await client.call("interop.add", [2, 40])).args, [42]);
    const kwargs = { deep: { text: "ä€😀" }, list: [null, 1.5, 2 ** 40 + 1] };
    const echoed = await client.call("interop.echo", ["x", [true]], kwargs);
    assert.deepEqual([echoed.args, echoed.kwargs], [["x", [true]], kwargs]);
    const keywordsOnly = await client.call("interop.echo", [], { a: 1 });
    assert.deepEqual([keywordsOnly.args, keywordsOnly.kwargs], [[], { a: 1 }]);
    const nothing = await client.call("interop.nothing");
    assert.deepEqual([nothing.args, nothing.kwargs], [[], {}]);
  });

  test("errors arrive as errors, and the session outlives them", async () => {
    const site = at();
    const { client } = site.caller;
    await assert.rejects(client.call("interop.fail", [], {}, { timeout: 10_000 }), (error) => {
      assert.ok(error instanceof ApplicationError);
      assert.deepEqual({ uri: error.uri, args: error.args }, failed);
      return true;
    });
    await assert.rejects(client.call("interop.nowhere"), /wamp\.error\.no_such_procedure/);
    assert.deepEqual((await client.call("interop.add", [1, 1])).args, [2]);
  });

  test("progressive results come one by one", { skip: cannot.progress ?? false }, async () => {
    const site = at();
    const parts: unknown[] = [];
    const onProgress = ({ args }: { args: readonly unknown[] }): void => void parts.push(args[0]);
    const { args } = await site.caller.client.call("interop.parts", [], {}, { onProgress });
    assert.deepEqual([parts, args], [["a", "b", "c"], ["end"]]);
  });

  test("a call is cancelled at the router", { skip: cannot.cancel }, () => {});
}

function testEvents(at: () => Site, { cannot }: Router): void {
  test("an acknowledged publication reaches the subscriber, with and without a payload", async () => {
    const site = at();
    const events: ReceivedEvent[] = [];
    const subscription = await site.caller.client.subscribe("interop.topic", (event) => void events.push(event));
    const acknowledge = { acknowledge: true };
    const ids = [
      await site.callee.client.publish("interop.topic", [1, "ä"], { unit: "°C" }, acknowledge),
      await site.callee.client.publish("interop.topic", [], {}, acknowledge),
      await site.callee.client.publish("interop.topic", [], { only: true }, acknowledge),
    ];
    await until("three events", () => events.length === 3, 10_000);
    assert.deepEqual(
      events.map(({ topic, args, kwargs, publication }) => ({ topic, args, kwargs, publication })),
      [
        { topic: "interop.topic", args: [1, "ä"], kwargs: { unit: "°C" }, publication: ids[0] },
        { topic: "interop.topic", args: [], kwargs: {}, publication: ids[1] },
        { topic: "interop.topic", args: [], kwargs: { only: true }, publication: ids[2] },
      ],
    );
    await subscription.unsubscribe();
    await site.callee.client.publish("interop.topic", ["after"], {}, acknowledge);
    await site.caller.client.call("interop.add", [1, 2]);
    assert.equal(events.length, 3);
  });

  test("a prefix subscription hears what it matches", { skip: cannot.prefix }, () => {});
}

function testOddities(at: () => Site): void {
  test("a call that is given up ends at once here, and its late answer disturbs nothing", async () => {
    const site = at();
    let release = (): void => {};
    const called = new Promise<void>((resolve) => (release = resolve));
    const slow = await site.callee.client.register("interop.slow", async () => {
      await called;
      return "late";
    });
    const given = AbortSignal.timeout(50);
    await assert.rejects(site.caller.client.call("interop.slow", [], {}, { signal: given }), /aborted/);
    release();
    assert.deepEqual((await site.caller.client.call("interop.add", [3, 4])).args, [7]);
    await slow.unregister();
    await assert.rejects(site.caller.client.call("interop.slow"), /no_such_procedure/);
    assert.equal(site.caller.client.state, "ready");
  });

  test("a prefix that it takes for a plain topic is doubted aloud instead of staying silent", async (t) => {
    const site = at();
    const { client, complaints } = await joined(t, site.url);
    await client.subscribe("interop.", () => {}, { match: "prefix" });
    assert.match(complaints.join("\n"), /'interop\.' but does not announce pattern_based_subscription/);
  });

  test("a client says goodbye and ends", async (t) => {
    const site = at();
    const { client, complaints } = await joined(t, site.url);
    await client.close();
    assert.deepEqual([client.state, complaints], ["closed", []]);
  });
}

function testCommandLine(at: () => Site): void {
  test("the command line calls, publishes and hears there", async (t) => {
    const site = at();
    const pinion = (...args: readonly string[]): Running => {
      const command = start(process.execPath, [programScript("pinion"), ...args, "--url", site.url]);
      t.after(() => command.stop());
      return command;
    };
    const ended = async (command: Running): Promise<string> => {
      await until("its end", () => command.process.exitCode !== null, 20_000, command.output);
      return `${String(command.process.exitCode)} ${command.output().trim()}`;
    };
    assert.equal(await ended(pinion("call", "interop.add", "20", "3")), "0 23");
    assert.match(await ended(pinion("call", "interop.nowhere")), /^1 .*wamp\.error\.no_such_procedure/);
    const watching = pinion("subscribe", "interop.news", "--count", "1", "--json");
    const isHeard = async (): Promise<boolean> => {
      assert.equal(await ended(pinion("publish", "interop.news", "7", "--kwargs", '{"unit":"°C"}')), "0 ");
      return watching.process.exitCode !== null;
    };
    await until("the event", isHeard, 30_000, watching.output);
    assert.match(await ended(watching), /^0 .*"args":\[7\].*"unit":"°C"/);
  });
}

function testRelay(at: () => Site): void {
  for (const [scheme, serializer] of [
    ["rs", "json"],
    ["rs", "msgpack"],
    ["rs", "cbor"],
    ["ws", "cbor"],
  ] as const) {
    test(`our relay brings it to ${scheme} in ${serializer}`, async (t) => {
      const site = at();
      const folder = temporaryFolder(t);
      const front = await freePort();
      writeFileSync(join(folder, "relay.yaml"), `upstream: { url: "${site.url}" }\n`);
      const relay = await startBridge(front, ["--config", join(folder, "relay.yaml")]);
      t.after(() => relay.stop());
      const address = `${scheme}://127.0.0.1:${String(front)}${scheme === "ws" ? "/ws" : ""}`;
      const { client } = open(address, serializer);
      t.after(() => client.close());
      const events: unknown[] = [];
      await client.subscribe("interop.relayed", ({ args, kwargs }) => void events.push([args, kwargs]));
      await site.caller.client.publish("interop.relayed", [], {}, { acknowledge: true });
      await site.caller.client.publish("interop.relayed", ["x"], { a: 1 }, { acknowledge: true });
      await until("the events", () => events.length === 2, 10_000, relay.output);
      assert.deepEqual(events, [
        [[], {}],
        [["x"], { a: 1 }],
      ]);
      assert.deepEqual((await client.call("interop.add", [2, 3])).args, [5]);
      assert.deepEqual((await client.call("interop.nothing")).args, []);
      await client.register("interop.relayed.echo", ({ args }) => args[0]);
      assert.deepEqual((await site.caller.client.call("interop.relayed.echo", ["back"])).args, ["back"]);
      await client.close();
    });
  }
}

function testRestart(at: () => Site): void {
  test("it is killed and comes back: board, registrations and subscriptions are there again", async (t) => {
    const site = at();
    const device = startDevice(temporaryFolder(t), boardConfig(site.url));
    t.after(() => device.stop());
    const { client } = site.caller;
    const level = async (): Promise<unknown> => await levelOf(client);
    await until("the board", level, 30_000, device.output);
    await client.call("device.gpio.set", ["relay", 1], {}, { timeout: 10_000 });
    const heard: unknown[] = [];
    await client.subscribe("interop.heard", ({ args }) => void heard.push(args[0]));

    await site.router.stop("SIGKILL");
    await until("the loss", () => client.state !== "ready" && site.callee.client.state !== "ready", 10_000);
    site.router = await startRouter(site.program, site.port);
    await Promise.all([site.caller, site.callee].map((one) => one.client.ready(AbortSignal.timeout(30_000))));
    assert.deepEqual((await client.call("interop.add", [20, 3])).args, [23]);
    await site.callee.client.publish("interop.heard", ["again"], {}, { acknowledge: true });
    await until("the event", () => heard.length === 1, 10_000);
    assert.deepEqual(await until("the board again", level, 30_000, device.output), { value: 1 });
    assert.equal(device.process.exitCode, null, device.output());
  });
}

describe("at fox-wamp with logins", () => {
  let router: Running | undefined;
  let url = "";
  before(async () => {
    const port = await freePort();
    router = await startRouter("fox-wamp-auth", port);
    url = `ws://127.0.0.1:${String(port)}/`;
  });
  after(() => router?.stop("SIGKILL"));

  const ways: readonly (readonly [string, Credentials])[] = [
    ["WAMP-CRA", { authid: "plain", secret: "open sesame" }],
    ["WAMP-CRA, salted", { authid: "salted", secret: "open sesame" }],
    ["ticket", { authid: "joe", ticket: "open sesame" }],
  ];
  for (const [words, credentials] of ways) {
    test(`our client logs in by ${words}`, async (t) => {
      const client = nodeClient(url, { credentials });
      t.after(() => client.close());
      client.open();
      await client.ready(AbortSignal.timeout(20_000));
      assert.equal(client.session?.details["authid"], credentials.authid);
      await client.register(`interop.of.${String(credentials.authid)}`, () => "in");
      assert.deepEqual((await client.call(`interop.of.${String(credentials.authid)}`)).args, ["in"]);
    });
  }

  test("our client is told when its secret is wrong, and when it has none", async (t) => {
    for (const credentials of [{ authid: "plain", secret: "wrong" }, undefined]) {
      const client = nodeClient(url, { reconnect: false, ...(credentials === undefined ? {} : { credentials }) });
      t.after(() => client.close());
      client.open();
      await assert.rejects(client.ready(AbortSignal.timeout(20_000)), /authentication_failed|no_auth_method/);
    }
  });

  test("our client logs in by cryptosign", { skip: "fox-wamp asks for WAMP-CRA and tickets only" }, () => {});
});

function boardConfig(url: string): string {
  return `
device: { id: bench }
router: { url: "${url}", realm: realm1 }
board: { gpio: simulated }
drivers:
  - use: gpio
    pins: { relay: { pin: GPIO17, direction: out } }
`;
}

/** Undefined while no board is there. */
async function levelOf(client: Client): Promise<{ value: unknown } | undefined> {
  try {
    const [got] = (await client.call("device.gpio.get", ["relay"], {}, { timeout: 5_000 })).args;
    return typeof got === "object" && got !== null && "value" in got ? { value: got.value } : { value: got };
  } catch (error) {
    if (error instanceof ApplicationError && error.uri === "wamp.error.no_such_procedure") return undefined;
    throw error;
  }
}
