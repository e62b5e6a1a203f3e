/** Logging in to the router core by what the connection proves, the realms of an account, and machines that guess. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeCrypto as crypto } from "@pinion/client";
import { type Account, noAccounts, parseAccounts, secretCredentials } from "../../packages/wamp/index.ts";
import {
  accountAuthenticator,
  Attempts,
  type FailedLogin,
  type PeerCertificate,
  type PeerInfo,
} from "../../router-bridge/router/index.ts";
import { TrustedRoles } from "../../router-bridge/router/authorizer.ts";
import { assertAborted } from "./scenes.ts";
import { ALL_ROLES, REMOTE, type Peer, World } from "./world.ts";

const PIN = "ab".repeat(32);
const ticket = await secretCredentials(crypto, "sesame, open", ["ticket"]);
const accounts: readonly Account[] = [
  { authid: "pin", role: "operator", tls: { fingerprints: [PIN] }, ...ticket },
  { authid: "name", role: "operator", tls: { commonNames: ["pump"] }, realms: ["realm2"] },
];

const shown = (certificate: Partial<PeerCertificate>): PeerInfo => ({
  ...REMOTE,
  certificate: { fingerprint: "00".repeat(32), commonName: undefined, fault: () => undefined, ...certificate },
});

class Door {
  readonly failures: FailedLogin[] = [];
  readonly world: World;

  constructor() {
    const now = (): number => this.world.now;
    const attempts = (limit: number): Attempts => new Attempts({ limit, window: 60_000, capacity: 100, now });
    const authenticator = accountAuthenticator({
      accounts: () => ({ ...noAccounts(crypto), accounts }),
      methods: ["tls", "ticket"],
      crypto,
      attempts: attempts(3),
      attemptsOfMachine: attempts(5),
      timestamp: () => "2026-11-20T21:00:00.000Z",
      onFailed: (failed) => this.failures.push(failed),
    });
    this.world = new World({ realms: ["realm1", "realm2"], authenticator, authorizer: new TrustedRoles(["operator"]) });
  }

  knock(info: PeerInfo, details: object = {}, realm = "realm1"): Peer {
    return this.world.connect("a", info).hello({ roles: ALL_ROLES, authmethods: ["tls"], ...details }, realm);
  }
}

test("a fingerprint or a common name is an account's; a name that nobody vouches for is nobody's", () => {
  const door = new Door();
  assert.equal(door.knock(shown({ fingerprint: PIN })).takeOne("WELCOME").details["authid"], "pin");
  assert.equal(door.knock(shown({ commonName: "pump" }), {}, "realm2").takeOne("WELCOME").details["authid"], "name");
  assertAborted(door.knock(shown({ commonName: "pumps" })), "wamp.error.authentication_denied");
  assertAborted(door.knock(REMOTE), "wamp.error.authentication_denied");
});

test("an account limited to realms joins none of the others", () => {
  const door = new Door();
  assert.match(assertAborted(door.knock(shown({ commonName: "pump" })), "wamp.error.not_authorized"), /realm1/);
  assert.equal(door.failures[0]?.cause, "realm_not_allowed");
});

test("a certificate with a fault ends the attempt, whatever else is offered", () => {
  const door = new Door();
  const info = shown({ fingerprint: PIN, fault: () => ({ code: "certificate_expired", words: "it expired" }) });
  const peer = door.knock(info, { authid: "pin", authmethods: ["tls", "ticket"] });
  assert.match(assertAborted(peer, "wamp.error.authentication_denied"), /it expired/);
  assert.equal(door.failures[0]?.cause, "certificate_expired");
});

test("a machine that guesses across many authids is refused, whichever it names next; another machine is not", () => {
  const door = new Door();
  const guess = (authid: string, info = REMOTE): Peer => {
    const peer = door.knock(info, { authid, authmethods: ["ticket"] });
    return peer.inbox[0]?.type === "CHALLENGE"
      ? (peer.take(), peer.send({ type: "AUTHENTICATE", signature: "wrong", extra: {} }))
      : peer;
  };
  for (let i = 0; i < 5; i += 1) assertAborted(guess(`user${i}`), "wamp.error.authentication_denied");
  assert.match(assertAborted(guess("pin"), "wamp.error.authentication_denied"), /too many/);
  assert.match(assertAborted(door.knock(shown({ fingerprint: PIN })), "wamp.error.authentication_denied"), /too many/);
  door.knock({ ...REMOTE, address: "192.0.2.9:1" }, { authid: "pin", authmethods: ["ticket"] }).takeOne("CHALLENGE");
  door.world.wait(60_000);
  door.knock(shown({ fingerprint: PIN })).takeOne("WELCOME");
});

const text = (account: object, second: object = {}): string =>
  JSON.stringify({
    version: 1,
    decoy: "00".repeat(32),
    accounts: [
      { authid: "a", role: "b", ...account },
      { authid: "c", role: "b", ...second },
    ],
  });

test("certificates and realms in the accounts file are read, and checked", () => {
  const [a] = parseAccounts(text({ tls: { fingerprints: [PIN.toUpperCase()] }, realms: ["x"] })).accounts;
  assert.deepEqual(a, { authid: "a", role: "b", tls: { fingerprints: [PIN] }, realms: ["x"] });
  for (const [account, second, words] of [
    [{ tls: {} }, {}, /fingerprints or commonNames/],
    [{ tls: { fingerprints: [] } }, {}, /be a list/],
    [{ tls: { fingerprints: ["xy"] } }, {}, /32 octets/],
    [{ tls: { names: ["x"] } }, {}, /not be there/],
    [{ realms: [] }, {}, /be a list of realms/],
    [{ tls: { commonNames: ["x"] } }, { tls: { commonNames: ["x"] } }, /one account only/],
    [{ tls: { fingerprints: [PIN] } }, { tls: { fingerprints: [PIN] } }, /one account only/],
  ] as const) {
    assert.throws(() => parseAccounts(text(account, second)), words);
  }
});
