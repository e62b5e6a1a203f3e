/** The main job as a user runs it: the built programs from a folder of their own, a real pseudo-terminal, the command line tool. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeClient } from "@pinion/client";
import type { Client } from "@pinion/wamp/client";
import { programFolder } from "../../deploy/build.ts";
import {
  freePort,
  nodes,
  programScript,
  start,
  startBridge,
  startDevice,
  temporaryFolder,
  until,
  type Running,
} from "../support/programs.ts";

const root = join(import.meta.dirname, "../..");

function boardConfig(port: number, serialPath: string): string {
  return `
device: { id: bench }
router: { url: "rs://127.0.0.1:${String(port)}", realm: realm1 }
board: { gpio: simulated, wires: [[GPIO17, GPIO27]] }
drivers:
  - use: gpio
    pins:
      relay: { pin: GPIO17, direction: out }
      contact: { pin: GPIO27, direction: in }
  - use: serial
    ports:
      meter:
        path: ${serialPath}
        framing: { delimiter: "\\n" }
        readings: [{ stream: tank_temperature, pointer: /temperature, unit: °C }]
`;
}

/** A real pty pair: a made-up meter on one end, the path of the other. */
async function startMeter(t: TestContext, folder: string): Promise<string> {
  const path = join(folder, "meter");
  const meter = start("socat", [
    `pty,raw,echo=0,link=${path}`,
    `EXEC:${process.execPath} ${join(root, "deploy/simulated-meter.ts")}`,
  ]);
  t.after(() => meter.stop());
  await until("the pty", () => existsSync(path), 10_000, meter.output);
  return path;
}

async function joined(t: TestContext, url: string): Promise<Client> {
  const client = nodeClient(url, { realm: "realm1" });
  client.open();
  t.after(() => client.close());
  await client.ready(AbortSignal.timeout(20_000));
  return client;
}

async function value(client: Client, procedure: string, ...args: unknown[]): Promise<unknown> {
  return (await client.call(procedure, args, {}, { timeout: 10_000 })).args[0];
}

async function levelOf(client: Client, pin: string): Promise<unknown> {
  const got = await value(client, "device.gpio.get", pin);
  return typeof got === "object" && got !== null && "value" in got ? got.value : got;
}

async function untilBoard(client: Client, device: Running): Promise<void> {
  const answers = async (): Promise<boolean> => {
    try {
      await value(client, "device.describe");
      return true;
    } catch {
      return false; // not registered yet
    }
  };
  await until("the board", answers, 30_000, device.output);
}

function pinion(args: readonly string[], port: number): Running {
  return start(process.execPath, [programScript("pinion"), ...args, "--url", `rs://127.0.0.1:${String(port)}`]);
}

async function ended(command: Running): Promise<number | null> {
  await until("the command's end", () => command.process.exitCode !== null, 30_000, command.output);
  return command.process.exitCode;
}

test("each program runs from an otherwise empty folder, with nothing but its own files beside it", async (t) => {
  for (const name of ["pinion-device", "pinion-router-bridge", "pinion"]) {
    const folder = join(temporaryFolder(t), "program");
    cpSync(programFolder(name), folder, { recursive: true });
    assert.ok(!readdirSync(folder).includes("node_modules"));
    for (const node of nodes()) {
      const help = start(node, [join(folder, `${name}.cjs`), "--help"], folder);
      assert.equal(await ended(help), 0, help.output());
      assert.match(help.output(), /[Uu]sage/, name);
    }
  }
});

test("the programs do their work on each Node at hand, native addons included", async (t) => {
  for (const node of nodes()) {
    const folder = temporaryFolder(t);
    const port = await freePort();
    const run = (name: string, ...args: string[]): Running => start(node, [programScript(name), ...args], folder);
    const bridge = run("pinion-router-bridge", "--listen", `127.0.0.1:${String(port)}`);
    t.after(() => bridge.stop());
    const path = await startMeter(t, folder);
    writeFileSync(join(folder, "board.yaml"), boardConfig(port, path));
    const device = run("pinion-device", "--config", join(folder, "board.yaml"));
    t.after(() => device.stop());
    const url = `rs://127.0.0.1:${String(port)}`;
    const watching = run("pinion", "subscribe", "sensor.tank_*", "--count", "2", "--wait", "--url", url);
    t.after(() => watching.stop());
    assert.equal(await ended(watching), 0, `${node}\n${watching.output()}\n${device.output()}`);
    const get = run("pinion", "call", "device.gpio.get", "relay", "--url", url);
    assert.equal(await ended(get), 0, get.output());
    assert.equal(await device.stop(), 0, device.output());
    assert.equal(await bridge.stop(), 0, bridge.output());
  }
});

test("a reading crosses pty, device, raw socket, router and the command line; a call crosses back", async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const bridge = await startBridge(port);
  t.after(() => bridge.stop());
  const path = await startMeter(t, folder);
  const device = startDevice(folder, boardConfig(port, path));
  t.after(() => device.stop());
  const client = await joined(t, `ws://127.0.0.1:${String(port)}/ws`);
  await untilBoard(client, device);

  const watching = pinion(["subscribe", "sensor.*", "--count", "6", "--json"], port);
  t.after(() => watching.stop());
  const set = pinion(["call", "device.gpio.set", "relay", "1"], port);
  assert.equal(await ended(set), 0, set.output());
  assert.match(set.output(), /"readBack": ?1/);
  assert.equal(await levelOf(client, "relay"), 1);
  assert.equal(await levelOf(client, "contact"), 1, "the wire carries the level to the input");
  assert.equal(await ended(watching), 0, watching.output());
  assert.match(watching.output(), /sensor\.tank_temperature/);
  assert.match(watching.output(), /°C/);

  const wrong = pinion(["call", "device.gpio.set", "relay", "7"], port);
  assert.equal(await ended(wrong), 1);
  assert.match(wrong.output(), /wamp\.error\.invalid_argument/);
  const unknown = pinion(["call", "device.gpio.set", "GPIO5", "1"], port);
  assert.equal(await ended(unknown), 1);
  assert.match(unknown.output(), /relay/, "an unknown pin's error names what is configured");
});

test("the router-bridge is killed and comes back: the board returns by itself and its pin did not move", async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const first = await startBridge(port);
  t.after(() => first.stop("SIGKILL"));
  const path = await startMeter(t, folder);
  const device = startDevice(folder, boardConfig(port, path));
  t.after(() => device.stop());
  const client = await joined(t, `rs://127.0.0.1:${String(port)}`);
  await untilBoard(client, device);
  await value(client, "device.gpio.set", "relay", 1);

  assert.equal(await first.stop("SIGKILL"), "SIGKILL");
  const second = await startBridge(port);
  t.after(() => second.stop());
  await client.ready(AbortSignal.timeout(30_000));
  await untilBoard(client, device);
  assert.equal(await levelOf(client, "relay"), 1);
  assert.equal(device.process.exitCode, null, device.output());
});

test("SIGTERM ends the device with status 0 after its session said goodbye, and the router-bridge too", async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const bridge = await startBridge(port);
  t.after(() => bridge.stop());
  const path = await startMeter(t, folder);
  const device = startDevice(folder, boardConfig(port, path));
  const client = await joined(t, `rs://127.0.0.1:${String(port)}`);
  await untilBoard(client, device);
  assert.equal(await device.stop("SIGTERM"), 0, device.output());
  await assert.rejects(value(client, "device.gpio.get", "relay"), /no_such_procedure/);
  await client.close();
  assert.equal(await bridge.stop("SIGTERM"), 0, bridge.output());
});

test("behind a relay a WebSocket client reaches the board of another Pinion", async (t) => {
  const folder = temporaryFolder(t);
  const [port, front] = [await freePort(), await freePort()];
  const bridge = await startBridge(port);
  t.after(() => bridge.stop());
  const path = await startMeter(t, folder);
  const device = startDevice(folder, boardConfig(port, path));
  t.after(() => device.stop());
  const config = join(folder, "relay.yaml");
  writeFileSync(config, `upstream: { url: "rs://127.0.0.1:${String(port)}" }\n`);
  const relay = await startBridge(front, ["--config", config]);
  t.after(() => relay.stop());

  const client = await joined(t, `ws://127.0.0.1:${String(front)}/ws`);
  await untilBoard(client, device);
  const readings: unknown[] = [];
  await client.subscribe("sensor.", ({ args }) => void readings.push(args[0]), { match: "prefix" });
  await value(client, "device.gpio.set", "relay", 1);
  assert.equal(await levelOf(client, "contact"), 1);
  await until("readings through the relay", () => readings.length >= 3, 20_000, relay.output);
});
