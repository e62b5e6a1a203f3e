/** Peers that go without a word: real processes that are stopped, and sockets that no longer answer. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeClient, nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { noAccounts, SECRET_METHODS, secretCredentials } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import { eventually, openSocket, startBridge, temporaryFolder } from "../support/router-bridge-fixture.ts";
import { talk } from "../support/router-bridge-talk.ts";

const root = join(import.meta.dirname, "../..");
/** Registers the procedure that it is given at the URL that it is given, and says so. */
const BOARD = `
import { nodeClient } from "@pinion/client";
const client = nodeClient(process.argv[1]);
client.register(process.argv[2], () => ({ args: ["ghost"] }));
client.onState(({ state }) => console.log("state " + state));
client.open();
`;

interface Board {
  readonly child: ChildProcess;
  /** Stopped like a host without power: its sockets stay open and answer nothing. */
  vanish(): void;
}

async function board(t: TestContext, url: string, procedure = "device.gpio.set"): Promise<Board> {
  const args = ["--input-type=module", "-e", BOARD, url, procedure];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await eventually(() => said.includes("state ready"), "the board");
  return { child, vanish: () => child.kill("SIGSTOP") };
}

async function procedureFree(t: TestContext, at: string): Promise<void> {
  const other = await (await talk(t, `rs://${at}`)).join();
  await eventually(async () => {
    other.call("wamp.registration.lookup", ["device.gpio.set"]);
    const result = await other.expect("RESULT");
    return (result.payload.args?.[0] ?? null) === null;
  }, "the end of the ghost");
  await other.register("device.gpio.set");
}

/** Long enough that a busy machine does not keep a live process from answering. */
const SHORT = "{ pingInterval: 250, pingTimeout: 1500 }";

for (const [scheme, path] of [
  ["rs", ""],
  ["ws", "/ws"],
]) {
  test(`${scheme ?? ""}: a board that vanishes without a FIN loses its procedures within pingTimeout`, async (t) => {
    const { at } = await startBridge(t, `rawsocket: ${SHORT}\nwebsocket: ${SHORT}\n`);
    const ghost = await board(t, `${scheme ?? ""}://${at}${path ?? ""}`);
    // longer than pingTimeout: it lives as long as it answers
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const guest = await (await talk(t, `rs://${at}`)).join();
    guest.call("device.gpio.set");
    await guest.expect("RESULT");
    ghost.vanish();
    await procedureFree(t, at);
  });

  test(`${scheme ?? ""}: events on their way to a vanished board do not keep its ghost alive`, async (t) => {
    const { at } = await startBridge(t, `rawsocket: ${SHORT}\nwebsocket: ${SHORT}\n`);
    const ghost = await board(t, `${scheme ?? ""}://${at}${path ?? ""}`);
    const caller = await (await talk(t, `rs://${at}`)).join();
    ghost.vanish();
    const timer = setInterval(() => caller.call("device.gpio.set"), 20);
    t.after(() => clearInterval(timer));
    await procedureFree(t, at);
  });
}

test("a router that freezes for longer than pingTimeout does not take its peers for dead when it goes on", async (t) => {
  const { at } = await startBridge(t, `rawsocket: ${SHORT}\nwebsocket: ${SHORT}\n`);
  await board(t, `rs://${at}`);
  await board(t, `ws://${at}/ws`, "device.other.set");
  await new Promise((resolve) => setTimeout(resolve, 300));
  const until = performance.now() + 2_500;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const guest = await (await talk(t, `rs://${at}`)).join();
  guest.call("wamp.session.count");
  assert.deepEqual((await guest.expect("RESULT")).payload.args, [3]);
});

/** HELLO over a raw socket, octet by octet, by somebody who never heard of Pinion. */
function hello(agent?: string): Buffer {
  const details = { roles: { callee: {} }, ...(agent === undefined ? {} : { agent }) };
  const text = Buffer.from(JSON.stringify([1, "realm1", details]));
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(text.length);
  return Buffer.concat([Buffer.from("7ff10000", "hex"), prefix, text]);
}

interface Stranger {
  /** Types of the frames that came. */
  readonly types: readonly number[];
  readonly closed: () => boolean;
  write(hex: string): void;
}

async function stranger(t: TestContext, port: number, agent?: string): Promise<Stranger> {
  const socket = await openSocket(t, port);
  const types: number[] = [];
  let octets = Buffer.alloc(0);
  let greeted = false;
  socket.on("data", (chunk: Buffer) => {
    octets = Buffer.concat([octets, chunk]);
    if (!greeted) octets = octets.subarray(4);
    greeted = true;
    while (octets.length >= 4 && octets.length >= 4 + octets.readUIntBE(1, 3)) {
      types.push(octets[0] ?? 0);
      octets = octets.subarray(4 + octets.readUIntBE(1, 3));
    }
  });
  socket.write(hello(agent));
  await eventually(() => types.includes(0), "WELCOME");
  return { types, closed: () => socket.closed, write: (hex) => socket.write(Buffer.from(hex, "hex")) };
}

const wait = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 500));

test("a raw socket that might die of a PING is sent none, and may be silent for as long as it likes", async (t) => {
  const { port } = await startBridge(t, `rawsocket: { pingInterval: 20, pingTimeout: 60 }\n`);
  for (const agent of [undefined, "AutobahnPython/22.7.1"]) {
    const peer = await stranger(t, port, agent);
    await wait();
    assert.deepEqual([peer.types, peer.closed()], [[0], false]);
  }
});

test("a raw socket that sent a PING or PONG, or says it is Pinion, is pinged and dropped when it falls silent", async (t) => {
  const { port } = await startBridge(t, `rawsocket: { pingInterval: 50, pingTimeout: 150 }\n`);
  for (const [agent, proof] of [
    [undefined, "01000000"],
    ["AutobahnJS", "0200000100"],
    ["pinion-device", ""],
  ] as const) {
    const peer = await stranger(t, port, agent);
    peer.write(proof);
    await eventually(() => peer.closed(), "the end");
    assert.ok(peer.types.includes(1));
  }
});

test("rawsocket.ping: always pings strangers, never pings nobody", async (t) => {
  const always = await startBridge(t, `rawsocket: { ping: always, pingInterval: 20, pingTimeout: 60 }\n`);
  const asked = await stranger(t, always.port);
  await eventually(() => asked.closed(), "the end");
  assert.ok(asked.types.includes(1));
  const never = await startBridge(t, `rawsocket: { ping: never, pingInterval: 20, pingTimeout: 60 }\n`);
  const left = await stranger(t, never.port, "pinion");
  left.write("01000000");
  await wait();
  assert.deepEqual([left.types, left.closed()], [[0, 2], false]);
});

test("a board that lost its power takes its procedures back at once, long before its ghost is found", async (t) => {
  const folder = temporaryFolder(t);
  const accounts = join(folder, "accounts.json");
  const secret = await secretCredentials(crypto, "a secret of the pump", SECRET_METHODS);
  const account = (authid: string, role: string): object => ({ authid, role, ...secret });
  writeAccounts(accounts, {
    ...noAccounts(crypto),
    accounts: [account("pump", "device"), account("back", "backend")] as never, // made by secretCredentials
  });
  writeFileSync(join(folder, "secret"), "a secret of the pump\n", { mode: 0o600 });
  const { at } = await startBridge(t, `auth:\n  file: ${accounts}\n`);
  const config = `
device: { id: pump, naming: fleet }
router: { url: "rs://${at}", realm: realm1, auth: { authid: pump, secretFile: ${join(folder, "secret")} } }
board: { gpio: simulated }
drivers:
  - use: gpio
    pins: { relay: { pin: GPIO17, direction: out } }
`;
  const file = join(folder, "board.yaml");
  writeFileSync(file, config);
  const device = (): ChildProcess => {
    const child = spawn(process.execPath, ["device/main.ts", "--config", file], { cwd: root, stdio: "ignore" });
    t.after(() => child.kill("SIGKILL"));
    return child;
  };
  const client = nodeClient(`rs://${at}`, { credentials: { authid: "back", secret: "a secret of the pump" } });
  t.after(() => client.close());
  client.open();
  await client.ready(AbortSignal.timeout(20_000));
  const holder = (): Promise<unknown> => holderOf(client, "device.pump.gpio.set");
  const ghost = device();
  const first = await eventually(holder, "the first board");
  ghost.kill("SIGSTOP");
  device();
  await eventually(async () => {
    const now = await holder();
    return now !== undefined && now !== first;
  }, "the second board");
  // the ghost still is a session: nobody had to wait for its end
  assert.equal((await client.call("wamp.session.count")).args[0], 3);
  const { args } = await client.call("device.pump.gpio.set", ["relay", 1], {}, { timeout: 5000 });
  assert.equal((args[0] as { readBack: number }).readBack, 1); // what the device answers
  const gone = once(ghost, "exit");
  ghost.kill("SIGKILL");
  await gone;
});

/** The session that holds a procedure. */
async function holderOf(client: Client, procedure: string): Promise<unknown> {
  const id = (await client.call("wamp.registration.lookup", [procedure])).args[0];
  if (id === null || id === undefined) return undefined;
  // between the two questions it may have passed to somebody else, under another id
  const answer = await client.call("wamp.registration.list_callees", [id]).catch(() => undefined);
  const callees = answer?.args[0];
  return Array.isArray(callees) ? callees[0] : undefined;
}
