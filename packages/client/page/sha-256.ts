/**
 * SHA-256, HMAC and PBKDF2 (FIPS 180-4, RFC 2104, RFC 8018) for pages that came over plain HTTP from another machine: there the
 * browser has no `crypto.subtle`. Keeps nothing between calls.
 */
const BLOCK = 64;
const DIGEST = 32;

const primes: number[] = [];
for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p !== 0)) primes.push(n);
/** The first 32 bits of the fraction of a root. */
const fraction = (root: number): number => Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
const START = Int32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p)));
const ROUNDS = Int32Array.from(primes, (p) => fraction(Math.cbrt(p)));

const words = new Int32Array(64);

function rotated(x: number, by: number): number {
  return (x >>> by) | (x << (32 - by));
}

function schedule(octets: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i += 1) {
    const j = at + i * 4;
    words[i] =
      ((octets[j] ?? 0) << 24) | ((octets[j + 1] ?? 0) << 16) | ((octets[j + 2] ?? 0) << 8) | (octets[j + 3] ?? 0);
  }
  for (let i = 16; i < 64; i += 1) {
    const a = words[i - 15] ?? 0;
    const b = words[i - 2] ?? 0;
    const s0 = rotated(a, 7) ^ rotated(a, 18) ^ (a >>> 3);
    const s1 = rotated(b, 17) ^ rotated(b, 19) ^ (b >>> 10);
    words[i] = ((words[i - 16] ?? 0) + s0 + (words[i - 7] ?? 0) + s1) | 0;
  }
}

/** Takes one block into `state`, in place. */
function compress(state: Int32Array, octets: Uint8Array, at: number): void {
  schedule(octets, at);
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (ROUNDS[i] ?? 0) + (words[i] ?? 0)) | 0;
    const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  const sum = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i += 1) state[i] = ((state[i] ?? 0) + (sum[i] ?? 0)) | 0;
}

/** The digest of `message` after `before` octets that are in `state` already. */
function finish(state: Int32Array, message: Uint8Array, before: number): Uint8Array {
  const own = state.slice();
  const whole = Math.floor(message.length / BLOCK) * BLOCK;
  for (let at = 0; at < whole; at += BLOCK) compress(own, message, at);
  const rest = message.length - whole;
  const last = new Uint8Array(rest + 9 <= BLOCK ? BLOCK : 2 * BLOCK);
  last.set(message.subarray(whole));
  last[rest] = 0x80;
  const view = new DataView(last.buffer);
  const octets = before + message.length;
  view.setUint32(last.length - 8, Math.floor(octets / 2 ** 29));
  view.setUint32(last.length - 4, (octets << 3) >>> 0);
  for (let at = 0; at < last.length; at += BLOCK) compress(own, last, at);
  const digest = new Uint8Array(DIGEST);
  const out = new DataView(digest.buffer);
  own.forEach((word, i) => out.setInt32(i * 4, word));
  return digest;
}

export function sha256(message: Uint8Array): Uint8Array {
  return finish(START, message, 0);
}

/** HMAC with this key, as a function of the message. */
function keyed(key: Uint8Array): (message: Uint8Array) => Uint8Array {
  const short = new Uint8Array(BLOCK);
  short.set(key.length > BLOCK ? sha256(key) : key);
  const begun = (pad: number): Int32Array => {
    const state = START.slice();
    compress(
      state,
      short.map((octet) => octet ^ pad),
      0,
    );
    return state;
  };
  const [inner, outer] = [begun(0x36), begun(0x5c)];
  return (message) => finish(outer, finish(inner, message, BLOCK), BLOCK);
}

export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return keyed(key)(message);
}

/** Rounds between two pauses, in which the page can paint. */
const BREATH = 10_000;

export async function pbkdf2Sha256(
  password: Uint8Array,
  salt: Uint8Array,
  { iterations, keylen }: { readonly iterations: number; readonly keylen: number },
): Promise<Uint8Array> {
  const hmac = keyed(password);
  const key = new Uint8Array(keylen);
  for (let block = 0; block * DIGEST < keylen; block += 1) {
    const first = new Uint8Array(salt.length + 4);
    first.set(salt);
    new DataView(first.buffer).setUint32(salt.length, block + 1);
    let round = hmac(first);
    const sum = round.slice();
    for (let i = 1; i < iterations; i += 1) {
      round = hmac(round);
      for (let j = 0; j < DIGEST; j += 1) sum[j] = (sum[j] ?? 0) ^ (round[j] ?? 0);
      if (i % BREATH === 0) await new Promise<void>((resolve) => void globalThis.setTimeout(resolve));
    }
    key.set(sum.subarray(0, keylen - block * DIGEST), block * DIGEST);
  }
  return key;
}
