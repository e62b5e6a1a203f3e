/** What a router keeps of somebody who may log in. From none of it can a password be read back, but from PlainCra. */
import { type AuthCrypto, DEFAULT_ARGON2, DEFAULT_ITERATIONS, type KeyCost, type ScramKdf } from "./auth-crypto.ts";
import { toBase64, toHex } from "./octets.ts";
import { hashTicket } from "./ticket.ts";
import { deriveCraKey } from "./wamp-cra.ts";
import { scramKeys, scramSalted } from "./wamp-scram.ts";

/** The methods by which the router asks, as HELLO names them. */
export const CHALLENGE_METHODS = ["cryptosign", "wamp-scram", "wampcra", "ticket"] as const;
export type ChallengeMethod = (typeof CHALLENGE_METHODS)[number];
/** All that an account may have credentials for; `tls` is answered by the connection itself. */
export const AUTH_METHODS = [...CHALLENGE_METHODS, "tls"] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];
/** Those that a secret serves. */
export const SECRET_METHODS = ["wamp-scram", "wampcra", "ticket"] as const satisfies readonly AuthMethod[];
export type SecretMethod = (typeof SECRET_METHODS)[number];

/** `key`: the base64 text of the derived octets. */
export interface SaltedCra extends KeyCost {
  readonly salt: string;
  readonly key: string;
}

/** WAMP-CRA without a salt, for clients that know none: the secret itself. */
export interface PlainCra {
  readonly secret: string;
}

export interface Account {
  readonly authid: string;
  readonly role: string;
  /** Both in hex. */
  readonly ticket?: { readonly salt: string; readonly hash: string };
  readonly wampcra?: SaltedCra | PlainCra;
  /** Salt and keys in base64. */
  readonly "wamp-scram"?: {
    readonly salt: string;
    /** Absent: pbkdf2. */
    readonly kdf?: "argon2id13";
    readonly iterations: number;
    /** KiB; with argon2id13 only. */
    readonly memory?: number;
    readonly storedKey: string;
    readonly serverKey: string;
  };
  /** Public keys, 64 hexadecimal digits each, lower case. */
  readonly cryptosign?: readonly string[];
  /** TLS client certificates; one that matches either is enough. */
  readonly tls?: {
    /** SHA-256 of the certificate's DER form, 64 hexadecimal digits each, lower case. */
    readonly fingerprints?: readonly string[];
    /** The subject's common name, of certificates that an authority of the listener has signed. */
    readonly commonNames?: readonly string[];
  };
  /** The realms that it may join; absent: all of the router's. */
  readonly realms?: readonly string[];
}

/** What is made of a secret, which cannot be read back from it. */
export type SecretCredentials = Pick<Account, "ticket" | "wamp-scram"> & { readonly wampcra?: SaltedCra };

/** Everybody who may log in. */
export interface Accounts {
  /** 32 octets in hex, from which challenges for unknown authids are made, so that they look the same every time. */
  readonly decoy: string;
  readonly accounts: readonly Account[];
}

const SALT_OCTETS = 16;
const DECOY_OCTETS = 32;

export function noAccounts(crypto: AuthCrypto): Accounts {
  return { decoy: toHex(crypto.randomBytes(DECOY_OCTETS)), accounts: [] };
}

/**
 * The part of an account that a secret makes, for these methods. Takes a moment: the keys are derived.
 * @throws UsageError `invalid_option` for argon2id13 where the platform has none.
 */
export async function secretCredentials(
  crypto: AuthCrypto,
  secret: string,
  methods: readonly SecretMethod[],
  kdf: ScramKdf = "pbkdf2",
): Promise<SecretCredentials> {
  const salt = (): Uint8Array => crypto.randomBytes(SALT_OCTETS);
  const made: { -readonly [M in SecretMethod]?: SecretCredentials[M] } = {};
  if (methods.includes("ticket")) {
    const own = salt();
    made.ticket = { salt: toHex(own), hash: toHex(hashTicket(crypto, own, secret)) };
  }
  if (methods.includes("wampcra")) {
    const salting = { salt: toHex(salt()), iterations: DEFAULT_ITERATIONS, keylen: 32 };
    made.wampcra = { ...salting, key: await deriveCraKey(crypto, secret, salting) };
  }
  if (methods.includes("wamp-scram")) {
    const own = salt();
    const cost = kdf === "pbkdf2" ? { iterations: DEFAULT_ITERATIONS } : { kdf, ...DEFAULT_ARGON2 };
    const { storedKey, serverKey } = scramKeys(crypto, await scramSalted(crypto, secret, { salt: own, ...cost }));
    made["wamp-scram"] = {
      salt: toBase64(own),
      ...cost,
      storedKey: toBase64(storedKey),
      serverKey: toBase64(serverKey),
    };
  }
  return made;
}

/** By which methods this account can log in. */
export function methodsOf(account: Account): readonly AuthMethod[] {
  return AUTH_METHODS.filter((method) => account[method] !== undefined);
}
