/** Logging in to the router core with accounts: every method, every way to fail, and that failures tell nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeCrypto as crypto } from "@pinion/client";
import {
  type Account,
  type Accounts,
  deriveCraKey,
  type Dict,
  fromBase64,
  noAccounts,
  saslPrepared,
  scramKeys,
  scramProof,
  scramServerSignature,
  SECRET_METHODS,
  secretCredentials,
  signCra,
  signCryptosign,
  toBase64,
  toHex,
  utf8,
} from "../../packages/wamp/index.ts";
import {
  accountAuthenticator,
  Attempts,
  type FailedLogin,
  type Limits,
  type PeerInfo,
} from "../../router-bridge/router/index.ts";
import { TrustedRoles } from "../../router-bridge/router/authorizer.ts";
import { assertAborted } from "./scenes.ts";
import { ALL_ROLES, LOCAL, REMOTE, type Of, type Peer, World } from "./world.ts";

const SECRET = "sesame, open";
const joe: Account = { authid: "joe", role: "operator", ...(await secretCredentials(crypto, SECRET, SECRET_METHODS)) };
const tom: Account = { authid: "tom", role: "viewer", ...(await secretCredentials(crypto, SECRET, ["ticket"])) };
const seed = new Uint8Array(32).fill(5);
const pubkey = toHex(crypto.ed25519PublicKey(seed));
const board: Account = { authid: "board", role: "device", cryptosign: [pubkey] };
const EVERYBODY: Accounts = { ...noAccounts(crypto), accounts: [joe, tom, board] };

interface Setting {
  readonly accounts?: Accounts | undefined;
  readonly anonymous?: { readonly role: string; readonly remote: boolean };
  readonly methods?: readonly ("ticket" | "wampcra" | "wamp-scram" | "cryptosign")[];
  readonly limits?: Partial<Limits>;
}

class Door {
  readonly failures: FailedLogin[] = [];
  readonly world: World;

  constructor(setting: Setting = {}) {
    const { anonymous, limits = {}, methods = ["cryptosign", "wamp-scram", "wampcra", "ticket"] } = setting;
    const accounts = "accounts" in setting ? setting.accounts : EVERYBODY;
    const now = (): number => this.world.now;
    const authenticator = accountAuthenticator({
      accounts: () => accounts,
      methods,
      anonymous,
      crypto,
      attempts: new Attempts({ limit: 3, window: 60_000, capacity: 4, now }),
      timestamp: () => "2026-11-20T21:00:00.000Z",
      onFailed: (failed) => this.failures.push(failed),
    });
    this.world = new World({ authenticator, limits, authorizer: new TrustedRoles(["operator", "viewer", "device"]) });
  }

  knock(authmethods: readonly string[], authid?: string, more: { authextra?: Dict; info?: PeerInfo } = {}): Peer {
    const { authextra, info = REMOTE } = more;
    return this.world.connect("a", info).hello({
      roles: ALL_ROLES,
      authmethods,
      ...(authid === undefined ? {} : { authid }),
      ...(authextra === undefined ? {} : { authextra }),
    });
  }
}

const answer = (peer: Peer, signature: string, extra: Dict = {}): Peer =>
  peer.send({ type: "AUTHENTICATE", signature, extra });
const assertIs = ({ details }: Of<"WELCOME">, account: Account, method: string): void => {
  assert.equal(details["authid"], account.authid);
  assert.equal(details["authrole"], account.role);
  assert.equal(details["authmethod"], method);
};

test("ticket lets in who has it", () => {
  const peer = new Door().knock(["ticket"], "joe");
  const asked = peer.takeOne("CHALLENGE");
  assert.deepEqual({ method: asked.method, extra: asked.extra }, { method: "ticket", extra: {} });
  assertIs(answer(peer, SECRET).takeOne("WELCOME"), joe, "ticket");
});

test("wampcra lets in who derives the key, under the session id that was signed", async () => {
  const peer = new Door().knock(["wampcra"], "joe");
  const { extra } = peer.takeOne("CHALLENGE");
  const challenge = String(extra["challenge"]);
  const salting = {
    salt: String(extra["salt"]),
    iterations: Number(extra["iterations"]),
    keylen: Number(extra["keylen"]),
  };
  const key = await deriveCraKey(crypto, SECRET, salting);
  const welcome = answer(peer, signCra(crypto, key, challenge)).takeOne("WELCOME");
  assertIs(welcome, joe, "wampcra");
  const { nonce, ...signed } = JSON.parse(challenge) as Record<string, unknown>; // it is our router's JSON
  assert.match(String(nonce), /^[0-9a-f]{32}$/);
  assert.deepEqual(signed, {
    authid: "joe",
    authrole: "operator",
    authmethod: "wampcra",
    authprovider: "static",
    timestamp: "2026-11-20T21:00:00.000Z",
    session: welcome.session,
  });
});

/** A client of WAMP-SCRAM that knows the password, up to its proof. */
async function askedForProof(door: Door) {
  const clientNonce = toBase64(new Uint8Array(16).fill(4));
  const peer = door.knock(["wamp-scram"], "joe", { authextra: { nonce: clientNonce, channel_binding: null } });
  const { extra } = peer.takeOne("CHALLENGE");
  assert.equal(extra["kdf"], "pbkdf2");
  const exchange = {
    authid: "joe",
    clientNonce,
    nonce: String(extra["nonce"]),
    salt: String(extra["salt"]),
    iterations: Number(extra["iterations"]),
  };
  assert.ok(exchange.nonce.startsWith(clientNonce) && exchange.nonce.length > clientNonce.length);
  const cost = { iterations: exchange.iterations, keylen: 32 };
  const salt = fromBase64(exchange.salt) ?? new Uint8Array();
  const keys = scramKeys(crypto, await crypto.pbkdf2(utf8(saslPrepared(SECRET)), salt, cost));
  const verifier = toBase64(scramServerSignature(crypto, keys.serverKey, exchange));
  return { peer, nonce: exchange.nonce, proof: toBase64(scramProof(crypto, keys, exchange)), verifier };
}

test("wamp-scram lets in who proves the password, and proves itself", async () => {
  const { peer, nonce, proof, verifier } = await askedForProof(new Door());
  const welcome = answer(peer, proof, { nonce, channel_binding: null }).takeOne("WELCOME");
  assertIs(welcome, joe, "wamp-scram");
  assert.deepEqual(welcome.details["authextra"], { verifier });
});

test("a right proof of wamp-scram is worth nothing with another nonce, or with a channel binding that was not agreed on", async () => {
  for (const wrong of [{ nonce: "AAAA" }, { nonce: undefined }, { channel_binding: "tls-unique" }]) {
    const { peer, nonce, proof } = await askedForProof(new Door());
    assertAborted(answer(peer, proof, { nonce, ...wrong }), "wamp.error.authentication_denied");
  }
});

test("a wrong proof of wamp-scram is told in the words of RFC 5802, also to an authid that nobody has", () => {
  const door = new Door({ accounts: { ...EVERYBODY, accounts: [joe] } });
  for (const authid of ["joe", "eve"]) {
    const peer = door.knock(["wamp-scram"], authid, { authextra: { nonce: toBase64(new Uint8Array(16)) } });
    const { nonce } = peer.takeOne("CHALLENGE").extra;
    const abort = answer(peer, toBase64(new Uint8Array(32)), { nonce }).takeOne("ABORT");
    assert.equal(abort.reason, "wamp.error.authentication_denied");
    assert.deepEqual(abort.details, { scram: "invalid-proof", message: "the credentials are wrong" });
  }
});

test("cryptosign lets in who has the key, with and without an authid", () => {
  for (const authid of ["board", undefined]) {
    const peer = new Door().knock(["cryptosign"], authid, { authextra: { pubkey: pubkey.toUpperCase() } });
    const { extra } = peer.takeOne("CHALLENGE");
    assert.equal(extra["channel_binding"], null);
    const signature = signCryptosign(crypto, seed, { challenge: String(extra["challenge"]) });
    assertIs(answer(peer, String(signature)).takeOne("WELCOME"), board, "cryptosign");
  }
});

test("a valid cryptosign signature over a challenge of one's own choice lets nobody in", () => {
  const peer = new Door().knock(["cryptosign"], "board", { authextra: { pubkey } });
  peer.takeOne("CHALLENGE");
  const signature = signCryptosign(crypto, seed, { challenge: "00".repeat(32) });
  assertAborted(answer(peer, String(signature)), "wamp.error.authentication_denied");
});

test("an answer to an earlier challenge is worth nothing", () => {
  const door = new Door();
  const first = door.knock(["cryptosign"], "board", { authextra: { pubkey } });
  const { extra } = first.takeOne("CHALLENGE");
  const signature = String(signCryptosign(crypto, seed, { challenge: String(extra["challenge"]) }));
  const second = door.knock(["cryptosign"], "board", { authextra: { pubkey } });
  second.takeOne("CHALLENGE");
  assertAborted(answer(second, signature), "wamp.error.authentication_denied");
});

test("the client's order decides among the methods that both sides and the account have", () => {
  const methodOf = (door: Door, methods: readonly string[], authid: string): string =>
    door.knock(methods, authid).takeOne("CHALLENGE").method;
  const door = new Door();
  assert.equal(methodOf(door, ["wampcra", "ticket"], "joe"), "wampcra");
  assert.equal(methodOf(door, ["ticket", "wampcra"], "joe"), "ticket");
  assert.equal(methodOf(door, ["wampcra", "ticket"], "tom"), "ticket");
  assert.equal(methodOf(door, ["quantum", "wamp-scram", "cryptosign", "wampcra"], "joe"), "wampcra");
  assert.equal(methodOf(new Door({ methods: ["ticket"] }), ["wampcra", "ticket"], "joe"), "ticket");
});

/** What a peer sees, without what is random by nature. */
function seen(peer: Peer): unknown {
  const [message] = peer.take();
  if (message?.type !== "CHALLENGE") return message;
  const shape = Object.entries(message.extra).map(([key, value]) => [
    key,
    typeof value === "string" ? value.replace(/"session":\d+/, "").length : value,
  ]);
  return { method: message.method, shape };
}

test("an unknown authid sees what a known one sees with a wrong answer, and the same salt every time", () => {
  const one: Accounts = { ...EVERYBODY, accounts: [joe] };
  const nonce = toBase64(new Uint8Array(16));
  for (const method of ["ticket", "wampcra", "wamp-scram"]) {
    const door = new Door({ accounts: one });
    const known = door.knock([method], "joe", { authextra: { nonce } });
    const unknown = door.knock([method], "eve", { authextra: { nonce } });
    assert.deepEqual(seen(unknown), seen(known), method);
    assert.deepEqual(answer(unknown, "x").take(), answer(known, "x").take(), method);
    const salts = [1, 2].map(
      () => door.knock([method], "eve", { authextra: { nonce } }).takeOne("CHALLENGE").extra["salt"],
    );
    assert.equal(salts[0], salts[1]);
  }
});

test("plain wampcra sends no salt and takes the secret itself as the key, and an unknown authid sees the same", () => {
  const old: Account = { authid: "old", role: "viewer", wampcra: { secret: SECRET } };
  const door = new Door({ accounts: { ...EVERYBODY, accounts: [old] } });
  const peer = door.knock(["wampcra"], "old");
  const { extra } = peer.takeOne("CHALLENGE");
  assert.deepEqual(Object.keys(extra), ["challenge"]);
  assertIs(answer(peer, signCra(crypto, SECRET, String(extra["challenge"]))).takeOne("WELCOME"), old, "wampcra");
  const wrong = door.knock(["wampcra"], "old");
  wrong.takeOne("CHALLENGE");
  assertAborted(answer(wrong, signCra(crypto, SECRET, "another challenge")), "wamp.error.authentication_denied");
  assert.deepEqual(seen(door.knock(["wampcra"], "eve")), seen(door.knock(["wampcra"], "old")));
});

test("an unknown authid is refused whatever it answers", () => {
  for (const signature of ["", SECRET, "A".repeat(44), "00".repeat(96)]) {
    const peer = new Door().knock(["ticket"], "eve");
    peer.takeOne("CHALLENGE");
    assertAborted(answer(peer, signature), "wamp.error.authentication_denied");
  }
});

test("who has no credential for what is offered is asked all the same, and refused", () => {
  const door = new Door();
  const peer = door.knock(["ticket"], "board");
  peer.takeOne("CHALLENGE");
  assertAborted(answer(peer, SECRET), "wamp.error.authentication_denied");
  assertAborted(
    door.knock(["cryptosign"], "joe", { authextra: { pubkey: "00".repeat(32) } }),
    "wamp.error.authentication_denied",
  );
});

test("scram with a channel binding that cannot be kept is not begun", () => {
  const authextra = { nonce: toBase64(new Uint8Array(16)), channel_binding: "tls-unique" };
  const peer = new Door().knock(["wamp-scram", "wampcra"], "joe", { authextra });
  assert.equal(peer.takeOne("CHALLENGE").method, "wampcra");
});

test("no credentials: wamp.error.authentication_required; a method nobody knows: no_matching_auth_method", () => {
  assertAborted(new Door().knock(["anonymous"]), "wamp.error.authentication_required");
  assertAborted(new Door().world.connect("a", LOCAL).hello(), "wamp.error.authentication_required");
  assertAborted(new Door().knock(["quantum"], "joe"), "wamp.error.no_matching_auth_method");
  assertAborted(new Door().knock(["ticket"]), "wamp.error.authentication_denied");
});

test("authextra and authmethods of a wrong shape are violations", () => {
  assertAborted(
    new Door().world.connect("a").hello({ roles: ALL_ROLES, authmethods: "ticket", authid: "joe" }),
    "wamp.error.protocol_violation",
  );
  assertAborted(
    new Door().world.connect("a").hello({ roles: ALL_ROLES, authmethods: ["cryptosign"], authid: "joe", authextra: 7 }),
    "wamp.error.protocol_violation",
  );
});

test("anonymous peers get the role given to them, from elsewhere only if that was said", () => {
  const near = { role: "viewer", remote: false };
  const { details } = new Door({ anonymous: near }).knock(["anonymous"], undefined, { info: LOCAL }).takeOne("WELCOME");
  assert.equal(details["authrole"], "viewer");
  assertAborted(new Door({ anonymous: near }).knock([]), "wamp.error.authentication_required");
  const far = new Door({ anonymous: { role: "viewer", remote: true } });
  far.knock([]).takeOne("WELCOME");
  assert.equal(far.knock(["ticket", "anonymous"], "joe").takeOne("CHALLENGE").method, "ticket");
});

test("accounts that cannot be read let nobody in", () => {
  assertAborted(new Door({ accounts: undefined }).knock(["ticket"], "joe"), "wamp.error.authentication_failed");
});

test("after three failures an authid is blocked for that machine alone, until the window is over", () => {
  const door = new Door();
  const fail = (): void => {
    const peer = door.knock(["ticket"], "joe");
    peer.takeOne("CHALLENGE");
    assertAborted(answer(peer, "wrong"), "wamp.error.authentication_denied");
  };
  const early = door.knock(["ticket"], "joe");
  early.takeOne("CHALLENGE");
  for (let i = 0; i < 3; i += 1) fail();
  assert.match(assertAborted(door.knock(["ticket"], "joe"), "wamp.error.authentication_denied"), /too many/);
  assert.match(assertAborted(answer(early, SECRET), "wamp.error.authentication_denied"), /too many/);
  const elsewhere = door.knock(["ticket"], "joe", { info: { ...REMOTE, address: "192.0.2.8:40000" } });
  elsewhere.takeOne("CHALLENGE");
  answer(elsewhere, SECRET).takeOne("WELCOME");
  assert.deepEqual(
    door.failures.map(({ cause }) => cause),
    ["wrong", "wrong", "wrong", "blocked", "blocked"],
  );
  assert.deepEqual(door.failures[0], { authid: "joe", method: "ticket", address: "192.0.2.7:40000", cause: "wrong" });
  door.world.wait(60_000);
  const later = door.knock(["ticket"], "joe");
  later.takeOne("CHALLENGE");
  answer(later, SECRET).takeOne("WELCOME");
});

test("a success forgets the failures before it", () => {
  const door = new Door();
  for (const signature of ["wrong", "wrong", SECRET, "wrong", "wrong", SECRET]) {
    const peer = door.knock(["ticket"], "joe");
    peer.takeOne("CHALLENGE");
    answer(peer, signature);
    assert.equal(peer.take()[0]?.type, signature === SECRET ? "WELCOME" : "ABORT");
  }
});

test("the table of failures is bounded, and forgets the oldest first", () => {
  let now = 0;
  const attempts = new Attempts({ limit: 1, window: 1_000, capacity: 2, now: () => now });
  for (const key of ["a", "b", "c"]) attempts.failed(key);
  assert.equal(attempts.size, 2);
  assert.deepEqual([attempts.isBlocked("a"), attempts.isBlocked("b"), attempts.isBlocked("c")], [false, true, true]);
  now = 1_000;
  assert.equal(attempts.isBlocked("c"), false);
});

test("half-open sessions are limited; those that ended make room", () => {
  const door = new Door({ limits: { halfOpenSessions: 2 } });
  const first = door.knock(["ticket"], "joe");
  const second = door.knock(["ticket"], "joe");
  assertAborted(door.knock(["ticket"], "joe"), "pinion.error.limit_exceeded");
  first.takeOne("CHALLENGE");
  second.takeOne("CHALLENGE");
  first.vanish();
  const third = door.knock(["ticket"], "joe");
  third.takeOne("CHALLENGE");
  answer(second, SECRET).takeOne("WELCOME");
  door.knock(["ticket"], "joe").takeOne("CHALLENGE");
});
