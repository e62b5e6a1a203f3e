/**
 * The client's half of logging in: answers CHALLENGE by whatever its credentials serve. One Login is one attempt: it owns the
 * nonce of that attempt. It never sends a secret where a proof was asked for, nor a ticket unless it was given one.
 */
import { UsageError } from "../errors.ts";
import type { ChallengeAnswer, ChallengeRequest, Channel, Login } from "../client/client-options.ts";
import type { Dict } from "../message.ts";
import type { AuthMethod } from "./account.ts";
import { ARGON2_BOUNDS, type AuthCrypto, MAX_ITERATIONS, type ScramKdf } from "./auth-crypto.ts";
import { type ChannelBindingType, CRYPTOSIGN_OCTETS, signCryptosign } from "./cryptosign.ts";
import { fromBase64, toBase64, toHex } from "./octets.ts";
import { CRA_DEFAULTS, deriveCraKey, signCra } from "./wamp-cra.ts";
import {
  type ScramExchange,
  type ScramSalting,
  scramKeys,
  scramProof,
  scramSalted,
  scramServerSignature,
} from "./wamp-scram.ts";

export interface Credentials {
  /** Needed for all but a seed, whose public key may be name enough. */
  readonly authid?: string | undefined;
  /** For WAMP-SCRAM and WAMP-CRA; never sent. */
  readonly secret?: string | undefined;
  /** Sent in clear to the router, if it asks for a ticket. */
  readonly ticket?: string | undefined;
  /** For cryptosign: the 32 octets of an Ed25519 private key. */
  readonly seed?: Uint8Array | undefined;
  /** Whether the connection itself shows a TLS client certificate to log in by. */
  readonly certificate?: boolean | undefined;
  /** Whether the connection may show a cookie of an earlier login, which then is enough; what else is given makes the first one. */
  readonly cookie?: boolean | undefined;
  /** Binds cryptosign to the TLS connection, and takes nothing less: no other method, and no router that will not. */
  readonly channelBinding?: ChannelBindingType | undefined;
}

const NONCE_OCTETS = 16;
const MIN_SCRAM_ITERATIONS = 4096;
const MAX_KEYLEN = 1024;

/** @throws UsageError `invalid_option` for credentials that can never work. */
export function credentialsLogin(crypto: AuthCrypto, credentials: Credentials): (channel?: Channel) => Login {
  const needed = whatIsMissing(credentials);
  if (needed !== undefined) throw new UsageError("invalid_option", `credentials need ${needed}`);
  return (channel) => new Attempt(crypto, credentials, channel);
}

function whatIsMissing(credentials: Credentials): string | undefined {
  const { authid = "", secret, ticket, seed, certificate = false, channelBinding } = credentials;
  const shared = secret !== undefined || ticket !== undefined;
  if (!shared && seed === undefined && !certificate) return "a secret, a ticket, a key or a certificate";
  if (authid === "" && shared) return "an authid";
  if (seed !== undefined && seed.length !== CRYPTOSIGN_OCTETS) return `a key of ${CRYPTOSIGN_OCTETS} octets`;
  if (channelBinding === undefined || onlyKey(credentials)) return undefined;
  return "a key, and nothing besides, to be bound to the channel: only cryptosign is";
}

function onlyKey({ secret, ticket, seed, certificate, cookie }: Credentials): boolean {
  const others = secret !== undefined || ticket !== undefined || certificate === true || cookie === true;
  return seed !== undefined && !others;
}

class Attempt implements Login {
  readonly details: Dict;
  readonly #crypto: AuthCrypto;
  readonly #credentials: Credentials;
  readonly #channel: Channel | undefined;
  readonly #nonce: string;
  /** What WELCOME has to prove, once a proof was given to the router. */
  #verifier: Uint8Array | undefined;

  constructor(crypto: AuthCrypto, credentials: Credentials, channel: Channel | undefined) {
    const { authid, secret, ticket, seed, certificate, cookie, channelBinding } = credentials;
    this.#crypto = crypto;
    this.#credentials = credentials;
    this.#channel = channel;
    this.#nonce = toBase64(crypto.randomBytes(NONCE_OCTETS));
    const authmethods: (AuthMethod | "cookie")[] = [];
    if (cookie === true) authmethods.push("cookie");
    if (certificate === true) authmethods.push("tls");
    if (seed !== undefined) authmethods.push("cryptosign");
    if (secret !== undefined) authmethods.push("wamp-scram", "wampcra");
    if (ticket !== undefined) authmethods.push("ticket");
    const authextra = {
      ...(seed === undefined ? {} : { pubkey: toHex(crypto.ed25519PublicKey(seed)) }),
      ...(channelBinding === undefined ? {} : { channel_binding: channelBinding }),
      ...(secret === undefined ? {} : { nonce: this.#nonce }),
    };
    this.details = {
      ...(authid === undefined ? {} : { authid }),
      authmethods,
      ...(Object.keys(authextra).length === 0 ? {} : { authextra }),
    };
  }

  async answer({ method, extra }: ChallengeRequest): Promise<ChallengeAnswer> {
    const { ticket, secret, seed } = this.#credentials;
    this.#verifier = undefined;
    if (method === "ticket" && ticket !== undefined) return { signature: ticket };
    if (method === "wampcra" && secret !== undefined) return await this.#answerCra(secret, extra);
    if (method === "wamp-scram" && secret !== undefined) return await this.#answerScram(secret, extra);
    if (method === "cryptosign" && seed !== undefined) return this.#answerCryptosign(seed, extra);
    throw new Error(`the router asks for ${method}, which was not offered`);
  }

  check(welcome: Dict): void {
    if (this.#verifier === undefined) return;
    const given = (welcome["authextra"] as Dict | undefined | null)?.["verifier"]; // checked to be text below
    const octets = typeof given === "string" ? fromBase64(given) : undefined;
    if (octets === undefined || !this.#crypto.timingSafeEqual(octets, this.#verifier)) {
      throw new Error("the router could not prove that it knows this account: it may be another one");
    }
  }

  async #answerCra(secret: string, extra: Dict): Promise<ChallengeAnswer> {
    const { challenge, salt } = extra;
    if (typeof challenge !== "string") throw new Error("the router's challenge is no text");
    if (salt === undefined || salt === null) return { signature: signCra(this.#crypto, secret, challenge) };
    if (typeof salt !== "string") throw new Error("the router's salt is no text");
    const iterations = count("iterations", extra["iterations"] ?? CRA_DEFAULTS.iterations, [1, MAX_ITERATIONS]);
    const keylen = count("keylen", extra["keylen"] ?? CRA_DEFAULTS.keylen, [1, MAX_KEYLEN]);
    const key = await deriveCraKey(this.#crypto, secret, { salt, iterations, keylen });
    return { signature: signCra(this.#crypto, key, challenge) };
  }

  async #answerScram(secret: string, extra: Dict): Promise<ChallengeAnswer> {
    const { nonce, salt, kdf } = extra;
    if (kdf !== "pbkdf2" && kdf !== "argon2id13") {
      throw new Error("the router wants a key derivation other than pbkdf2 and argon2id13");
    }
    const octets = typeof salt === "string" ? fromBase64(salt) : undefined;
    if (typeof salt !== "string" || octets === undefined) throw new Error("the router's salt is no base64");
    if (typeof nonce !== "string" || !nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new Error("the router's nonce is not made of this client's and one of its own");
    }
    const salting = { salt: octets, ...costOf(kdf, extra) };
    const { iterations } = salting;
    const keys = scramKeys(this.#crypto, await scramSalted(this.#crypto, secret, salting));
    const authid = this.#credentials.authid ?? "";
    const exchange: ScramExchange = { authid, clientNonce: this.#nonce, nonce, salt, iterations };
    this.#verifier = scramServerSignature(this.#crypto, keys.serverKey, exchange);
    const proof = toBase64(scramProof(this.#crypto, keys, exchange));
    return { signature: proof, extra: { nonce, channel_binding: null } };
  }

  #answerCryptosign(seed: Uint8Array, extra: Dict): ChallengeAnswer {
    const { challenge, channel_binding: given } = extra;
    const { channelBinding: wanted } = this.#credentials;
    if (wanted === undefined && (given ?? null) !== null) {
      throw new Error("the router binds to the channel, which was not asked for");
    }
    if (wanted !== undefined && given !== wanted) {
      throw new Error(`the router does not bind the login to the channel by ${wanted}, which was asked for`);
    }
    const channelId = wanted && this.#channel?.channelId?.(wanted);
    if (wanted !== undefined && channelId === undefined) {
      throw new Error(`this connection has no channel binding ${wanted}: it needs TLS, and tls-unique needs TLS 1.2`);
    }
    const octets = typeof challenge === "string" ? challenge : "";
    const signature = signCryptosign(this.#crypto, seed, { challenge: octets, channelId });
    if (signature === undefined) throw new Error("the router's challenge is not 32 octets in hexadecimal digits");
    return { signature };
  }
}

/** What the router asks to be spent on a password, within bounds both ways. */
function costOf(kdf: ScramKdf, { iterations, memory }: Dict): Omit<ScramSalting, "salt"> {
  if (kdf === "pbkdf2") {
    return { kdf, iterations: count("iterations", iterations, [MIN_SCRAM_ITERATIONS, MAX_ITERATIONS]) };
  }
  if (memory === undefined) throw new Error("the router names no memory for argon2id13, as if it were pbkdf2");
  return {
    kdf,
    iterations: count("iterations", iterations, ARGON2_BOUNDS.iterations),
    memory: count("memory", memory, ARGON2_BOUNDS.memory),
  };
}

function count(name: string, value: unknown, [least, most]: readonly [number, number]): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`the router's ${name} is not a whole number from ${least} to ${most}`);
}
