/** The primitives that authentication needs, of whatever platform. None of them may log or keep what it is given. */
export interface AuthCrypto {
  sha256(message: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array;
  /** PBKDF2-HMAC-SHA256. Only whoever holds a password derives; a router never does. */
  pbkdf2(password: Uint8Array, salt: Uint8Array, cost: KeyCost): Promise<Uint8Array>;
  /** Argon2id version 1.3, one lane, 32 octets. Absent where the platform has none. */
  readonly argon2id?: ((password: Uint8Array, salt: Uint8Array, cost: Argon2Cost) => Promise<Uint8Array>) | undefined;
  /** Ed25519 (RFC 8032): a signature of 64 octets by the key of this 32-octet seed. */
  ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** The 32-octet public key of a 32-octet seed. */
  ed25519PublicKey(seed: Uint8Array): Uint8Array;
  /** False for everything that is no valid signature, also for octets that are no key; never throws. */
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  randomBytes(count: number): Uint8Array;
  /** Compares in a time that does not depend on the content; false for different lengths. */
  timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean;
}

export interface KeyCost {
  readonly iterations: number;
  /** Octets of the derived key. */
  readonly keylen: number;
}

export interface Argon2Cost {
  /** Passes. */
  readonly iterations: number;
  /** KiB. */
  readonly memory: number;
}

/** How WAMP-SCRAM makes a key of a password, as CHALLENGE names it. */
export const SCRAM_KDFS = ["pbkdf2", "argon2id13"] as const;
export type ScramKdf = (typeof SCRAM_KDFS)[number];

/** What Argon2id takes for a new secret: a fraction of a second on a small board. */
export const DEFAULT_ARGON2: Argon2Cost = { iterations: 2, memory: 19_456 };
/** More than this is not derived, and less says that somebody wants the password cheap. */
export const ARGON2_BOUNDS = { iterations: [1, 32], memory: [8192, 262_144] } as const;

/** More than this is not derived: a router that asks for it would only keep the client busy. */
export const MAX_ITERATIONS = 1_000_000;
/** What PBKDF2 takes for a new secret. */
export const DEFAULT_ITERATIONS = 100_000;
