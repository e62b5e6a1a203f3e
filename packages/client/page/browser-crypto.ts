/** The primitives of logging in with a secret, in a browser. `crypto.subtle` is there only over HTTPS and on this machine. */
import { type AuthCrypto, type KeyCost, UsageError } from "@pinion/wamp";
import { hmacSha256, pbkdf2Sha256, sha256 } from "./sha-256.ts";

function noKeys(): never {
  throw new UsageError("invalid_option", "a page does not log in by cryptosign");
}

async function pbkdf2(password: Uint8Array, salt: Uint8Array, cost: KeyCost): Promise<Uint8Array> {
  // undefined on an insecure page, whatever its type says
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined; // see above
  if (subtle === undefined) return await pbkdf2Sha256(password, salt, cost);
  const key = await subtle.importKey("raw", Uint8Array.from(password), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: Uint8Array.from(salt), iterations: cost.iterations };
  return new Uint8Array(await subtle.deriveBits(how, key, cost.keylen * 8));
}

export const browserCrypto: AuthCrypto = {
  sha256,
  hmacSha256,
  pbkdf2,
  ed25519Sign: noKeys,
  ed25519PublicKey: noKeys,
  ed25519Verify: noKeys,
  randomBytes: (count) => globalThis.crypto.getRandomValues(new Uint8Array(count)),
  timingSafeEqual: (a, b) => {
    if (a.length !== b.length) return false;
    let difference = 0;
    for (const [i, octet] of a.entries()) difference |= octet ^ (b[i] ?? 0);
    return difference === 0;
  },
};
