/**
 * Uniform numbers of [0, 1) from the system's entropy. One publication needs one, and a system call for each would cost more
 * than everything else the router does with it: octets are drawn a few hundred numbers ahead.
 */
import { randomFillSync } from "node:crypto";

const NUMBERS = 512;

/** A source of its own. Its numbers have 53 random bits. */
export function secureRandom(): () => number {
  const words = new Uint32Array(NUMBERS * 2);
  let next = words.length;
  return () => {
    if (next >= words.length) {
      randomFillSync(words);
      next = 0;
    }
    const high = words[next] ?? 0;
    const low = words[next + 1] ?? 0;
    // A number that was given out must not stay in memory: session ids come from here too.
    words[next] = 0;
    words[next + 1] = 0;
    next += 2;
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
  };
}
