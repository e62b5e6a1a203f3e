/** The page's login without a document: its own hashes against OpenSSL's, and the way in through the router core. */
import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { test } from "node:test";
import { assert as check, property, uint8Array } from "fast-check";
import { nodeCrypto } from "@pinion/client";
import { type Account, noAccounts, SECRET_METHODS, secretCredentials } from "@pinion/wamp";
import { LoggingIn, NO_LIMIT } from "../../router-bridge/dashboard/session/logging-in.ts";
import { browserCrypto } from "../../packages/client/page/browser-crypto.ts";
import { hmacSha256, pbkdf2Sha256, sha256 } from "../../packages/client/page/sha-256.ts";
import type { LoginState } from "../../router-bridge/dashboard/state/login.ts";
import { accountAuthenticator, Attempts, type LoginMethod } from "../../router-bridge/router/index.ts";
import { RouterHost } from "../support/router-host.ts";
import { testClient } from "../support/test-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const octets = uint8Array({ maxLength: 300 });

test("SHA-256 and HMAC of any octets are OpenSSL's", () => {
  check(
    property(octets, octets, (key, message) => {
      assert.deepEqual(sha256(message), new Uint8Array(createHash("sha256").update(message).digest()));
      assert.deepEqual(hmacSha256(key, message), new Uint8Array(createHmac("sha256", key).update(message).digest()));
    }),
    { numRuns: 200 },
  );
  const long = new Uint8Array(100_000).fill(7);
  assert.deepEqual(sha256(long), new Uint8Array(createHash("sha256").update(long).digest()));
});

test("PBKDF2 is OpenSSL's, with crypto.subtle and without", async () => {
  for (const [iterations, keylen] of [
    [1, 32],
    [3, 20],
    [2, 70],
    [10_001, 32],
  ] as const) {
    const [password, salt] = [Buffer.from("pässword"), Buffer.from("salt")];
    const expected = new Uint8Array(pbkdf2Sync(password, salt, iterations, keylen, "sha256"));
    assert.deepEqual(await pbkdf2Sha256(password, salt, { iterations, keylen }), expected);
    assert.deepEqual(await browserCrypto.pbkdf2(password, salt, { iterations, keylen }), expected);
  }
});

const SECRET = "a secret with spaces";
const joe: Account = {
  authid: "joe",
  role: "viewer",
  ...(await secretCredentials(nodeCrypto, SECRET, SECRET_METHODS)),
};
const tom: Account = { authid: "tom", role: "viewer", ...(await secretCredentials(nodeCrypto, SECRET, ["ticket"])) };

const ann: Account = {
  authid: "ann",
  role: "viewer",
  ...(await secretCredentials(nodeCrypto, SECRET, ["wamp-scram"], "argon2id13")),
};

class House {
  readonly clock = new VirtualClock();
  readonly states: LoginState[] = [];
  readonly login: LoggingIn;
  readonly client;
  knocks = 0;

  constructor({
    anonymous,
    methods = ["cookie", "wamp-scram", "wampcra", "ticket"],
    confidential = false,
  }: { anonymous?: string; methods?: readonly LoginMethod[]; confidential?: boolean } = {}) {
    const now = (): number => this.clock.now();
    const authenticator = accountAuthenticator({
      accounts: () => ({ ...noAccounts(nodeCrypto), accounts: [joe, tom, ann] }),
      methods,
      anonymous: anonymous === undefined ? undefined : { role: anonymous, remote: true },
      crypto: nodeCrypto,
      attempts: new Attempts({ limit: 3, window: 60_000, capacity: 10, now }),
      timestamp: () => "2026-11-20T21:00:00.000Z",
      onFailed: () => undefined,
    });
    const timers = {
      setTimeout: (run: () => void, ms: number): unknown => this.clock.setTimeout(run, ms),
      clearTimeout: (timer: unknown): void => this.clock.clearTimeout(timer),
    };
    const host = new RouterHost({ now, ...timers }, { authenticator });
    this.login = new LoggingIn({
      timers,
      confidential,
      changed: (state) => this.states.push(state),
      connect: (signal) => {
        this.knocks += 1;
        return host.connector(signal);
      },
    });
    this.client = testClient(this.clock, this.login.connect, {
      login: this.login.login,
      connectTimeout: NO_LIMIT,
    }).client;
    this.login.watch(this.client);
    this.client.open();
  }

  get state(): LoginState | undefined {
    return this.states.at(-1);
  }

  /** Lets time pass until the page is in a state of this kind. */
  async until(kind: LoginState["kind"]): Promise<LoginState> {
    for (let i = 0; i < 20_000; i += 1) {
      if (this.state?.kind === kind) return this.state;
      // keys are derived in real time, and the client's limits must not pass meanwhile
      await new Promise((resolve) => setTimeout(resolve, 1));
      await this.clock.advance(2);
    }
    throw new Error(`never ${kind}, but ${JSON.stringify(this.states)}`);
  }
}

test("a page that nobody lets in without a login asks once, and does not knock while it asks", async () => {
  const house = new House();
  assert.deepEqual(await house.until("needed"), { kind: "needed", words: "", offered: false });
  await house.until("needed");
  for (let i = 0; i < 100; i += 1) await house.clock.advance(10_000);
  assert.equal(house.knocks, 1);
  house.login.submit("joe", SECRET);
  assert.deepEqual(await house.until("in"), { kind: "in", authid: "joe", role: "viewer", as: "known" });
});

test("a wrong secret is told, and the next one may be right", async () => {
  const house = new House();
  await house.until("needed");
  house.login.submit("joe", "wrong");
  const state = await house.until("needed");
  assert.equal(state.kind === "needed" && state.words, "The name or the secret is wrong.");
  house.login.submit("joe", SECRET);
  await house.until("in");
});

test("a ticket is sent where nobody else sees it, and not otherwise", async () => {
  for (const [confidential, kind] of [
    [true, "in"],
    [false, "needed"],
  ] as const) {
    const house = new House({ confidential });
    await house.until("needed");
    house.login.submit("tom", SECRET);
    assert.equal((await house.until(kind)).kind, kind);
  }
});

test("a question that the page cannot answer is told, and not asked again and again", async () => {
  const house = new House();
  await house.until("needed");
  house.login.submit("ann", SECRET);
  const state = await house.until("needed");
  assert.match(state.kind === "needed" ? state.words : "", /argon2id13/);
});

test("where the page is there without a login, one may be made all the same, or not", async () => {
  const house = new House({ anonymous: "viewer" });
  const state = await house.until("in");
  assert.equal(state.kind === "in" && state.as, "anonymous");
  house.login.offer();
  assert.deepEqual(house.state, { kind: "needed", words: "", offered: true });
  house.login.withdraw(house.client);
  assert.equal(house.state?.kind, "in");
  house.login.offer();
  house.login.submit("joe", SECRET);
  const after = await house.until("in");
  assert.equal(after.kind === "in" && after.authid, "joe");
});
