import { credentialsLogin } from "@pinion/wamp";
import { Client, type ClientOptions, type Login, webSocketConnector } from "@pinion/wamp/client";
import { browserCrypto } from "./browser-crypto.ts";

type Injected = "connect" | "timers" | "random" | "clock" | "login";

export interface PageClientOptions extends Partial<Omit<ClientOptions, Injected>> {
  /** The WebSocket. Default: `/ws` of the page's own origin. */
  readonly url?: string | undefined;
  /** Logs in by WAMP-SCRAM or WAMP-CRA; the secret is never sent. Without them by the browser's cookie, or anonymously. */
  readonly credentials?: { readonly authid: string; readonly secret: string } | undefined;
}

/** Platform types `send` for plain ArrayBuffers only, and a message of ours never lies in a shared one. */
type SocketClass = Parameters<typeof webSocketConnector>[0]["webSocket"];

/**
 * A client for a page, with the browser's timers, clock and entropy. Realm `realm1` unless given. Nothing is connected before
 * `open`. What no promise can carry goes to `onError`, by default to the console.
 */
export function pageClient(options: PageClientOptions = {}): Client {
  const { url = ownRouter(), credentials, ...rest } = options;
  const timers = {
    setTimeout: (run: () => void, ms: number): number => window.setTimeout(run, ms),
    // the client hands back what setTimeout gave, which is a number
    clearTimeout: (timer: unknown): void => window.clearTimeout(timer as number),
  };
  return new Client({
    realm: "realm1",
    // oxlint-disable-next-line no-console -- the console is where the author of a page looks
    onError: (error, where) => console.error(where, error),
    ...rest,
    login: credentials === undefined ? unnamed : credentialsLogin(browserCrypto, credentials),
    connect: webSocketConnector({ url, webSocket: WebSocket as unknown as SocketClass, timers, serializers: ["json"] }), // see above
    timers,
    random: Math.random,
    clock: () => performance.now(),
  });
}

function ownRouter(): string {
  const url = new URL("/ws", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** One attempt of somebody who has not said who they are. */
function unnamed(): Login {
  return {
    details: { authmethods: ["cookie", "anonymous"] },
    answer: () => Promise.reject(new Error("nobody has said who they are")),
    check: () => undefined,
  };
}
