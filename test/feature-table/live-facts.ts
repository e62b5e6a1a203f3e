/**
 * What a running router and a running client say and do, asked over the wire: the flags of WELCOME and HELLO, which meta
 * procedures answer, which methods of authentication are taken up, which transport and serializer joins. Nothing is read from
 * source text, so that the README's table cannot claim what does not run.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, nodeCrypto, writeAccounts } from "@pinion/client";
import {
  CloseUri,
  type Dict,
  ErrorUri,
  type Message,
  noAccounts,
  SECRET_METHODS,
  secretCredentials,
  toUri,
  type Transport,
} from "@pinion/wamp";
import { type SerializerName, serializers } from "@pinion/wamp/serializer";
import { WebSocket } from "ws";
import { Bridge } from "../../router-bridge/bridge.ts";
import { readConfigText } from "../../router-bridge/config.ts";
import { logInto } from "../support/router-bridge-fixture.ts";
import { Talk } from "../support/router-bridge-talk.ts";
import { ScriptedRouter } from "../support/scripted-router.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/test-certificate.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";
import { BINDINGS, LONG_POLL_PATH, META_PROCEDURES, METHODS } from "./asked.ts";

export interface LiveFacts {
  /** Flags of WELCOME.Details.roles. */
  readonly router: Readonly<Record<"broker" | "dealer", ReadonlySet<string>>>;
  /** Flags of HELLO.Details.roles, of any role. */
  readonly client: ReadonlySet<string>;
  /** Of the meta procedures that were asked for. */
  readonly served: ReadonlySet<string>;
  /** Topics of the meta events that were received while a session came, worked and went. */
  readonly told: ReadonlySet<string>;
  /** Of the methods that were offered. */
  readonly methods: ReadonlySet<string>;
  /** Kinds of channel binding of cryptosign that a challenge over TLS confirms. */
  readonly bindings: ReadonlySet<string>;
  /** With which serializers each joins. */
  readonly transports: Readonly<
    Record<"rs" | "rss" | "unix" | "ws" | "wss" | "batched" | "long-poll", readonly string[]>
  >;
}

/** Neither a method nor a meta procedure. */
const NONSENSE = "wamp.session.nonsense";
const SERIALIZERS = ["json", "msgpack", "cbor"] as const;
/** A proxy or a slow machine may take its time, a router that says nothing never answers. */
const PATIENCE = 10_000;
const TRUSTING = { ca: TEST_CERTIFICATE } as const;

interface Site {
  readonly tcp: string;
  readonly tls: string;
  readonly unix: string;
}

export async function liveFacts(): Promise<LiveFacts> {
  const folder = mkdtempSync(join(tmpdir(), "pinion-facts-"));
  const bridges: Bridge[] = [];
  const start = async (yaml: string, name: string): Promise<Site> => {
    const bridge = makeBridge(folder, name, yaml);
    bridges.push(bridge);
    await bridge.start();
    const [tcp = "", tls = ""] = bridge.addresses.map(({ address }) => address.replace(/^.*\//, ""));
    return { tcp, tls, unix: join(folder, `${name}.sock`) };
  };
  try {
    writeFileSync(join(folder, "cert.pem"), TEST_CERTIFICATE);
    writeFileSync(join(folder, "key.pem"), TEST_KEY, { mode: 0o600 });
    await writeTestAccounts(join(folder, "accounts.json"));
    const open = await start("history: [{ topic: a.b }]\n", "open");
    const guarded = await start(
      `auth: { file: ${join(folder, "accounts.json")}, anonymous: { role: viewer }, cookie: {} }\n`,
      "guarded",
    );
    return {
      ...(await announced(open)),
      client: await clientFlags(),
      told: await metaEvents(open),
      served: await servedProcedures(open),
      methods: await methodsOf(guarded),
      bindings: await bindingsOf(guarded),
      transports: await transportsOf(open),
    };
  } finally {
    await Promise.all(bridges.map((bridge) => bridge.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeBridge(folder: string, name: string, yaml: string): Bridge {
  const text = `
listen:
  - tcp: 127.0.0.1:0
  - tcp: 127.0.0.1:0
    tls: { cert: ${join(folder, "cert.pem")}, key: ${join(folder, "key.pem")} }
  - unix: ${join(folder, `${name}.sock`)}
limits: { goodbyeTimeout: 50 }
dashboard: false
${yaml}`;
  const result = readConfigText(text, "facts.yaml");
  assert.ok(result.ok, JSON.stringify(result));
  const log = logInto([]);
  return new Bridge(result.config, {
    log,
    dashboardFolder: undefined,
    now: () => performance.now(),
    random: Math.random,
  });
}

async function writeTestAccounts(file: string): Promise<void> {
  const secret = await secretCredentials(nodeCrypto, "a secret of no worth", SECRET_METHODS);
  const account = { authid: "joe", role: "viewer", ...secret, cryptosign: ["ab".repeat(32)] };
  writeAccounts(file, { ...noAccounts(nodeCrypto), accounts: [account] });
}

/** As a client says it in HELLO. */
async function clientFlags(): Promise<ReadonlySet<string>> {
  const router = new ScriptedRouter();
  const { client } = testClient(new VirtualClock(), router.connector);
  client.open();
  await settle();
  const { roles } = router.last.only("HELLO").details;
  const closed = client.close();
  router.last.transport.close();
  await closed;
  return new Set(Object.values(isDict(roles) ? roles : {}).flatMap(flagsOf));
}

function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function flagsOf(role: unknown): string[] {
  const features: unknown = typeof role === "object" && role !== null && "features" in role ? role.features : undefined;
  if (typeof features !== "object" || features === null) return [];
  return Object.entries(features).flatMap(([flag, value]) => (value === true ? [flag] : []));
}

function hello(details: Dict): Message {
  const roles = { caller: {}, callee: {}, publisher: {}, subscriber: {} };
  return { type: "HELLO", realm: toUri("realm1"), details: { roles, ...details } };
}

async function answerTo(transport: Transport, details: Dict): Promise<Message> {
  const talk = new Talk(transport);
  talk.send(hello(details));
  const silence = talk.closed.then((error): never => {
    throw new Error(`closed without an answer to HELLO: ${String(error)}`);
  });
  const answer = await Promise.race([talk.next(), silence]);
  transport.abort();
  return answer;
}

async function announced(site: Site): Promise<Pick<LiveFacts, "router">> {
  const welcome = await answerTo(await connect(`rs://${site.tcp}`), {});
  assert.equal(welcome.type, "WELCOME");
  const roles: unknown = "details" in welcome ? welcome.details?.["roles"] : undefined;
  const flags = (name: "broker" | "dealer"): ReadonlySet<string> => {
    const role: unknown =
      typeof roles === "object" && roles !== null
        ? Object.entries(roles).find(([key]) => key === name)?.[1]
        : undefined;
    return new Set(flagsOf(role));
  };
  return { router: { broker: flags("broker"), dealer: flags("dealer") } };
}

/** All that the meta API says of one session's life; its leaving is the last of it. */
async function metaEvents(site: Site): Promise<ReadonlySet<string>> {
  const observer = await new Talk(await connect(`rs://${site.tcp}`)).join();
  const options = { match: "prefix" };
  observer.send({ type: "SUBSCRIBE", request: observer.id(), options, topic: toUri("wamp.", "prefix") });
  await observer.expect("SUBSCRIBED");
  const other = await new Talk(await connect(`rs://${site.tcp}`)).join();
  await other.register("a.procedure");
  await other.subscribe("a.topic");
  other.send({ type: "GOODBYE", details: {}, reason: CloseUri.normal });
  const told = new Set<string>();
  while (!told.has("wamp.session.on_leave")) {
    const { details } = await observer.expect("EVENT");
    told.add(String(details["topic"]));
  }
  observer.transport.abort();
  return told;
}

/** A procedure that is there refuses the missing arguments, or takes them; one that is not is `no_such_procedure`. */
async function servedProcedures(site: Site): Promise<ReadonlySet<string>> {
  const served = new Set<string>();
  const talk = await new Talk(await connect(`rs://${site.tcp}`)).join();
  for (const procedure of [...META_PROCEDURES, NONSENSE]) {
    talk.call(procedure);
    const answer = await talk.next();
    const missing = answer.type === "ERROR" && answer.error === ErrorUri.noSuchProcedure;
    if (!missing) served.add(procedure);
  }
  talk.transport.abort();
  assert.ok(!served.delete(NONSENSE), "a procedure that nobody knows was served: this question tells nothing");
  return served;
}

/** A method that the router does not know at all is refused as such; anything else it says is about this very login. */
async function methodsOf(site: Site): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (const method of [...METHODS, NONSENSE]) {
    const details = { authmethods: [method], authid: "joe", authextra: { pubkey: "ab".repeat(32), nonce: NONCE } };
    const answer = await answerTo(await connect(`ws://${site.tcp}/ws`), details);
    if (answer.type !== "ABORT" || answer.reason !== ErrorUri.noMatchingAuthMethod) known.add(method);
  }
  assert.ok(!known.delete(NONSENSE), "a method that nobody knows was taken up: this question tells nothing");
  return known;
}
/** `tls-unique` is no more in TLS 1.3. */
async function bindingsOf(site: Site): Promise<ReadonlySet<string>> {
  const confirmed = new Set<string>();
  for (const binding of BINDINGS) {
    const tls = { ...TRUSTING, ...(binding === "tls-unique" ? { maxVersion: "TLSv1.2" as const } : {}) };
    const authextra = { pubkey: "ab".repeat(32), channel_binding: binding };
    const details = { authmethods: ["cryptosign"], authid: "joe", authextra };
    const answer = await answerTo(await connect(`rss://${site.tls}`, { tls }), details);
    if (answer.type === "CHALLENGE" && answer.extra["channel_binding"] === binding) confirmed.add(binding);
  }
  return confirmed;
}

const NONCE = "AAAAAAAAAAAAAAAAAAAAAA==";

async function transportsOf(site: Site): Promise<LiveFacts["transports"]> {
  const joins = async (url: string): Promise<readonly string[]> => {
    const joined: string[] = [];
    for (const serializer of SERIALIZERS) {
      const answer = await answerTo(await connect(url, { serializer, tls: TRUSTING }), {});
      if (answer.type === "WELCOME") joined.push(serializer);
    }
    return joined;
  };
  return {
    rs: await joins(`rs://${site.tcp}`),
    rss: await joins(`rss://${site.tls}`),
    unix: await joins(`unix://${site.unix}`),
    ws: await joins(`ws://${site.tcp}/ws`),
    wss: await joins(`wss://${site.tls}/ws`),
    batched: await among((serializer) => takesBatched(`ws://${site.tcp}/ws`, serializer)),
    "long-poll": await among((serializer) => opensLongPoll(`http://${site.tcp}${LONG_POLL_PATH}`, serializer)),
  };
}

async function among(takes: (serializer: SerializerName) => Promise<boolean>): Promise<readonly string[]> {
  const taken: string[] = [];
  for (const serializer of SERIALIZERS) if (await takes(serializer)) taken.push(serializer);
  return taken;
}

async function takesBatched(url: string, serializer: SerializerName): Promise<boolean> {
  const subprotocol = `${serializers[serializer].subprotocol}.batched`;
  const socket = new WebSocket(url, [subprotocol], { handshakeTimeout: PATIENCE });
  return await new Promise((resolve) => {
    socket.once("open", () => {
      resolve(socket.protocol === subprotocol);
      socket.terminate();
    });
    socket.once("error", () => resolve(false));
  });
}

async function opensLongPoll(url: string, serializer: SerializerName): Promise<boolean> {
  const response = await fetch(`${url}/open`, {
    method: "POST",
    body: JSON.stringify({ protocols: [serializers[serializer].subprotocol] }),
    headers: { "content-type": "application/json" },
    signal: AbortSignal.timeout(PATIENCE),
  });
  const text = await response.text();
  if (!response.ok) return false;
  const opened: unknown = JSON.parse(text);
  return typeof opened === "object" && opened !== null && "transport" in opened && "protocol" in opened
    ? opened.protocol === serializers[serializer].subprotocol
    : false;
}
