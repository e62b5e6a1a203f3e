import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { type Credentials, credentialsLogin } from "@pinion/wamp";
import { Client, type ClientOptions } from "@pinion/wamp/client";
import { connector, type ConnectorOptions } from "./connector.ts";
import { nodeCrypto } from "./node-crypto.ts";

type Injected = "connect" | "timers" | "random" | "clock";

export interface NodeClientOptions extends Partial<Omit<ClientOptions, Injected | "connectTimeout">>, ConnectorOptions {
  /** Logs in by cryptosign (`seed`), WAMP-SCRAM or WAMP-CRA (`secret`), or `ticket`. */
  readonly credentials?: Credentials | undefined;
}

/**
 * A client of the router at `url`, with Node's timers, clock and entropy. Realm `realm1` unless given. Nothing is
 * connected before `open`. What no promise can carry goes to `onError`, by default to `process.emitWarning`.
 * @throws UsageError `invalid_option` for an address or option that can never work.
 */
export function nodeClient(url: string, options: NodeClientOptions = {}): Client {
  const { credentials, ...rest } = options;
  return new Client({
    realm: "realm1",
    onError: (error, where) =>
      process.emitWarning(`${where}: ${error instanceof Error ? error.message : String(error)}`),
    ...rest,
    ...(credentials === undefined ? {} : { login: credentialsLogin(nodeCrypto, credentials) }),
    connectTimeout: options.connectTimeout === undefined ? undefined : options.connectTimeout * 2 + 1_000,
    connect: connector(url, credentials?.cookie === true ? { ...options, cookies: true } : options),
    timers: globalThis,
    random: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
    clock: () => performance.now(),
  });
}
