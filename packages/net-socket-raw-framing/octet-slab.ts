/**
 * Where small new arrays come from: neighbouring stretches of one slab, since an ArrayBuffer of its own costs a small
 * frame many times what copying it does. Owns the slab that is being filled; a full one belongs to the arrays in it, so a
 * kept array keeps at most one slab in memory. No stretch is handed out twice.
 */
const SLAB = 32 * 1024;
/** Larger arrays have a buffer of their own. */
export const LARGEST_IN_SLAB = 4 * 1024;

let slab = new ArrayBuffer(0);
let used = 0;

/** A new array of this many zero octets. */
export function newOctets(size: number): Uint8Array {
  if (size > LARGEST_IN_SLAB) return new Uint8Array(size);
  // Also true for a slab that somebody has transferred away: its length is then 0.
  if (used + size > slab.byteLength) {
    slab = new ArrayBuffer(SLAB);
    used = 0;
  }
  const octets = new Uint8Array(slab, used, size);
  used += size;
  return octets;
}
