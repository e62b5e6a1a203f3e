/** The dashboard's start: one client, one store, one page, tied together. No request leaves the page's own origin. */
import { Client, webSocketConnector, type WebSocketConnectorOptions } from "@pinion/wamp/client";
import "uplot/dist/uPlot.min.css";
import { act } from "./session/acting.ts";
import { FindingBoards } from "./session/finding-boards.ts";
import { LoggingIn, NO_LIMIT } from "./session/logging-in.ts";
import { Store } from "./state/store.ts";
import "./style.css";
import { Page } from "./view/page.ts";
import { Painter } from "./view/painter.ts";

/** The platform types `send` for plain ArrayBuffers only, and a message of ours never lies in a shared one. */
const browserSocket = WebSocket as unknown as WebSocketConnectorOptions["webSocket"]; // see above

/** The page's own address with the WebSocket's path; another realm can be asked for as `?realm=`. */
function routerUrl(): string {
  const url = new URL("./ws", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

function start(root: HTMLElement): void {
  const now = (): number => Date.now();
  const timers = {
    setTimeout: (run: () => void, ms: number): number => window.setTimeout(run, ms),
    // The client hands back what setTimeout gave, which is a number.
    clearTimeout: (timer: unknown): void => window.clearTimeout(timer as number),
  };
  const login = new LoggingIn({
    connect: webSocketConnector({ url: routerUrl(), webSocket: browserSocket, timers, serializers: ["json"] }),
    timers,
    confidential: globalThis.isSecureContext,
    changed: (state) => store.setLogin(state),
  });
  const client = new Client({
    connect: login.connect,
    login: login.login,
    connectTimeout: NO_LIMIT,
    realm: new URLSearchParams(location.search).get("realm") ?? "realm1",
    agent: "pinion-dashboard",
    timers,
    random: Math.random,
    clock: () => performance.now(),
    onError: (error, where) => {
      store.setNotice(`${where}: ${error instanceof Error ? error.message : String(error)}`);
    },
  });
  const store: Store = new Store(() => painter.request());
  const page = new Page(root, store, {
    act: (request) => act({ client, store, now }, request),
    login: {
      submit: (authid, secret) => login.submit(authid, secret),
      offer: () => login.offer(),
      cancel: () => login.withdraw(client),
      logOut: () => void login.logOut(client).finally(() => location.reload()),
    },
  });
  login.watch(client);
  const painter = new Painter(() => page.paint());
  painter.request();
  new FindingBoards({ client, store, timers, now }).start();
}

const root = document.getElementById("app");
if (root) start(root);
