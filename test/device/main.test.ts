/** The device as a process, from its sources, with the router-bridge as another one. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeClient } from "@pinion/client";
import type { Client } from "@pinion/wamp/client";
import { freePort, start, temporaryFolder, until, type Running } from "../support/programs.ts";
import { answer, at } from "./rig.ts";

const root = join(import.meta.dirname, "../..");

function boardFile(t: TestContext, port: number): string {
  const file = join(temporaryFolder(t), "board.yaml");
  writeFileSync(
    file,
    `
device: { id: bench }
router: { url: "rs://127.0.0.1:${String(port)}" }
board: { gpio: simulated, wires: [[GPIO17, GPIO27]] }
drivers:
  - use: gpio
    pins:
      relay: { pin: GPIO17, direction: out }
      valve: { pin: GPIO22, direction: out, safe: 1 }
      contact: { pin: GPIO27, direction: in }
`,
  );
  return file;
}

function startDevice(t: TestContext, args: readonly string[], nodeArgs: readonly string[] = []): Running {
  const device = start(process.execPath, [...nodeArgs, join(root, "device/main.ts"), ...args]);
  t.after(() => device.stop("SIGKILL"));
  return device;
}

async function ended({ process: child, output }: Running): Promise<number | string> {
  await until("the end of the device", () => child.exitCode !== null || child.signalCode !== null, 30_000, output);
  return child.exitCode ?? child.signalCode ?? "unknown";
}

interface Bench {
  readonly router: Running;
  readonly device: Running;
  readonly client: Client;
}

async function bench(t: TestContext, nodeArgs: readonly string[] = []): Promise<Bench> {
  const port = await freePort();
  const address = `127.0.0.1:${String(port)}`;
  const router = start(process.execPath, [join(root, "router-bridge/main.ts"), "--listen", address]);
  t.after(() => router.stop("SIGKILL"));
  await until("the router", () => router.output().includes("listening"), 20_000, router.output);
  const device = startDevice(t, ["--config", boardFile(t, port)], nodeArgs);
  const client = nodeClient(`rs://${address}`, { closeTimeout: 100 });
  t.after(() => client.close());
  client.open();
  await client.ready(AbortSignal.timeout(20_000));
  const described = async (): Promise<boolean> => {
    try {
      await answer(client, "device.describe");
      return true;
    } catch {
      return false; // not registered yet
    }
  };
  await until("the board", described, 20_000, device.output);
  return { router, device, client };
}

/** What later versions of Node have and Node 20 has not: boards with armv7 run that one. */
const NODE_20 = `
for (const [owner, names] of [
  [Promise, ["withResolvers", "try"]],
  [Array, ["fromAsync"]],
  [Object, ["groupBy"]],
  [Map, ["groupBy"]],
  [Set.prototype, ["union", "intersection", "difference", "symmetricDifference", "isSubsetOf", "isSupersetOf", "isDisjointFrom"]],
  [ArrayBuffer.prototype, ["transfer", "transferToFixedLength"]],
  [Uint8Array, ["fromBase64", "fromHex"]],
  [Uint8Array.prototype, ["toBase64", "toHex", "setFromBase64", "setFromHex"]],
  [Iterator.prototype, ["map", "filter", "take", "drop", "flatMap", "reduce", "toArray", "forEach", "some", "every", "find"]],
  [RegExp, ["escape"]],
  [Error, ["isError"]],
  [process, ["getBuiltinModule"]],
  [globalThis, ["Iterator", "WebSocket", "EventSource", "navigator", "Float16Array"]],
])
  for (const name of names) delete owner[name];
`;

test("SIGTERM: outputs to their safe level, seen outside, then goodbye, then status 0, with Node 20's means", async (t) => {
  const { device, client } = await bench(t, ["--import", `data:text/javascript,${encodeURIComponent(NODE_20)}`]);
  const levels = new Map<string, unknown>();
  await client.subscribe("sensor.", ({ topic, args }) => void levels.set(topic, args[0]), { match: "prefix" });
  const receipt = await answer(client, "device.gpio.set", ["relay", 1]);
  assert.equal(at(receipt, "readBack"), 1);
  await answer(client, "device.gpio.set", ["valve", 0]);
  await until("the wire's other end", () => levels.get("sensor.contact") === 1, 10_000, device.output);
  device.process.kill("SIGTERM");
  assert.equal(await ended(device), 0, device.output());
  await until("the safe levels", () => levels.get("sensor.relay") === 0 && levels.get("sensor.valve") === 1);
  await assert.rejects(client.call("device.gpio.get", ["relay"]), /no_such_procedure/);
  assert.match(device.output(), /outputs are at their safe level/);
});

for (const signal of ["SIGINT", "SIGHUP"] as const) {
  test(`${signal} without any router ends with status 0`, async (t) => {
    const device = startDevice(t, ["--config", boardFile(t, await freePort())]);
    await until("a try to connect", () => device.output().includes("no session"), 20_000, device.output);
    device.process.kill(signal);
    assert.equal(await ended(device), 0, device.output());
    assert.match(device.output(), /outputs are at their safe level/);
  });
}

test("a realm that the router does not have is said with the key to change", async (t) => {
  const port = await freePort();
  const router = start(process.execPath, [
    join(root, "router-bridge/main.ts"),
    "--listen",
    `127.0.0.1:${String(port)}`,
  ]);
  t.after(() => router.stop("SIGKILL"));
  const file = join(temporaryFolder(t), "board.yaml");
  writeFileSync(file, `router: { url: "rs://127.0.0.1:${String(port)}", realm: nowhere }\n`);
  const device = startDevice(t, ["--config", file]);
  const told = /no realm nowhere.*set router\.realm/;
  await until("the reason and the cure", () => told.test(device.output()), 20_000, device.output);
});

test("a log that nobody reads any more ends nothing but the log", async (t) => {
  const { device, client } = await bench(t);
  device.process.stdout?.destroy();
  device.process.stderr?.destroy();
  assert.equal(at(await answer(client, "device.gpio.set", ["relay", 1]), "readBack"), 1);
  device.process.kill("SIGTERM");
  assert.equal(await ended(device), 0);
});

test("a router that has stopped answering does not hold up the end", async (t) => {
  const { router, device } = await bench(t);
  router.process.kill("SIGSTOP");
  device.process.kill("SIGTERM");
  assert.equal(await ended(device), 0, device.output());
  assert.match(device.output(), /the session did not end in time/);
  assert.match(device.output(), /outputs are at their safe level/);
});

test("a second signal ends at once", async (t) => {
  const { router, device } = await bench(t);
  router.process.kill("SIGSTOP");
  device.process.kill("SIGTERM");
  await until("the first signal", () => device.output().includes("SIGTERM:"), 10_000, device.output);
  device.process.kill("SIGINT");
  assert.equal(await ended(device), 1, device.output());
  assert.match(device.output(), /SIGINT again/);
});

test("an exception that nobody caught brings outputs to safety and ends with status 70", async (t) => {
  const bomb = "process.on('SIGUSR2', () => { throw new Error('a made-up bug'); })";
  const { device, client } = await bench(t, ["--import", `data:text/javascript,${encodeURIComponent(bomb)}`]);
  await answer(client, "device.gpio.set", ["relay", 1]);
  const levels: unknown[] = [];
  await client.subscribe("sensor.relay", ({ args }) => void levels.push(args[0]));
  device.process.kill("SIGUSR2");
  assert.equal(await ended(device), 70, device.output());
  assert.match(device.output(), /a made-up bug/);
  await until("the safe level", () => levels.includes(0));
});

test("a wrong configuration ends with status 78 and all problems, each with file, line, key and cure", async (t) => {
  const file = join(temporaryFolder(t), "board.yaml");
  writeFileSync(file, "device: { idd: x }\nrouter: { url: nothing }\ndrivers:\n  - { use: gpoi }\n");
  const device = startDevice(t, ["--config", file]);
  assert.equal(await ended(device), 78);
  assert.ok(device.output().includes(`${file}:1:`), device.output());
  assert.match(device.output(), /device\.idd: found the unknown key 'idd'[\s\S]*did you mean 'id'/);
  assert.match(device.output(), /drivers\[0\]\.use[\s\S]*write 'gpio'/);
});

test("--check prints the plan in words and touches nothing", async (t) => {
  const device = startDevice(t, ["--check", "--config", boardFile(t, 1)]);
  assert.equal(await ended(device), 0, device.output());
  assert.match(device.output(), /relay = GPIO17 = header 11: output/);
});

test("an account whose role does not go with the board's naming is told in the log, with both ways out, and is let in when it is changed", async (t) => {
  const folder = temporaryFolder(t);
  const place = (name: string): string => join(folder, name);
  writeFileSync(place("secret"), "some-secret-word\n", { mode: 0o600 });
  const cli = join(root, "packages/cli/bin.mjs");
  const told = async (...args: readonly string[]): Promise<Running> => {
    const one = start(process.execPath, [cli, ...args, "--secret-file", place("secret")]);
    await ended(one);
    return one;
  };
  const give = async (authid: string, role: string, ...more: readonly string[]): Promise<void> => {
    const added = await told("auth", "add", authid, "--role", role, "--accounts", place("accounts.json"), ...more);
    assert.equal(added.process.exitCode, 0, added.output());
  };
  await give("pump", "device");
  await give("vera", "viewer");
  writeFileSync(place("bridge.yaml"), `auth: { file: ${place("accounts.json")} }\n`);
  const port = await freePort();
  const address = `127.0.0.1:${String(port)}`;
  const bridge = [join(root, "router-bridge/main.ts"), "--listen", address, "--config", place("bridge.yaml")];
  const router = start(process.execPath, bridge);
  t.after(() => router.stop("SIGKILL"));
  await until("the router", () => router.output().includes("listening"), 20_000, router.output);
  writeFileSync(
    place("board.yaml"),
    `router: { url: "rs://${address}", auth: { authid: pump, secretFile: ${place("secret")} } }
board: { gpio: simulated }
drivers:
  - { use: gpio, pins: { relay: { pin: 17, direction: out } } }
`,
  );
  const device = startDevice(t, ["--config", place("board.yaml")]);
  await until("the words", () => device.output().includes("nobody can call them"), 20_000, device.output);
  assert.match(
    device.output(),
    /pump, role device, may not register device\.\w+, .* and \d+ more at this router: nobody can call them\. .*pinion auth add pump --role single-device --replace.*device\.naming: fleet and device\.id: pump/,
  );
  await give("pump", "single-device", "--replace");
  const answers = async (): Promise<boolean> => {
    const one = await told("call", "device.describe", "--url", `rs://${address}`, "--authid", "vera");
    return one.process.exitCode === 0;
  };
  await until("the board, without a restart", answers, 30_000, device.output);
});
