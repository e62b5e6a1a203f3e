/** The primitives of authentication by Node's OpenSSL. */
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  pbkdf2,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from "node:crypto";
import * as platform from "node:crypto";
import { promisify } from "node:util";
import type { AuthCrypto } from "@pinion/wamp";

/** What precedes the 32 octets of an Ed25519 key in its DER encoding (RFC 8410). */
const SEED_HEADER = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_HEADER = Buffer.from("302a300506032b6570032100", "hex");
const KEY_OCTETS = 32;

const derive = promisify(pbkdf2);
/** Node has it from 24.7 on, whatever the types say. */
const argon2 = "argon2" in platform ? promisify(platform.argon2) : undefined;

function privateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([SEED_HEADER, seed]), format: "der", type: "pkcs8" });
}

export const nodeCrypto: AuthCrypto = {
  sha256: (message) => createHash("sha256").update(message).digest(),
  hmacSha256: (key, message) => createHmac("sha256", key).update(message).digest(),
  pbkdf2: (password, salt, { iterations, keylen }) => derive(password, salt, iterations, keylen, "sha256"),
  argon2id:
    argon2 &&
    ((message, nonce, { iterations, memory }) =>
      argon2("argon2id", { message, nonce, parallelism: 1, tagLength: 32, memory, passes: iterations })),
  ed25519Sign: (seed, message) => sign(undefined, message, privateKey(seed)),
  ed25519PublicKey: (seed) =>
    createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" }).subarray(PUBLIC_HEADER.length),
  ed25519Verify: (publicKey, message, signature) => {
    if (publicKey.length !== KEY_OCTETS) return false;
    try {
      const key = createPublicKey({ key: Buffer.concat([PUBLIC_HEADER, publicKey]), format: "der", type: "spki" });
      return verify(undefined, message, key, signature);
    } catch {
      return false; // octets that are no point of the curve
    }
  },
  randomBytes: (count) => randomBytes(count),
  timingSafeEqual: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};
