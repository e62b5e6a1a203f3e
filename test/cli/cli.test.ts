/** The command as a user runs it, against the real router core on a real socket. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { nodeClient } from "@pinion/client";
import { ApplicationError } from "@pinion/wamp";
import { result } from "@pinion/wamp/client";
import { emptyEnvironment } from "../support/empty-environment.ts";
import { RouterHost } from "../support/router-host.ts";
import { rawSocketListener } from "../support/transport-pairs.ts";

const BIN = fileURLToPath(new URL("../../packages/cli/bin.mjs", import.meta.url));
const PEER = { transport: "raw-socket", local: true, tls: false } as const;

const host = new RouterHost({
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
});
// A Unix socket, so that a router can come back at the same address without anybody taking its port meanwhile.
const folder = mkdtempSync(join(tmpdir(), "pinion-cli-"));
const path = join(folder, "router.sock");
const url = `unix://${path}`;
let listening = await rawSocketListener({ path }, (transport) => host.accept(transport, PEER));
const device = nodeClient(url, { reconnect: { initial: 20, max: 100 } });
device.open();
await device.register("device.echo", ({ args, kwargs }) => result(args, kwargs));
await device.register("device.gpio.set", ({ args }) => ({ pin: args[0], value: args[1] }));
await device.register("device.nothing", () => undefined);
await device.register(
  "device.slow",
  ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)),
);
await device.register("device.fails", () => {
  throw new ApplicationError("device.error.not_configured", ["pin 99 is not configured"], { allowed: [17] });
});

after(async () => {
  await device.close();
  await listening.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Finished {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  out(): string;
  err(): string;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = { PINION_URL: url }): Running {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...emptyEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 30_000,
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const finished = once(child, "close").then(([status]) => ({ status: status as number | null, out, err })); // of `close`
  return { child, finished, out: () => out, err: () => err };
}

const pinion = (...args: string[]): Promise<Finished> => start(args).finished;

async function until(what: string, check: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000; turn += 1) {
    if (check()) return;
    await new Promise((next) => setTimeout(next, 20));
  }
  assert.fail(`${what} did not happen`);
}

const subscribed = (count: number): Promise<void> =>
  until("the subscription", () => host.router.size().subscriptions === count);

test("call prints one value as it is, arguments being JSON or else text", async () => {
  assert.deepEqual(await pinion("call", "device.gpio.set", "17", "1"), {
    status: 0,
    out: '{"pin":17,"value":1}\n',
    err: "",
  });
  assert.equal((await pinion("call", "device.gpio.set", "relay 1", "true")).out, '{"pin":"relay 1","value":true}\n');
  assert.equal((await pinion("call", "device.echo", "-5")).out, "-5\n");
  assert.equal((await pinion("call", "device.nothing")).out, "null\n");
});

test("the router's own procedures and topics are called and subscribed to as any other", async () => {
  const joins = start(["subscribe", "wamp.session.on_join"]);
  await subscribed(1);
  const { status, out } = await pinion("call", "wamp.session.list");
  assert.equal(status, 0);
  const ids: unknown = JSON.parse(out);
  assert.ok(Array.isArray(ids) && ids.length === 3, "the device, the subscriber and the caller itself");
  await until("the event", () => joins.out().includes("\n"));
  assert.match(joins.out(), /^wamp\.session\.on_join {2}\{"session":\d+,"authid":"[A-Z0-9]+","authrole":"anonymous"/u);
  assert.ok(joins.out().includes(`"session":${String(ids[2])}`));
  joins.child.kill("SIGINT");
  assert.equal((await joins.finished).status, 0);
});

test("call prints several values and keyword arguments by name", async () => {
  assert.equal((await pinion("call", "device.echo", "1", '"2"')).out, '{"args":[1,"2"],"kwargs":{}}\n');
  const { out } = await pinion("call", "device.echo", "--kwargs", '{"unit":"V"}', "--serializer", "cbor");
  assert.equal(out, '{"args":[],"kwargs":{"unit":"V"}}\n');
});

test("an application error is told on stderr with its URI, words and kwargs, and ends with 1", async () => {
  const { status, out, err } = await pinion("call", "device.fails");
  assert.deepEqual([status, out], [1, ""]);
  assert.equal(err, 'pinion: device.error.not_configured: pin 99 is not configured {"allowed":[17]}\n');
  const missing = await pinion("call", "device.no.such");
  assert.equal(missing.status, 1);
  assert.match(missing.err, /wamp\.error\.no_such_procedure: nobody has registered device\.no\.such; is the device/);
});

test("a call that takes longer than --timeout ends with 1 and says so", async () => {
  const { status, err } = await pinion("call", "device.slow", "--timeout", "100");
  assert.equal(status, 1);
  assert.match(err, /wamp\.error\.timeout/);
});

test("--version says the version of the package, on stdout", async () => {
  const text = readFileSync(new URL("../../packages/cli/package.json", import.meta.url), "utf8");
  const version = /"version": "([^"]+)"/.exec(text)?.[1];
  assert.deepEqual(await pinion("--version"), { status: 0, out: `${String(version)}\n`, err: "" });
});

test("wrong usage ends with 2 before anything is connected, and says what would be right", async () => {
  const nowhere = "rs://127.0.0.1:1";
  const wrong: [string[], RegExp][] = [
    [["call"], /missing required argument 'procedure'/],
    [["call", "a b", "--url", nowhere], /"a b" is no procedure/],
    [["publish", "a..b", "--url", nowhere], /"a\.\.b" is no topic/],
    [["subscribe", "a b", "--url", nowhere], /'sensor\.\*'/],
    [["call", "a.b", "--kwargs", "[1]", "--url", nowhere], /--kwargs takes a JSON object/],
    [["call", "a.b", "--url", "rs://localhost"], /the port is missing, as in rs:\/\/localhost:8080/],
    [["call", "a.b", "--realm", "no realm"], /realm "no realm"/],
    [["call", "a.b", "--timeout", "soon"], /whole number/],
    [["reboot"], /unknown command/],
  ];
  const runs = wrong.map(async ([args, expected]) => {
    const { status, err, out } = await pinion(...args);
    assert.deepEqual([status, out], [2, ""], `${args.join(" ")}: ${err}`);
    assert.match(err, expected);
  });
  await Promise.all(runs);
});

test("a router that cannot be reached or joined ends with 3 and says where, why and what to check", async () => {
  const unreachable = await pinion("call", "a.b", "--url", "rs://127.0.0.1:1");
  assert.equal(unreachable.status, 3);
  assert.match(
    unreachable.err,
    /cannot connect to rs:\/\/127\.0\.0\.1:1: nothing listens there; is the router running/,
  );
  const subscribing = await pinion("subscribe", "sensor.*", "--url", "ws://127.0.0.1:1/ws");
  assert.equal(subscribing.status, 3);
  const realm = await pinion("publish", "a.b", "--realm", "nowhere");
  assert.equal(realm.status, 3);
  assert.match(realm.err, /cannot join realm nowhere.*wamp\.error\.no_such_realm.*--realm/);
});

test("publish reaches subscribers, and prints nothing", async () => {
  const got: unknown[] = [];
  const subscription = await device.subscribe("a.topic", ({ args, kwargs }) => void got.push(args, kwargs));
  assert.deepEqual(await pinion("publish", "a.topic", "21.5", "warm", "--kwargs", '{"unit":"°C"}'), {
    status: 0,
    out: "",
    err: "",
  });
  await until("the event", () => got.length > 0);
  assert.deepEqual(got, [[21.5, "warm"], { unit: "°C" }]);
  await subscription.unsubscribe();
});

test("subscribe 'sensor.*' prints one line per event and ends after --count", async () => {
  const running = start(["subscribe", "sensor.*", "--count", "2"]);
  await subscribed(1);
  await device.publish("other.topic", [0]);
  await device.publish("sensor.temperature", [21.5], { unit: "°C", t: 0, seq: 1, boot: "x", quality: "good" });
  await device.publish("sensor.door", ["open\nfake line\u001b[31m"], { quality: "stale", zone: 3 });
  await device.publish("sensor.door", ["beyond the count"]);
  const { status, out, err } = await running.finished;
  assert.deepEqual([status, err], [0, ""]);
  assert.deepEqual(out.split("\n"), [
    "sensor.temperature  21.5 °C  1970-01-01T00:00:00.000Z",
    'sensor.door  "open\\nfake line\\u001b[31m"  (stale)  {"zone":3}',
    "",
  ]);
});

test("subscribe --json prints whole events, wildcards match one component, SIGTERM says goodbye and ends with 0", async () => {
  const running = start(["subscribe", "sensor..t", "--json"]);
  await subscribed(1);
  await device.publish("sensor.a.b.t", [1]);
  await device.publish("sensor.kitchen.t", [1, null], { unit: "V" });
  await until("the line", () => running.out().includes("\n"));
  const event: unknown = JSON.parse(running.out());
  assert.ok(typeof event === "object" && event !== null && "publication" in event && "topic" in event);
  assert.equal(event.topic, "sensor.kitchen.t");
  assert.deepEqual("args" in event && event.args, [1, null]);
  running.child.kill("SIGTERM");
  assert.deepEqual([(await running.finished).status, running.err()], [0, ""]);
  assert.equal(host.router.size().sessions, 1, "only the device is left");
});

test("subscribe survives the router's end and return, and SIGINT ends it with 0", async () => {
  const running = start(["subscribe", "sensor.*"]);
  await subscribed(1);
  host.crash();
  await listening.stop();
  await until("the loss", () => running.err().includes("link lost"));
  host.restart();
  listening = await rawSocketListener({ path }, (transport) => host.accept(transport, PEER));
  await subscribed(1);
  await device.ready();
  await device.publish("sensor.t", [7]);
  await until("the line", () => running.out().includes("sensor.t  7"));
  assert.match(running.err(), /link lost: .*\n.*link is back/);
  running.child.kill("SIGINT");
  assert.equal((await running.finished).status, 0);
});

test("subscribe --wait waits for a router that is not there yet, and can be stopped meanwhile", async () => {
  const running = start(["subscribe", "sensor.*", "--wait", "--url", "rs://127.0.0.1:1"]);
  await until("the words", () => running.err().includes("waiting for it"));
  running.child.kill("SIGTERM");
  assert.equal((await running.finished).status, 0);
});
