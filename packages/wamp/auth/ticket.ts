/** What a router keeps of a ticket (spec "Ticket-based Authentication"): a salted hash, never the ticket. */
import type { AuthCrypto } from "./auth-crypto.ts";
import { utf8 } from "./octets.ts";

/**
 * One keyed hash, so that a router can check many logins a second without being held up. It keeps a ticket of enough entropy
 * safe (a generated one has 160 bits); a short word that a person made up falls to whoever steals the file.
 */
export function hashTicket(crypto: AuthCrypto, salt: Uint8Array, ticket: string): Uint8Array {
  return crypto.hmacSha256(salt, utf8(ticket));
}

/** Whether this is the ticket behind the hash, in constant time. */
export function verifyTicket(
  crypto: AuthCrypto,
  kept: { readonly salt: Uint8Array; readonly hash: Uint8Array },
  ticket: string,
): boolean {
  return crypto.timingSafeEqual(hashTicket(crypto, kept.salt, ticket), kept.hash);
}
