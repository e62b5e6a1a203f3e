/**
 * What a board says to be let in: its name, its public key, and a proof that it has the private one. It is no secret, so it may go by
 * any way to whoever keeps the accounts; the private key never leaves the board.
 */
import { UsageError } from "../errors.ts";
import type { Account, Accounts } from "./account.ts";
import type { AuthCrypto } from "./auth-crypto.ts";
import { fromHex, toHex } from "./octets.ts";

/** The role of every account that is made so: whoever may enroll boards can make nobody else. */
const ENROLLED_ROLE = "device";
const BOARD = /^[a-z0-9_]{1,64}$/;
const REQUEST = /^pinion-enroll:([a-z0-9_]{1,64}):([0-9a-f]{64}):([0-9a-f]{128})$/;

export interface EnrollRequest {
  readonly authid: string;
  /** 64 hexadecimal digits, lower case. */
  readonly publicKey: string;
}

/** @throws UsageError `invalid_option` for a name that no board has. */
export function enrollRequest(crypto: AuthCrypto, authid: string, seed: Uint8Array): string {
  if (!BOARD.test(authid)) {
    throw new UsageError("invalid_option", `${authid} is no name of a board: a-z, 0-9 and _, 64 at most`);
  }
  const publicKey = toHex(crypto.ed25519PublicKey(seed));
  return ["pinion-enroll", authid, publicKey, toHex(crypto.ed25519Sign(seed, signed(authid)))].join(":");
}

/** @throws UsageError `invalid_option` for what no board has said. */
export function readEnrollRequest(crypto: AuthCrypto, text: string): EnrollRequest {
  const [, authid = "", publicKey = "", signature = ""] = REQUEST.exec(text.trim()) ?? [];
  const [key, proof] = [fromHex(publicKey, 32), fromHex(signature, 64)];
  if (key !== undefined && proof !== undefined && crypto.ed25519Verify(key, signed(authid), proof)) {
    return { authid, publicKey };
  }
  throw new UsageError("invalid_option", "that is no whole line of `pinion enroll`: it begins with pinion-enroll:");
}

/** @throws UsageError `invalid_option` when somebody else has that name or key. */
export function withEnrolled(before: Accounts, { authid, publicKey }: EnrollRequest, replace = false): Accounts {
  const present = before.accounts.find((one) => one.authid === authid);
  const owner = before.accounts.find((one) => one !== present && one.cryptosign?.includes(publicKey));
  if (owner !== undefined) throw taken(`that key is the one of ${owner.authid}`);
  if (present?.cryptosign?.includes(publicKey)) return before;
  if (present !== undefined && present.role !== ENROLLED_ROLE) throw taken(`${authid} has the role ${present.role}`);
  if (present !== undefined && !replace)
    throw taken(`${authid} is there with another key; --replace gives it this one`);
  const account: Account = { ...present, authid, role: ENROLLED_ROLE, cryptosign: [publicKey] };
  return { ...before, accounts: [...before.accounts.filter((one) => one !== present), account] };
}

function signed(authid: string): Uint8Array {
  // ASCII, by BOARD
  return Uint8Array.from(`pinion enroll\n${authid}`, (sign) => sign.charCodeAt(0));
}

function taken(words: string): UsageError {
  return new UsageError("invalid_option", words);
}
