/** The computations of authentication against answers that were computed elsewhere, read from beside the project. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { nodeCrypto as crypto } from "@pinion/client";
import {
  deriveCraKey,
  fromBase64,
  fromHex,
  saslPrepared,
  scramAuthMessage,
  type ScramExchange,
  scramKeys,
  scramProof,
  scramServerSignature,
  signCra,
  signCryptosign,
  toBase64,
  toHex,
  utf8,
  verifyCra,
  verifyCryptosign,
  verifyScramProof,
} from "@pinion/wamp";
import { shared } from "../../support/shared.ts";

interface CryptosignAnswer {
  readonly channel_id: string | null;
  readonly private_key: string;
  readonly public_key: string;
  readonly challenge: string;
  readonly signature: string;
}
interface CraAnswer {
  readonly note: string;
  readonly secret: string;
  readonly salt?: string;
  readonly iterations?: number;
  readonly keylen?: number;
  readonly derived_key_base64?: string;
  readonly challenge: string;
  readonly signature: string;
  readonly signature_if_raw_key_is_used_WRONG?: string;
}
interface ScramAnswer {
  readonly note: string;
  readonly user: string;
  readonly password: string;
  readonly client_nonce: string;
  readonly server_nonce: string;
  readonly salt: string;
  readonly iterations: number;
  readonly channel_binding: "tls-unique" | null;
  readonly cbind_data: string | null;
  readonly auth_message: string;
  readonly stored_key: string;
  readonly server_key: string;
  readonly client_proof: string;
  readonly server_signature: string;
}
interface Answers {
  readonly cryptosign: readonly CryptosignAnswer[];
  readonly wampcra: readonly CraAnswer[];
  readonly scram: readonly ScramAnswer[];
}

const octets = (hex: string, count: number): Uint8Array => {
  const found = fromHex(hex, count);
  assert.ok(found, hex);
  return found;
};
const based = (text: string): Uint8Array => {
  const found = fromBase64(text);
  assert.ok(found, text);
  return found;
};

const path = shared("wamp-vectors/derived/auth-kat.json");

describe(
  "known answers of authentication",
  { skip: path ? false : "no wamp-vectors; PINION_SHARED says where" },
  () => {
    if (!path) return;
    const answers = JSON.parse(readFileSync(path, "utf8")) as Answers; // our own file, in this shape

    for (const [i, known] of answers.cryptosign.entries()) {
      test(`cryptosign ${i} signs and verifies as the specification prints it`, () => {
        const seed = octets(known.private_key, 32);
        const publicKey = octets(known.public_key, 32);
        const channelId = known.channel_id === null ? undefined : octets(known.channel_id, 32);
        assert.equal(toHex(crypto.ed25519PublicKey(seed)), known.public_key);
        const { challenge, signature } = known;
        assert.equal(signCryptosign(crypto, seed, { challenge, channelId }), signature);
        const sent = octets(challenge, 32);
        assert.equal(verifyCryptosign(crypto, publicKey, { challenge: sent, channelId, signature }), true);
      });
    }

    for (const known of answers.wampcra) {
      test(`wampcra signs and verifies: ${known.note}, ${known.secret}, ${known.iterations ?? 0} iterations`, async () => {
        const { secret, salt, iterations, keylen, challenge, signature } = known;
        let key = secret;
        if (salt !== undefined && iterations !== undefined && keylen !== undefined) {
          key = await deriveCraKey(crypto, secret, { salt, iterations, keylen });
          assert.equal(key, known.derived_key_base64);
        }
        assert.equal(signCra(crypto, key, challenge), signature);
        assert.equal(verifyCra(crypto, key, { challenge, signature }), true);
        const wrong = known.signature_if_raw_key_is_used_WRONG;
        if (wrong !== undefined) assert.equal(verifyCra(crypto, key, { challenge, signature: wrong }), false);
      });
    }

    for (const known of answers.scram) {
      test(`scram: ${known.note}`, async () => {
        const { user, password, client_nonce, server_nonce, salt, iterations, channel_binding, cbind_data } = known;
        const binding =
          channel_binding === null ? undefined : { type: channel_binding, data: based(String(cbind_data)) };
        const exchange: ScramExchange = {
          authid: user,
          clientNonce: client_nonce,
          nonce: server_nonce,
          salt,
          iterations,
          binding,
        };
        const salted = await crypto.pbkdf2(utf8(saslPrepared(password)), based(salt), { iterations, keylen: 32 });
        const keys = scramKeys(crypto, salted);
        assert.equal(scramAuthMessage(exchange), known.auth_message);
        assert.equal(toBase64(keys.storedKey), known.stored_key);
        assert.equal(toBase64(keys.serverKey), known.server_key);
        const proof = scramProof(crypto, keys, exchange);
        assert.equal(toBase64(proof), known.client_proof);
        assert.equal(verifyScramProof(crypto, keys, { exchange, proof }), true);
        assert.equal(toBase64(scramServerSignature(crypto, keys.serverKey, exchange)), known.server_signature);
      });
    }
  },
);
