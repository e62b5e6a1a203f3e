/** Opens the relay's connections to the existing router, by raw socket or WebSocket, as links. */
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { serializerBySubprotocol, serializers, type SerializerName } from "@pinion/wamp/serializer";
import { withResolvers } from "@pinion/wamp/with-resolvers";
import { FramingError } from "net-socket-raw-framing";
import { connectRawSocket } from "net-socket-raw-framing/node";
import { BridgeError } from "../bridge-error.ts";
import type { UpstreamConfig } from "../config-schema.ts";
import { RawSocketLink } from "../listeners/raw-socket-link.ts";
import { WebSocketLink } from "../listeners/web-socket-link.ts";
import type { Link } from "../link.ts";
import { parseUpstreamUrl, reachesThisMachine, type UpstreamAddress } from "./upstream-address.ts";

/** With these a router says, or shows, that it does not speak the serializer it was asked for. */
const SERIALIZER_REFUSED: ReadonlySet<string> = new Set([
  "serializer_unsupported",
  "serializer_mismatch",
  "handshake_refused",
  "handshake_closed",
  "connection_reset",
]);
/** Idle time before TCP probes, as on a raw socket: a router whose host lost its power must not keep clients waiting. */
const KEEP_ALIVE_MS = 15_000;
const FALLBACKS: readonly SerializerName[] = ["msgpack", "json", "cbor"];

export interface Opening {
  /** The client's serializer, tried first unless the configuration names one. */
  readonly serializer: SerializerName;
  readonly signal: AbortSignal;
}

export class Upstream {
  readonly #config: UpstreamConfig;
  /** Milliseconds for the router to end its side. */
  readonly #closeTimeout: number;
  readonly #address: UpstreamAddress;
  readonly #ca: string | undefined;
  /** Serializers that the router refused on a raw socket; not asked for again while this process runs. */
  readonly #refused = new Set<SerializerName>();

  /** @throws BridgeError `upstream_invalid` for a wrong URL, `tls_file_unreadable` for the authority's file. */
  constructor(config: UpstreamConfig, closeTimeout: number) {
    const address = parseUpstreamUrl(config.url);
    if ("fault" in address) throw new BridgeError("upstream_invalid", `upstream ${config.url}: write ${address.fault}`);
    this.#config = config;
    this.#closeTimeout = closeTimeout;
    this.#address = address;
    this.#ca = config.ca === undefined ? undefined : readCa(config.ca);
  }

  /** Whether the router takes whoever comes through here for a local peer. */
  get onThisMachine(): boolean {
    return reachesThisMachine(this.#address);
  }

  /** Whether clients from elsewhere may pass: a router on this machine would take them for local peers. */
  get takesRemote(): boolean {
    return this.#config.acceptRemote || !this.onThisMachine;
  }

  /** Rejects with an error whose message says what failed, or with the signal's reason. */
  open(opening: Opening): Promise<Link> {
    const address = this.#address;
    return address.kind === "websocket" ? this.#openWebSocket(address.url, opening) : this.#openRawSocket(opening);
  }

  /** Raw socket: one serializer is asked for at a time. */
  async #openRawSocket({ serializer, signal }: Opening): Promise<Link> {
    let refusal: unknown;
    for (const name of this.#candidates(serializer)) {
      try {
        const link = await this.#connect(name, signal);
        return link;
      } catch (error) {
        if (!(error instanceof FramingError) || !SERIALIZER_REFUSED.has(error.code)) throw error;
        if (error.code === "serializer_unsupported") this.#refused.add(name);
        refusal = error;
      }
    }
    throw refusal;
  }

  async #connect(name: SerializerName, signal: AbortSignal): Promise<Link> {
    const { connectTimeout, maxMessage, pingInterval, url } = this.#config;
    const connection = await connectRawSocket({
      ...this.#target(),
      serializer: serializers[name].rawSocketCode,
      maxReceive: maxMessage,
      connectTimeout,
      handshakeTimeout: connectTimeout,
      closeTimeout: this.#closeTimeout,
      signal,
      ...(pingInterval === undefined ? {} : { ping: { interval: pingInterval, timeout: pingInterval } }),
    });
    const { local, tls } = connection.remote;
    return new RawSocketLink(connection, { local, tls, address: url });
  }

  #target(): { path: string } | { host: string; port: number; tls?: object } {
    const address = this.#address;
    if (address.kind === "raw-socket-unix") return { path: address.path };
    if (address.kind === "websocket") throw new BridgeError("upstream_invalid", `${address.url} is a WebSocket URL`);
    const { host, port, tls } = address;
    return { host, port, ...(tls ? { tls: this.#ca === undefined ? {} : { ca: this.#ca } } : {}) };
  }

  /** WebSocket: all serializers are offered at once, the router picks; the client's comes first. */
  #openWebSocket(url: string, { serializer, signal }: Opening): Promise<Link> {
    const offered = this.#candidates(serializer).map((name) => serializers[name].subprotocol);
    const { promise, resolve, reject } = withResolvers<Link>();
    const webSocket = new WebSocket(url, offered, {
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: this.#config.maxMessage,
      handshakeTimeout: this.#config.connectTimeout,
      ...(this.#ca === undefined ? {} : { ca: this.#ca }),
    });
    let socket: Socket | undefined;
    const giveUp = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
      webSocket.terminate();
    };
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    webSocket.once("upgrade", (response) => {
      ({ socket } = response);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
    });
    // stays: an error event that nobody listens to would end the process
    webSocket.on("error", reject);
    webSocket.once("close", (code) =>
      reject(new Error(`the WebSocket closed with ${String(code)} before it was open`)),
    );
    webSocket.once("open", () => {
      signal.removeEventListener("abort", giveUp);
      const agreed = serializerBySubprotocol(webSocket.protocol);
      if (socket === undefined || agreed === undefined) {
        webSocket.terminate();
        reject(new Error(`the router chose no WebSocket subprotocol of ${offered.join(", ")}`));
        return;
      }
      const tls = url.startsWith("wss:");
      const info = { transport: "websocket", local: this.onThisMachine, tls, address: url } as const;
      resolve(
        new WebSocketLink({
          webSocket,
          socket,
          serializer: agreed,
          info,
          side: "client",
          closeTimeout: this.#closeTimeout,
        }),
      );
    });
    return promise;
  }

  #candidates(preferred: SerializerName): readonly SerializerName[] {
    const { serializer } = this.#config;
    if (serializer !== undefined) return [serializer];
    const candidates = [...new Set([preferred, ...FALLBACKS])];
    const open = candidates.filter((name) => !this.#refused.has(name));
    return open.length > 0 ? open : candidates;
  }
}

function readCa(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BridgeError("tls_file_unreadable", `TLS authority ${file} cannot be read: ${why}`, { cause: error });
  }
}
