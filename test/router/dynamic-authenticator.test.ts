/** Logging in by a procedure of the realm: what it is told, what its answers mean, and that whatever goes wrong lets nobody in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeCrypto as crypto } from "@pinion/client";
import {
  type Account,
  type Dict,
  noAccounts,
  noPayload,
  payloadOf,
  secretCredentials,
  signCra,
  signCryptosign,
  toHex,
} from "../../packages/wamp/index.ts";
import {
  accountAuthenticator,
  Attempts,
  type AuthenticatorFault,
  type DynamicAuthentication,
  type FailedLogin,
  type Limits,
} from "../../router-bridge/router/index.ts";
import { TrustedRoles } from "../../router-bridge/router/authorizer.ts";
import { assertAborted } from "./scenes.ts";
import { ALL_ROLES, LOCAL, REMOTE, type Of, type Peer, uri, World } from "./world.ts";

const SECRET = "sesame, open";
const keeper: Account = { authid: "keeper", role: "backend", ...(await secretCredentials(crypto, SECRET, ["ticket"])) };
const PROCEDURE = uri("com.example.authenticate");
const seed = new Uint8Array(32).fill(5);
const pubkey = toHex(crypto.ed25519PublicKey(seed));

class House {
  readonly world: World;
  readonly faults: AuthenticatorFault[] = [];
  readonly failures: FailedLogin[] = [];
  #asked = 0;

  constructor(dynamic: Partial<DynamicAuthentication> = {}, limits: Partial<Limits> = {}) {
    const now = (): number => this.world.now;
    const authenticator = accountAuthenticator({
      accounts: () => ({ ...noAccounts(crypto), accounts: [keeper] }),
      methods: ["ticket", "wampcra", "wamp-scram", "cryptosign", "tls"],
      anonymous: { role: "backend", remote: false },
      dynamic: {
        procedure: PROCEDURE,
        methods: ["ticket", "wampcra", "wamp-scram", "cryptosign", "tls"],
        timeout: 5_000,
        onFault: (fault) => this.faults.push(fault),
        ...dynamic,
      },
      crypto,
      attempts: new Attempts({ limit: 3, window: 60_000, capacity: 10, now }),
      timestamp: () => "2026-11-20T21:00:00.000Z",
      onFailed: (failed) => this.failures.push(failed),
    });
    const authorizer = new TrustedRoles(["backend"]);
    this.world = new World({ realms: ["realm1", "realm2"], authenticator, authorizer, limits });
  }

  /** The session that offers the authenticator, by an account of its own. */
  keeper(realm = "realm1"): Peer {
    const peer = this.world
      .connect("keeper", REMOTE)
      .hello({ roles: ALL_ROLES, authmethods: ["ticket"], authid: "keeper" }, realm);
    peer.takeOne("CHALLENGE");
    peer.send({ type: "AUTHENTICATE", signature: SECRET, extra: {} }).takeOne("WELCOME");
    peer
      .send({ type: "REGISTER", request: peer.nextRequest(), options: {}, procedure: PROCEDURE })
      .takeOne("REGISTERED");
    return peer;
  }

  knock(method: string, authid: string | undefined = "joe", authextra?: Dict): Peer {
    this.#asked += 1;
    const details = {
      roles: ALL_ROLES,
      authmethods: [method],
      ...(authid === "" ? {} : { authid }),
      ...(authextra && { authextra }),
    };
    return this.world.connect(`client ${String(this.#asked)}`, REMOTE).hello(details);
  }
}

const answer = (peer: Peer, signature: string): Peer => peer.send({ type: "AUTHENTICATE", signature, extra: {} });

function yields(peer: Peer, principal: unknown): Of<"INVOCATION"> {
  const invocation = peer.takeOne("INVOCATION");
  peer.send({ type: "YIELD", request: invocation.request, options: {}, payload: payloadOf([principal]) });
  return invocation;
}

function denies(peer: Peer, error: string, words?: string): void {
  const { request } = peer.takeOne("INVOCATION");
  const payload = words === undefined ? noPayload : payloadOf([words]);
  peer.send({ type: "ERROR", requestType: 68, request, details: {}, error: uri(error), payload });
}

test("a ticket goes to the authenticator with realm, authid and details, and its role is the session's", () => {
  const house = new House();
  const keeper = house.keeper();
  const client = house.knock("ticket");
  client.takeOne("CHALLENGE");
  answer(client, "my ticket");
  assert.deepEqual(client.take(), []);
  const [realm, authid, details] = yields(keeper, { role: "guest", extra: { room: 7 } }).payload.args;
  assert.deepEqual([realm, authid], ["realm1", "joe"]);
  const { ticket, authmethod, transport, session } = details as Record<string, unknown>; // our own
  assert.deepEqual([ticket, authmethod], ["my ticket", "ticket"]);
  assert.deepEqual(transport, { type: "websocket", tls: true, peer: "192.0.2.7:40000" });
  const welcome = client.takeOne("WELCOME");
  assert.equal(welcome.session, session);
  const { authrole, authprovider, authextra, authmethod: by } = welcome.details;
  assert.deepEqual([welcome.details["authid"], authrole, authprovider, by], ["joe", "guest", "dynamic", "ticket"]);
  assert.deepEqual(authextra, { room: 7 });
});

test("an answer may be the role alone, name another authid and another realm, and the ticket to compare with", () => {
  const house = new House();
  const keeper = house.keeper();
  for (const [principal, ticket, welcome] of [
    ["guest", "x", { authid: "joe", realm: "realm1" }],
    [{ role: "guest", authid: "j0" }, "x", { authid: "j0", realm: "realm1" }],
    [{ role: "guest", realm: "realm2" }, "x", { authid: "joe", realm: "realm2" }],
    [{ role: "guest", ticket: "right" }, "right", { authid: "joe", realm: "realm1" }],
    [{ role: "guest", ticket: "right" }, "wrong", undefined],
    [{ role: "guest", realm: "realm9" }, "x", "wamp.error.no_such_realm"],
  ] as const) {
    const client = house.knock("ticket");
    client.takeOne("CHALLENGE");
    answer(client, ticket);
    yields(keeper, principal);
    if (welcome === undefined) assertAborted(client, "wamp.error.authentication_denied");
    else if (typeof welcome === "string") assertAborted(client, welcome);
    else {
      const { authid, realm } = client.takeOne("WELCOME").details;
      assert.deepEqual({ authid, realm }, welcome);
    }
  }
});

test("wampcra and cryptosign are asked for at HELLO, and the router challenges with what the authenticator knows", () => {
  const house = new House();
  const keeper = house.keeper();
  const cra = house.knock("wampcra");
  yields(keeper, { role: "guest", secret: "s3cret" });
  const { extra } = cra.takeOne("CHALLENGE");
  assert.deepEqual(Object.keys(extra), ["challenge"]);
  assert.match(String(extra["challenge"]), /"authprovider":"dynamic"/);
  answer(cra, signCra(crypto, "s3cret", String(extra["challenge"]))).takeOne("WELCOME");
  const salted = house.knock("wampcra");
  yields(keeper, { role: "guest", secret: "s3cret", salt: "salt", iterations: 10, keylen: 16 });
  assert.deepEqual(Object.keys(salted.takeOne("CHALLENGE").extra), ["challenge", "salt", "iterations", "keylen"]);
  assertAborted(answer(salted, signCra(crypto, "other", "x")), "wamp.error.authentication_denied");
  for (const [keys, right] of [
    [{ pubkeys: ["00".repeat(32), pubkey] }, true],
    [{ authorized_keys: [pubkey] }, true],
    [{ pubkey }, true],
    [{ pubkeys: ["00".repeat(32)] }, false],
  ] as const) {
    const signer = house.knock("cryptosign", "", { pubkey });
    const { payload } = yields(keeper, { role: "guest", authid: "joe", ...keys });
    assert.equal(payload.args[1], null);
    if (!right) {
      assertAborted(signer, "wamp.error.authentication_denied");
      continue;
    }
    const challenge = String(signer.takeOne("CHALLENGE").extra["challenge"]);
    answer(signer, String(signCryptosign(crypto, seed, { challenge }))).takeOne("WELCOME");
  }
});

test("an application error denies, in its own words, and counts as a failure", () => {
  const house = new House();
  const keeper = house.keeper();
  for (const words of ["the account is locked", undefined, undefined]) {
    const client = house.knock("wampcra");
    denies(keeper, "com.example.no", words);
    assert.match(
      assertAborted(client, "wamp.error.authentication_denied"),
      words === undefined ? /wrong/ : /is locked/,
    );
  }
  assert.match(assertAborted(house.knock("wampcra"), "wamp.error.authentication_denied"), /too many/);
  assert.deepEqual(keeper.take(), []);
  assert.deepEqual(
    house.failures.map(({ cause }) => cause),
    ["denied", "denied", "denied", "blocked"],
  );
});

test("whoever has an account is never asked about, and the authenticator itself is no exception", () => {
  const house = new House();
  const keeper = house.keeper();
  const client = house.knock("ticket", "keeper");
  client.takeOne("CHALLENGE");
  assertAborted(answer(client, "wrong"), "wamp.error.authentication_denied");
  assert.deepEqual(keeper.take(), []);
});

test("an authenticator that is absent, silent, gone, broken or makes no sense lets nobody in, and the log is told why", () => {
  const house = new House();
  const aborts = (client: Peer, words: RegExp): void => {
    assertAborted(client, "wamp.error.authentication_failed");
    assert.match(house.faults.at(-1)?.words ?? "", words);
  };
  aborts(house.knock("wampcra"), /nobody has registered it in realm realm1/);
  const keeper = house.keeper();
  const silent = house.knock("wampcra");
  keeper.takeOne("INVOCATION");
  house.world.wait(5_000);
  aborts(silent, /timeout/);
  keeper.take();
  for (const principal of [
    null,
    7,
    {},
    { role: "" },
    [],
    { role: "a", authid: 7 },
    { role: "a", realm: "#" },
    { role: "a", extra: 1 },
  ]) {
    const client = house.knock("wampcra");
    yields(keeper, principal);
    aborts(client, /answer/);
  }
  for (const principal of [{ role: "a" }, { role: "a", secret: "x", iterations: 0 }, { role: "a", secret: 7 }]) {
    const client = house.knock("wampcra");
    yields(keeper, principal);
    aborts(client, /lacks what wampcra needs/);
  }
  const crashed = house.knock("wampcra");
  denies(keeper, "wamp.error.runtime_error", "TypeError");
  aborts(crashed, /runtime_error: TypeError/);
  const left = house.knock("wampcra");
  keeper.vanish();
  aborts(left, /canceled|unavailable|callee/);
  assert.equal(house.world.router.size().deadlines, 0);
});

test("a session without an account cannot be the authenticator: it could let itself in", () => {
  const house = new House();
  const stranger = house.world.connect("stranger", LOCAL).hello({ roles: ALL_ROLES });
  stranger.takeOne("WELCOME");
  stranger
    .send({ type: "REGISTER", request: stranger.nextRequest(), options: {}, procedure: PROCEDURE })
    .takeOne("REGISTERED");
  assertAborted(house.knock("wampcra"), "wamp.error.authentication_failed");
  assert.match(house.faults[0]?.words ?? "", /could let itself in/);
  assert.deepEqual(stranger.take(), []);
});

test("whom the authenticator let in cannot take its place", () => {
  const house = new House();
  const keeper = house.keeper();
  const guest = house.knock("ticket", "guest");
  guest.takeOne("CHALLENGE");
  answer(guest, "x");
  yields(keeper, "backend");
  guest.takeOne("WELCOME");
  keeper.vanish();
  guest
    .send({ type: "REGISTER", request: guest.nextRequest(), options: {}, procedure: PROCEDURE })
    .takeOne("REGISTERED");
  assertAborted(house.knock("wampcra"), "wamp.error.authentication_failed");
  assert.deepEqual(guest.take(), []);
});

test("tickets that were asked for before the limit of failures was reached are not even shown to the authenticator", () => {
  const house = new House();
  const keeper = house.keeper();
  const clients = [1, 2, 3, 4].map(() => house.knock("ticket"));
  for (const client of clients) client.takeOne("CHALLENGE");
  for (const client of clients.slice(0, 3)) {
    answer(client, "guessed");
    denies(keeper, "com.example.no");
    assertAborted(client, "wamp.error.authentication_denied");
  }
  const [last] = clients.slice(3);
  assert.ok(last);
  answer(last, "guessed");
  assert.match(assertAborted(last, "wamp.error.authentication_denied"), /too many/);
  assert.deepEqual(keeper.take(), []);
});

test("only the methods that are named go to it, and it may be in another realm", () => {
  const house = new House({ methods: ["wampcra"], realm: uri("realm2") });
  const keeper = house.keeper("realm2");
  house.knock("ticket").takeOne("CHALLENGE");
  const client = house.knock("wampcra");
  yields(keeper, { role: "guest", secret: "x" });
  client.takeOne("CHALLENGE");
});

test("sessions that are asked about count as half open, and those that leave are forgotten", () => {
  const house = new House({}, { halfOpenSessions: 2 });
  const keeper = house.keeper();
  const [first, second] = [house.knock("wampcra"), house.knock("wampcra")];
  assertAborted(house.knock("wampcra"), "pinion.error.limit_exceeded");
  first.vanish();
  assert.deepEqual(
    keeper.take().map(({ type }) => type),
    ["INVOCATION", "INVOCATION", "INTERRUPT"],
  );
  house.knock("wampcra");
  assert.match(assertAborted(answer(second, "too early"), "wamp.error.protocol_violation"), /without a CHALLENGE/);
});
