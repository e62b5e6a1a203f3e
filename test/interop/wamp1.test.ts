/** The v1 client `wamp1` from npm against the built programs: a simulated board behind the bridge, with and without a login. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { EventEmitter } from "node:events";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { noAccounts } from "@pinion/wamp";
import { freePort, startBridge, startDevice, temporaryFolder, until } from "../support/programs.ts";
import { v1Board } from "../support/v1-board.ts";

/** What the tests use of the client's API. */
interface Wamp1 {
  prefix(prefix: string, uri: string): void;
  call(uri: string, ...rest: unknown[]): void;
  subscribe(topic: string, listener: (event: unknown) => void): void;
  unsubscribe(topic: string): void;
  publish(topic: string, ...rest: unknown[]): void;
}
type Wamp1Class = new (
  socket: EventEmitter,
  welcomed: (welcome: { version: number; sessionId: string }) => void,
) => Wamp1;

/** The client wants a socket that keeps what is sent until it is open. Its own one is not installed. */
class BufferingSocket extends EventEmitter {
  readonly #socket: WebSocket;
  #waiting: string[] | undefined = [];

  constructor(url: string) {
    super();
    this.#socket = new WebSocket(url, "wamp");
    this.#socket.on("open", () => {
      for (const text of this.#waiting ?? []) this.#socket.send(text);
      this.#waiting = undefined;
    });
    this.#socket.on("message", (data: Buffer) => this.emit("message", data.toString()));
    this.#socket.on("error", () => undefined);
  }

  send(text: string): void {
    if (this.#waiting === undefined) this.#socket.send(text);
    else this.#waiting.push(text);
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** The module as published, but for its own socket, which it only needs when it is given an address. */
function wamp1Module(): Wamp1Class {
  const require = createRequire(import.meta.url);
  const loader = require("node:module") as { _load: (name: string, ...rest: unknown[]) => unknown }; // untyped
  const load = loader._load;
  loader._load = (name, ...rest) => (name === "websocket-buffering" ? BufferingSocket : load(name, ...rest));
  try {
    return require(join(import.meta.dirname, "../peers/node_modules/wamp1/index.js")) as Wamp1Class; // untyped
  } finally {
    loader._load = load;
  }
}

const Client = wamp1Module();

interface Opened {
  readonly client: Wamp1;
  readonly call: (uri: string, ...args: unknown[]) => Promise<unknown>;
}

async function open(t: TestContext, port: number): Promise<Opened> {
  const socket = new BufferingSocket(`ws://127.0.0.1:${String(port)}/ws`);
  t.after(() => socket.close());
  let client: Wamp1 | undefined;
  const welcome = await new Promise<{ version: number }>((resolve) => {
    client = new Client(socket, resolve);
  });
  assert.equal(welcome.version, 1);
  assert.ok(client);
  const opened = client;
  const call = (uri: string, ...args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      opened.call(uri, ...args, (error: Error | undefined, result: unknown) => {
        if (error === undefined) resolve(result);
        else reject(error);
      });
    });
  return { client, call };
}

async function site(t: TestContext, config: string): Promise<number> {
  const folder = temporaryFolder(t);
  const port = await freePort();
  writeFileSync(join(folder, "bridge.yaml"), config.replaceAll("FOLDER", folder));
  const accounts = [
    { authid: "joe", role: "operator", wampcra: { secret: "s3cret" } },
    { authid: "board", role: "backend", wampcra: { secret: "board" } },
  ];
  writeAccounts(join(folder, "accounts.json"), { ...noAccounts(crypto), accounts });
  const bridge = await startBridge(port, ["--config", join(folder, "bridge.yaml")]);
  t.after(() => bridge.stop());
  const board = startDevice(folder, v1Board(port, folder, config.includes("accounts.json") ? "board" : undefined));
  t.after(() => board.stop());
  return port;
}

async function useBoard({ client, call }: Opened): Promise<void> {
  client.prefix("device", "http://example.com/device#");
  client.prefix("sensor", "http://example.com/sensor#");
  const set = (value: number): Promise<unknown> => call("device:gpio.set", "led", value);
  await until(
    "the board's procedure",
    () =>
      set(1).then(
        () => true,
        () => false,
      ),
    30_000,
  );
  const edges: unknown[] = [];
  client.subscribe("sensor:contact", (event) => void edges.push(event));
  const temperatures: unknown[] = [];
  client.subscribe("sensor:warmth", (event) => void temperatures.push(event));
  await until("readings", () => temperatures.length >= 2, 30_000);
  const [reading] = temperatures as { args: unknown[]; kwargs: Record<string, unknown> }[]; // by the convention
  assert.equal(typeof reading?.args[0], "number");
  assert.ok(reading !== undefined && "unit" in reading.kwargs && "seq" in reading.kwargs);
  await set(0);
  await until("the wired contact's edge", () => edges.length > 0, 30_000);
  await assert.rejects(call("device:gpio.set", "nowhere", 1), (error: Error & { uri?: string }) => {
    assert.match(String(error.uri), /^http:\/\//);
    return true;
  });
  await assert.rejects(call("device:nothing"), (error: Error & { uri?: string }) => {
    assert.match(String(error.uri), /error#(NoSuchRPCEndpoint|notfound|unauthorized)$/);
    return true;
  });
}

const URIS =
  'uris: [{ v1: "http://example.com/device#", v2: "device." }, { v1: "http://example.com/sensor#", v2: "sensor." }]';

test("wamp1 switches a pin of a simulated board and receives its readings, without a login", async (t) => {
  const port = await site(t, `wamp1: { ${URIS} }\n`);
  await useBoard(await open(t, port));
});

const hmac = (key: string, text: string): string => createHmac("sha256", key).update(text).digest("base64");

for (const flavour of ["autobahn", "clj-wamp"] as const) {
  test(`wamp1 logs in by the ${flavour} flavour, then does the same; before, it may not`, async (t) => {
    const port = await site(t, `wamp1: { flavour: ${flavour}, ${URIS} }\nauth:\n  file: FOLDER/accounts.json\n`);
    const opened = await open(t, port);
    await assert.rejects(opened.call("http://example.com/device#gpio.set", "led", 1), /unauthorized/);
    const challenge = String(await opened.call("http://api.wamp.ws/procedure#authreq", "joe"));
    await assert.rejects(opened.call("http://example.com/device#gpio.set", "led", 1), /unauthorized/);
    const signature = flavour === "autobahn" ? hmac("s3cret", challenge) : hmac(challenge, "s3cret");
    const permissions = (await opened.call("http://api.wamp.ws/procedure#auth", signature)) as object; // by section 9.5
    assert.ok("rpc" in permissions);
    await useBoard(opened);
  });
}
