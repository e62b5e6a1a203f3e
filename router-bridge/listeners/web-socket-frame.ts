const TEXT = 0x81;
const BINARY = 0x82;

/**
 * A whole message as one unmasked WebSocket frame (RFC 6455, 5.2), as a server sends it. `ws` frames for one receiver at
 * a time; an event to a hundred browsers is framed once and shared.
 */
export function webSocketFrame(octets: Uint8Array, binary: boolean): Uint8Array {
  const header = webSocketHeader(octets.length, binary);
  const frame = new Uint8Array(header.length + octets.length);
  frame.set(header);
  frame.set(octets, header.length);
  return frame;
}

/** What stands before a message of that length: 2, 4 or 10 octets. */
export function webSocketHeader(length: number, binary: boolean): readonly number[] {
  const first = binary ? BINARY : TEXT;
  if (length < 126) return [first, length];
  if (length < 65_536) return [first, 126, length >>> 8, length & 0xff];
  const high = Math.floor(length / 2 ** 32);
  return [
    first,
    127,
    0,
    0,
    (high >>> 8) & 0xff,
    high & 0xff,
    length >>> 24,
    (length >>> 16) & 0xff,
    (length >>> 8) & 0xff,
    length & 0xff,
  ];
}
