/** What the known answers do not say: wrong keys, foreign challenges, texts that are none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { nodeCrypto as crypto } from "@pinion/client";
import {
  fromBase64,
  fromHex,
  hashTicket,
  saslPrepared,
  scramKeys,
  scramProof,
  signCra,
  signCryptosign,
  toBase64,
  toHex,
  verifyCra,
  verifyCryptosign,
  verifyScramProof,
  verifyTicket,
} from "@pinion/wamp";

const seed = new Uint8Array(32).fill(7);
const publicKey = crypto.ed25519PublicKey(seed);

test("base64 and hex go both ways as Node writes them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (octets) => {
      assert.equal(toBase64(octets), Buffer.from(octets).toString("base64"));
      assert.deepEqual(fromBase64(toBase64(octets)), octets);
      assert.equal(toHex(octets), Buffer.from(octets).toString("hex"));
      assert.deepEqual(fromHex(toHex(octets), octets.length), octets);
    }),
  );
});

test("base64 that is not canonical is no base64", () => {
  for (const text of ["A", "AA", "AAA", "AB==", "AAB=", "A===", "AA=A", "-_==", "AA==\n", "AA== "]) {
    assert.equal(fromBase64(text), undefined, JSON.stringify(text));
  }
});

test("hex of another length or with other characters is none", () => {
  for (const text of ["00", "0000000", "000000000", "0000000g", "0x000000"]) assert.equal(fromHex(text, 4), undefined);
});

test("a cryptosign signature over another challenge is refused although it is a valid signature", () => {
  const challenge = new Uint8Array(32).fill(1);
  const other = new Uint8Array(32).fill(2);
  const signature = signCryptosign(crypto, seed, { challenge: toHex(other) });
  assert.ok(signature);
  assert.equal(verifyCryptosign(crypto, publicKey, { challenge: other, signature }), true);
  assert.equal(verifyCryptosign(crypto, publicKey, { challenge, signature }), false);
});

test("a cryptosign signature without the channel it was to be bound to is refused", () => {
  const challenge = new Uint8Array(32).fill(1);
  const channelId = new Uint8Array(32).fill(9);
  const signature = signCryptosign(crypto, seed, { challenge: toHex(challenge) });
  assert.ok(signature);
  assert.equal(verifyCryptosign(crypto, publicKey, { challenge, channelId, signature }), false);
});

test("what is no cryptosign signature is refused without an exception", () => {
  const challenge = new Uint8Array(32).fill(1);
  const right = signCryptosign(crypto, seed, { challenge: toHex(challenge) }) ?? "";
  const wrong = ["", right.slice(0, 128), `${right}00`, right.replace(/^../, "zz"), `00${right.slice(2)}`];
  for (const signature of wrong) {
    assert.equal(verifyCryptosign(crypto, publicKey, { challenge, signature }), false, signature);
  }
  const noKey = { challenge, signature: right };
  assert.equal(verifyCryptosign(crypto, new Uint8Array(31), noKey), false);
  assert.equal(verifyCryptosign(crypto, new Uint8Array(32).fill(255), noKey), false);
});

test("a challenge that is not 32 octets of hex is not signed", () => {
  for (const challenge of ["", "00", "g".repeat(64), "0".repeat(66)]) {
    assert.equal(signCryptosign(crypto, seed, { challenge }), undefined);
  }
});

test("a wampcra signature of another key, challenge or length is refused", () => {
  const challenge = '{"nonce":"x"}';
  const signature = signCra(crypto, "secret", challenge);
  assert.equal(verifyCra(crypto, "secret", { challenge, signature }), true);
  assert.equal(verifyCra(crypto, "Secret", { challenge, signature }), false);
  assert.equal(verifyCra(crypto, "secret", { challenge: `${challenge} `, signature }), false);
  for (const text of ["", signature.slice(4), "=".repeat(44), signature.replace(/=$/, "")]) {
    assert.equal(verifyCra(crypto, "secret", { challenge, signature: text }), false);
  }
});

test("a scram proof holds for its own exchange only", () => {
  const keys = scramKeys(crypto, new Uint8Array(32).fill(3));
  const exchange = { authid: "joe", clientNonce: "AAAA", nonce: "AAAABBBB", salt: "CCCC", iterations: 4096 };
  const proof = scramProof(crypto, keys, exchange);
  assert.equal(verifyScramProof(crypto, keys, { exchange, proof }), true);
  for (const other of [{ authid: "jo" }, { nonce: "AAAABBBC" }, { salt: "CCCD" }, { iterations: 4097 }]) {
    assert.equal(verifyScramProof(crypto, keys, { exchange: { ...exchange, ...other }, proof }), false);
  }
  assert.equal(verifyScramProof(crypto, keys, { exchange, proof: proof.subarray(1) }), false);
});

test("passwords that look the same to a person are the same to scram", () => {
  assert.equal(saslPrepared("I\u00ADX"), "IX");
  assert.equal(saslPrepared("\u2168"), "IX");
  assert.equal(saslPrepared("a\u00A0b"), "a b");
  assert.equal(saslPrepared("USER"), "USER");
});

test("a ticket is known by its hash, and by no other salt", () => {
  const salt = new Uint8Array(16).fill(1);
  const hash = hashTicket(crypto, salt, "türe");
  assert.equal(verifyTicket(crypto, { salt, hash }, "türe"), true);
  assert.equal(verifyTicket(crypto, { salt, hash }, "ture"), false);
  assert.equal(verifyTicket(crypto, { salt: new Uint8Array(16), hash }, "türe"), false);
});
