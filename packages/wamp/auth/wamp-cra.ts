/** WAMP-CRA, both sides (spec "Challenge Response Authentication"). */
import type { AuthCrypto, KeyCost } from "./auth-crypto.ts";
import { fromBase64, toBase64, utf8 } from "./octets.ts";

/** As a CHALLENGE carries it; the salt is literal text even where it looks like base64. */
export interface CraSalting extends KeyCost {
  readonly salt: string;
}

/** What is missing from a salted CHALLENGE has these values (spec). */
export const CRA_DEFAULTS: KeyCost = { iterations: 1000, keylen: 32 };

/** The HMAC key of a salted secret: the base64 text of the derived octets, which is also what the router stores. */
export async function deriveCraKey(crypto: AuthCrypto, secret: string, salting: CraSalting): Promise<string> {
  return toBase64(await crypto.pbkdf2(utf8(secret), utf8(salting.salt), salting));
}

/** The signature of a challenge exactly as it was received. `key` is the secret, or the derived key of a salted one. */
export function signCra(crypto: AuthCrypto, key: string, challenge: string): string {
  return toBase64(crypto.hmacSha256(utf8(key), utf8(challenge)));
}

/** Whether `signature` is the one of this key, in constant time for every text of the right length. */
export function verifyCra(crypto: AuthCrypto, key: string, signed: { challenge: string; signature: string }): boolean {
  const expected = crypto.hmacSha256(utf8(key), utf8(signed.challenge));
  const given = fromBase64(signed.signature);
  return given !== undefined && crypto.timingSafeEqual(expected, given);
}
