/** Logging in to the router core by what a browser's cookie stands for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeCrypto as crypto } from "@pinion/client";
import { type Account, noAccounts, secretCredentials } from "../../packages/wamp/index.ts";
import {
  accountAuthenticator,
  Attempts,
  type CookieOwner,
  type LoginMethod,
  type PeerInfo,
} from "../../router-bridge/router/index.ts";
import { assertAborted } from "./scenes.ts";
import { ALL_ROLES, REMOTE, type Peer, uri, World } from "./world.ts";

const SECRET = "sesame, open";
const joe: Account = { authid: "joe", role: "operator", ...(await secretCredentials(crypto, SECRET, ["ticket"])) };

/** A browser, which shows its cookie with each connection. */
class Browser {
  owner: CookieOwner | undefined;
  readonly info: PeerInfo = {
    ...REMOTE,
    cookie: {
      owner: () => this.owner,
      grant: (owner) => (this.owner = owner),
      revoke: () => (this.owner = undefined),
    },
  };
}

class Door {
  present: readonly Account[] = [joe];
  readonly world: World;

  constructor(methods: readonly LoginMethod[] = ["ticket", "cookie"]) {
    const now = (): number => this.world.now;
    const authenticator = accountAuthenticator({
      accounts: () => ({ ...noAccounts(crypto), accounts: this.present }),
      methods,
      crypto,
      attempts: new Attempts({ limit: 3, window: 60_000, capacity: 10, now }),
      timestamp: () => "2026-11-20T21:00:00.000Z",
      onFailed: () => undefined,
    });
    this.world = new World({ realms: ["realm1", "realm2"], authenticator });
  }

  knock({ info }: Browser, details: object = {}, realm = "realm1"): Peer {
    return this.world.connect("a", info).hello({ roles: ALL_ROLES, authmethods: ["cookie"], ...details }, realm);
  }

  logIn(browser: Browser): Peer {
    const peer = this.knock(browser, { authmethods: ["ticket"], authid: "joe" });
    peer.takeOne("CHALLENGE");
    peer.send({ type: "AUTHENTICATE", signature: SECRET, extra: {} }).takeOne("WELCOME");
    return peer;
  }
}

test("a login by another method grants the cookie, and the cookie logs in as the same account", () => {
  const [door, browser] = [new Door(), new Browser()];
  assertAborted(door.knock(browser), "wamp.error.authentication_required");
  door.logIn(browser);
  const { details } = door.knock(browser).takeOne("WELCOME");
  assert.deepEqual([details["authid"], details["authrole"], details["authmethod"]], ["joe", "operator", "cookie"]);
  door.knock(browser, { authid: "joe" }).takeOne("WELCOME");
});

test("it is good for that realm and that authid alone, and other methods are still open", () => {
  const [door, browser] = [new Door(), new Browser()];
  door.logIn(browser);
  assertAborted(door.knock(browser, {}, "realm2"), "wamp.error.authentication_required");
  assertAborted(door.knock(browser, { authid: "tom" }), "wamp.error.authentication_required");
  const asked = door.knock(browser, { authid: "tom", authmethods: ["cookie", "ticket"] });
  assert.equal(asked.takeOne("CHALLENGE").method, "ticket");
});

test("it ends with the account, and does not come back with it", () => {
  const [door, browser] = [new Door(), new Browser()];
  door.logIn(browser);
  door.present = [];
  assertAborted(door.knock(browser), "wamp.error.authentication_required");
  door.present = [joe];
  assertAborted(door.knock(browser), "wamp.error.authentication_required");
});

test("a router that does not take cookies gives none and knows none", () => {
  const [door, browser] = [new Door(["ticket"]), new Browser()];
  door.logIn(browser);
  assert.equal(browser.owner, undefined);
  assertAborted(door.knock(browser), "wamp.error.no_matching_auth_method");
});

test("logging out ends the cookie, leaving does not", () => {
  const [door, browser] = [new Door(), new Browser()];
  door.logIn(browser).send({ type: "GOODBYE", details: {}, reason: uri("wamp.close.close_realm") });
  const peer = door.knock(browser);
  peer.takeOne("WELCOME");
  peer.send({ type: "GOODBYE", details: {}, reason: uri("wamp.close.logout") });
  assertAborted(door.knock(browser), "wamp.error.authentication_required");
});
