/** WAMP-SCRAM with PBKDF2-HMAC-SHA256 or Argon2id, both sides (spec "WAMP-SCRAM", RFC 5802, RFC 7677). No authzid. */
import { UsageError } from "../errors.ts";
import type { AuthCrypto, ScramKdf } from "./auth-crypto.ts";
import { concatenated, toBase64, utf8, xor } from "./octets.ts";

/** Octets of a derived key and of every SHA-256. */
export const SCRAM_KEYLEN = 32;

/** What both sides have said, for the signature that ends the exchange. */
export interface ScramExchange {
  readonly authid: string;
  /** Base64 text, as HELLO carried it. */
  readonly clientNonce: string;
  /** The client's text followed by the router's, as CHALLENGE carried it. */
  readonly nonce: string;
  /** Base64 text. */
  readonly salt: string;
  readonly iterations: number;
  readonly binding?: ChannelBinding | undefined;
}

export interface ChannelBinding {
  readonly type: "tls-unique" | "tls-server-end-point";
  readonly data: Uint8Array;
}

/** What a router keeps: neither is the password, and neither lets anybody in. */
export interface ScramVerifier {
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export interface ScramKeys extends ScramVerifier {
  /** The client's alone. */
  readonly clientKey: Uint8Array;
}

export interface ScramSalting {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly kdf?: ScramKdf;
  readonly memory?: number;
}

/** The salted password. @throws UsageError `invalid_option` for argon2id13 where the platform has none. */
export async function scramSalted(crypto: AuthCrypto, secret: string, salting: ScramSalting): Promise<Uint8Array> {
  const { salt, iterations, kdf = "pbkdf2", memory = 0 } = salting;
  const password = utf8(saslPrepared(secret));
  if (kdf === "pbkdf2") return await crypto.pbkdf2(password, salt, { iterations, keylen: SCRAM_KEYLEN });
  if (crypto.argon2id !== undefined) return await crypto.argon2id(password, salt, { iterations, memory });
  const words = "argon2id13 is not there on this platform: it needs Node 24.7 or later; make the account with pbkdf2";
  throw new UsageError("invalid_option", words);
}

/** RFC 5802, section 3, from the salted password. */
export function scramKeys(crypto: AuthCrypto, salted: Uint8Array): ScramKeys {
  const clientKey = crypto.hmacSha256(salted, utf8("Client Key"));
  const serverKey = crypto.hmacSha256(salted, utf8("Server Key"));
  return { clientKey, storedKey: crypto.sha256(clientKey), serverKey };
}

export function scramAuthMessage({ authid, clientNonce, nonce, salt, iterations, binding }: ScramExchange): string {
  const name = saslPrepared(authid).replaceAll("=", "=3D").replaceAll(",", "=2C");
  const header = utf8(binding === undefined ? "n,," : `p=${binding.type},,`);
  const bound = toBase64(binding === undefined ? header : concatenated(header, binding.data));
  return `n=${name},r=${clientNonce},r=${nonce},s=${salt},i=${iterations},c=${bound},r=${nonce}`;
}

/** ClientProof, the octets of AUTHENTICATE.Signature. */
export function scramProof(crypto: AuthCrypto, keys: ScramKeys, exchange: ScramExchange): Uint8Array {
  return xor(keys.clientKey, crypto.hmacSha256(keys.storedKey, utf8(scramAuthMessage(exchange))));
}

/** Whether a proof was made with the client key behind `storedKey`. */
export function verifyScramProof(
  crypto: AuthCrypto,
  { storedKey }: ScramVerifier,
  { exchange, proof }: { readonly exchange: ScramExchange; readonly proof: Uint8Array },
): boolean {
  if (proof.length !== SCRAM_KEYLEN) return false;
  const signature = crypto.hmacSha256(storedKey, utf8(scramAuthMessage(exchange)));
  return crypto.timingSafeEqual(crypto.sha256(xor(proof, signature)), storedKey);
}

/** ServerSignature, by which the router proves that it knows the verifier. */
export function scramServerSignature(crypto: AuthCrypto, serverKey: Uint8Array, exchange: ScramExchange): Uint8Array {
  return crypto.hmacSha256(serverKey, utf8(scramAuthMessage(exchange)));
}

/**
 * The mapping of SASLprep (RFC 4013) that people's passwords need: spaces of all kinds become one kind, invisible
 * characters go, and compatible characters become one (NFKC). What it prohibits is left to the two sides' agreement.
 */
export function saslPrepared(text: string): string {
  const spaces = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/g;
  const nothing = /\u00AD|\u034F|\u1806|[\u180B-\u180D]|[\u200C\u200D]|\u2060|[\uFE00-\uFE0F]|\uFEFF/g;
  return text.replaceAll(spaces, " ").replaceAll(nothing, "").normalize("NFKC");
}
