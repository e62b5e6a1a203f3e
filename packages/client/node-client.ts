import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { type Credentials, credentialsLogin, UsageError } from "@pinion/wamp";
import { Client, type ClientOptions } from "@pinion/wamp/client";
import { connector, type ConnectorOptions } from "./connector.ts";
import { failOver } from "./fail-over.ts";
import { nodeCrypto } from "./node-crypto.ts";

/** ms for one address, where none is given. */
const CONNECT_TIMEOUT = 10_000;

type Injected = "connect" | "timers" | "random" | "clock";

export interface NodeClientOptions extends Partial<Omit<ClientOptions, Injected | "connectTimeout">>, ConnectorOptions {
  /** Logs in by cryptosign (`seed`), WAMP-SCRAM or WAMP-CRA (`secret`), or `ticket`. */
  readonly credentials?: Credentials | undefined;
}

/**
 * A client of the router at `url`, or of the first of several that can be had, with Node's timers, clock and entropy. Realm `realm1` unless given. Nothing is
 * connected before `open`. What no promise can carry goes to `onError`, by default to `process.emitWarning`.
 * @throws UsageError `invalid_option` for an address or option that can never work.
 */
export function nodeClient(url: string | readonly string[], options: NodeClientOptions = {}): Client {
  const { credentials, ...rest } = options;
  const urls = typeof url === "string" ? [url] : url;
  const [only, ...others] = urls.map((one) => {
    return connector(one, credentials?.cookie === true ? { ...options, cookies: true } : options);
  });
  if (only === undefined) throw new UsageError("invalid_option", "an empty list of addresses: give one at least");
  const each = (options.connectTimeout ?? CONNECT_TIMEOUT) * 2 + 1_000;
  return new Client({
    realm: "realm1",
    onError: (error, where) =>
      process.emitWarning(`${where}: ${error instanceof Error ? error.message : String(error)}`),
    ...rest,
    ...(credentials === undefined ? {} : { login: credentialsLogin(nodeCrypto, credentials) }),
    connectTimeout: options.connectTimeout === undefined && others.length === 0 ? undefined : each * urls.length,
    connect: others.length === 0 ? only : failOver([only, ...others]),
    timers: globalThis,
    random: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
    clock: () => performance.now(),
  });
}
