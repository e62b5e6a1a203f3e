/** What a router keeps of those who may log in, and the text that it is kept in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeCrypto as crypto } from "@pinion/client";
import {
  type Account,
  type Accounts,
  formatAccounts,
  methodsOf,
  noAccounts,
  parseAccounts,
  SECRET_METHODS,
  secretCredentials,
  UsageError,
} from "@pinion/wamp";

const SECRET = "correct horse battery staple";
const secret = await secretCredentials(crypto, SECRET, SECRET_METHODS);
const joe: Account = { authid: "joe", role: "operator", ...secret };
const key = "ab".repeat(32);
const board: Account = { authid: "board", role: "device", cryptosign: [key] };
const accounts: Accounts = { ...noAccounts(crypto), accounts: [joe, board] };

test("accounts come back from their text as they were", () => {
  assert.deepEqual(parseAccounts(formatAccounts(accounts)), accounts);
  assert.deepEqual(methodsOf(joe), ["wamp-scram", "wampcra", "ticket"]);
  assert.deepEqual(methodsOf(board), ["cryptosign"]);
});

test("a plain secret of WAMP-CRA comes back as it was", () => {
  const plain: Account = { authid: "old", role: "viewer", wampcra: { secret: SECRET } };
  assert.deepEqual(parseAccounts(formatAccounts({ ...accounts, accounts: [plain] })).accounts, [plain]);
  assert.deepEqual(methodsOf(plain), ["wampcra"]);
});

test("the text holds no secret, in no encoding, and no two accounts of one secret look alike", async () => {
  const text = formatAccounts(accounts);
  for (const encoding of ["utf8", "hex", "base64"] as const) {
    assert.equal(text.includes(Buffer.from(SECRET).toString(encoding)), false, encoding);
  }
  const again = await secretCredentials(crypto, SECRET, SECRET_METHODS);
  assert.notEqual(again.ticket?.hash, secret.ticket?.hash);
  assert.notEqual(again.wampcra?.key, secret.wampcra?.key);
  assert.notEqual(again["wamp-scram"]?.storedKey, secret["wamp-scram"]?.storedKey);
});

const withAccount = (change: object): object => ({
  version: 1,
  decoy: accounts.decoy,
  accounts: [{ ...joe, ...change }],
});

const faults: readonly (readonly [string, unknown, RegExp])[] = [
  ["another version", { ...withAccount({}), version: 2 }, /version must be 1/],
  ["an unknown key", { ...withAccount({}), extra: 1 }, /extra must not be there/],
  ["no list", { version: 1, decoy: accounts.decoy, accounts: {} }, /accounts must be a list/],
  ["a decoy too short", { ...withAccount({}), decoy: "00" }, /decoy must be 32 octets/],
  ["an account that is none", { ...withAccount({}), accounts: [7] }, /accounts\[0\] must be an object/],
  ["an empty authid", withAccount({ authid: "" }), /authid must be/],
  ["no role", withAccount({ role: undefined }), /role must be/],
  ["a method of no name", withAccount({ tiket: {} }), /tiket must not be there/],
  ["a ticket in clear", withAccount({ ticket: "sesame" }), /ticket must be an object/],
  ["a short hash", withAccount({ ticket: { salt: "00".repeat(16), hash: "00" } }), /hash must be 32 octets/],
  ["a key that is no base64", withAccount({ wampcra: { ...joe.wampcra, key: "#" } }), /key must be base64/],
  ["no iterations", withAccount({ wampcra: { ...joe.wampcra, iterations: 0 } }), /iterations must be/],
  ["a secret beside its key", withAccount({ wampcra: { ...joe.wampcra, secret: SECRET } }), /a secret or a salted key/],
  ["an empty secret", withAccount({ wampcra: { secret: "" } }), /secret must be/],
  ["a stored key too short", withAccount({ "wamp-scram": { ...joe["wamp-scram"], storedKey: "AAAA" } }), /storedKey/],
  ["no public key", withAccount({ cryptosign: [] }), /list of public keys/],
  ["a private matter", withAccount({ cryptosign: ["zz"] }), /cryptosign\[0\] must be 32 octets/],
];

test("invalid_accounts: each mistake is named by its place", () => {
  const codeAndWords = (text: string, words: RegExp): void => {
    assert.throws(
      () => parseAccounts(text),
      (error) => error instanceof UsageError && error.code === "invalid_accounts" && words.test(error.message),
    );
  };
  codeAndWords("{", /JSON/);
  codeAndWords("null", /object/);
  for (const [, fault, words] of faults) codeAndWords(JSON.stringify(fault), words);
  codeAndWords(formatAccounts({ ...accounts, accounts: [joe, joe] }), /"joe" must be there only once/);
  codeAndWords(formatAccounts({ ...accounts, accounts: [board, { ...board, authid: "b2" }] }), /one account only/);
});
