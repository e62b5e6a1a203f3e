/** Cryptosign, both sides: Ed25519 over the router's challenge (spec "Cryptosign-based Authentication"). */
import type { AuthCrypto } from "./auth-crypto.ts";
import { concatenated, fromHex, toHex, xor } from "./octets.ts";

/** Octets of a challenge, a channel id, a seed and a public key. */
export const CRYPTOSIGN_OCTETS = 32;
const SIGNATURE_OCTETS = 64;

/**
 * What a signature may be bound to: `tls-exporter` (RFC 9266), which TLS 1.3 and 1.2 have, and `tls-unique` (RFC 5929), which
 * TLS 1.3 has not; of the latter the SHA-256 is signed, as its own length is not 32 octets.
 */
export const CHANNEL_BINDINGS = ["tls-exporter", "tls-unique"] as const;
export type ChannelBindingType = (typeof CHANNEL_BINDINGS)[number];

/** The octets that are signed: the challenge, bound to the channel where both sides have agreed on its id. */
function signedOctets(challenge: Uint8Array, channelId: Uint8Array | undefined): Uint8Array {
  return channelId === undefined ? challenge : xor(challenge, channelId);
}

/** AUTHENTICATE.Signature: hex of signature and signed octets, 192 digits. Undefined for a challenge that is none. */
export function signCryptosign(
  crypto: AuthCrypto,
  seed: Uint8Array,
  { challenge, channelId }: { readonly challenge: string; readonly channelId?: Uint8Array | undefined },
): string | undefined {
  const octets = fromHex(challenge, CRYPTOSIGN_OCTETS);
  if (octets === undefined) return undefined;
  const message = signedOctets(octets, channelId);
  return toHex(concatenated(crypto.ed25519Sign(seed, message), message));
}

export interface CryptosignAnswer {
  readonly challenge: Uint8Array;
  readonly channelId?: Uint8Array | undefined;
  /** AUTHENTICATE.Signature. */
  readonly signature: string;
}

/** Whether the answer is a signature by this key over the very challenge that was sent, and not over another one. */
export function verifyCryptosign(crypto: AuthCrypto, publicKey: Uint8Array, answer: CryptosignAnswer): boolean {
  const octets = fromHex(answer.signature, SIGNATURE_OCTETS + CRYPTOSIGN_OCTETS);
  if (octets === undefined) return false;
  const expected = signedOctets(answer.challenge, answer.channelId);
  if (!crypto.timingSafeEqual(octets.subarray(SIGNATURE_OCTETS), expected)) return false;
  return crypto.ed25519Verify(publicKey, expected, octets.subarray(0, SIGNATURE_OCTETS));
}
