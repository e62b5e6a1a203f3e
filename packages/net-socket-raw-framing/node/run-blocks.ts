/**
 * Blocks of the process into which runs of frames are copied on their way out, and which are used again once they are written:
 * so they stay near the processor, and the collector never sees them. Owns those that nobody has; one that never comes
 * back, as those of a connection that was dropped, is an ordinary array.
 */

/** Room for what one read brings, with an unfinished frame before it. */
export const BLOCK_OF_RUNS = 68 * 1024;
/** More than that are left to the collector. */
const KEPT = 16;

const free: Uint8Array[] = [];
const known = new WeakSet<ArrayBufferLike>();

/** A whole block, whatever is in it. */
export function lendBlock(): Uint8Array {
  const kept = free.pop();
  if (kept !== undefined) return kept;
  const block = Buffer.allocUnsafeSlow(BLOCK_OF_RUNS);
  known.add(block.buffer);
  return block;
}

/** Whether these octets lie in such a block. */
export function isLent({ buffer }: Uint8Array): boolean {
  return buffer.byteLength === BLOCK_OF_RUNS && known.has(buffer);
}

/** Each a part of another block that nobody uses any more. */
export function giveBack(parts: readonly Uint8Array[]): void {
  for (const { buffer } of parts) if (free.length < KEPT) free.push(Buffer.from(buffer));
}
