/** What a behaviour is shown in: two clients over the transport under test, and more on demand. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeClient, type NodeClientOptions, nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { formatProblems } from "@pinion/config";
import { type Account, ApplicationError, noAccounts, secretCredentials } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import { Bridge } from "../../router-bridge/bridge.ts";
import { readConfigText } from "../../router-bridge/config.ts";
import { logInto } from "../support/router-bridge-fixture.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/test-certificate.ts";
import type { Places, TransportRow } from "./transports.ts";
import type { SerializerName } from "@pinion/wamp/serializer";

/** Of one message, on every transport. */
export const LIMIT = 2 ** 20;
export const SECRET = "a secret of four words";
/** An Ed25519 key pair for tests. */
export const SEED = "4ffddd896a530ce5ee8c86b83b0d31835490a97a9cd718cb2f09c9fd31c4a7d7";
const PUBLIC_KEY = "1766c9e6ec7d7b354fd7a2e4542753a23cae0b901228305621e5b8713299ccdd";

export interface Behaviour {
  readonly name: string;
  readonly run: (scene: Scene) => Promise<void>;
}

/** Two bridges for all: one where everybody on this machine may do everything, one where they have to log in. */
export interface Stage {
  readonly open: Places;
  readonly guarded: Places;
  stop(): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "pinion-acceptance-"));
  const accounts = join(folder, "accounts.json");
  writeFileSync(join(folder, "cert.pem"), TEST_CERTIFICATE);
  writeFileSync(join(folder, "key.pem"), TEST_KEY, { mode: 0o600 });
  const methods = ["ticket", "wampcra", "wamp-scram"] as const;
  const made = methods.map(async (method): Promise<Account> => ({
    authid: method,
    role: "backend",
    ...(await secretCredentials(crypto, SECRET, [method])),
  }));
  const key: Account = { authid: "cryptosign", role: "backend", cryptosign: [PUBLIC_KEY] };
  writeAccounts(accounts, { ...noAccounts(crypto), accounts: [...(await Promise.all(made)), key] });
  const open = await startOn(folder, "open", "");
  const guarded = await startOn(folder, "guarded", `auth: { file: ${accounts} }\n`);
  return {
    open: open.places,
    guarded: guarded.places,
    stop: async () => {
      await Promise.all([open.bridge.stop(), guarded.bridge.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startOn(folder: string, name: string, more: string): Promise<{ bridge: Bridge; places: Places }> {
  const unix = join(folder, `${name}.sock`);
  const limit = `{ maxMessage: ${String(LIMIT)} }`;
  const text = `
listen:
  - tcp: 127.0.0.1:0
  - { tcp: "127.0.0.1:0", tls: { cert: ${join(folder, "cert.pem")}, key: ${join(folder, "key.pem")} } }
  - unix: ${unix}
rawsocket: ${limit}
websocket: ${limit}
longpoll: ${limit}
history: [{ topic: "acc.history.", match: prefix, events: 3 }]
limits: { goodbyeTimeout: 1000 }
${more}`;
  const result = readConfigText(text, "acceptance.yaml");
  assert.ok(result.ok, result.ok ? "" : formatProblems(result.problems));
  const now = (): number => performance.now();
  const parts = { log: logInto([]), dashboardFolder: undefined, now, random: Math.random };
  const bridge = new Bridge(result.config, parts);
  await bridge.start();
  const [tcp = "", tls = ""] = bridge.addresses.map(({ address }) => address);
  return { bridge, places: { tcp, tls, unix } };
}

export interface SceneOptions {
  readonly stage: Stage;
  readonly transport: TransportRow;
  readonly serializer: SerializerName;
}

let named = 0;

export class Scene {
  readonly serializer: SerializerName;
  readonly #options: SceneOptions;
  readonly #clients: Client[] = [];

  constructor(options: SceneOptions) {
    this.#options = options;
    this.serializer = options.serializer;
  }

  /** A URI that nothing else uses. */
  uri(): string {
    named += 1;
    const { transport, serializer } = this.#options;
    return `acc.${transport.name.replaceAll(/\W+/g, "_")}.${serializer}.n${String(named)}`;
  }

  /** One more client of the bridge, over the transport under test unless the options say otherwise. */
  async client(options: NodeClientOptions = {}, at: "open" | "guarded" = "open"): Promise<Client> {
    const client = this.unopened(options, at);
    client.open();
    await client.ready(AbortSignal.timeout(30_000));
    return client;
  }

  unopened(options: NodeClientOptions = {}, at: "open" | "guarded" = "open"): Client {
    const { transport, stage, serializer } = this.#options;
    const settings = { serializer, maxMessageSize: LIMIT, onError: () => undefined, ...transport.options, ...options };
    const client = nodeClient(transport.url(stage[at]), settings);
    this.#clients.push(client);
    return client;
  }

  /** Over a plain raw socket, with this serializer. */
  async foreigner(serializer: SerializerName): Promise<Client> {
    const client = nodeClient(`rs://${this.#options.stage.open.tcp}`, { serializer });
    this.#clients.push(client);
    client.open();
    await client.ready(AbortSignal.timeout(30_000));
    return client;
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

/** What was given to a handler, awaited by number. */
export class Inbox<T> {
  readonly items: T[] = [];
  #wake: () => void = () => undefined;
  readonly put = (item: T): void => {
    this.items.push(item);
    this.#wake();
  };

  async atLeast(count: number): Promise<readonly T[]> {
    while (this.items.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.items;
  }
}

/** For `assert.rejects`. */
export const withUri =
  (uri: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof ApplicationError, String(error));
    assert.equal(error.uri, uri);
    return true;
  };

/** The client's end, once it comes. */
export async function ended(client: Client): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const leave = client.onState(({ state, cause }) => {
    if (state === "closed") resolve(cause ?? "");
  });
  if (client.state === "closed") resolve(client.status.cause ?? "");
  const cause = await promise;
  leave();
  return cause;
}
