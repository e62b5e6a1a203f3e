const TEXT = 0x81;
const BINARY = 0x82;

/**
 * A whole message as one unmasked WebSocket frame (RFC 6455, 5.2), as a server sends it. `ws` frames for one receiver at
 * a time; an event to a hundred browsers is framed once and shared.
 */
export function webSocketFrame(octets: Uint8Array, binary: boolean): Uint8Array {
  const { length } = octets;
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = new Uint8Array(header + length);
  frame[0] = binary ? BINARY : TEXT;
  const view = new DataView(frame.buffer);
  if (header === 2) frame[1] = length;
  if (header === 4) {
    frame[1] = 126;
    view.setUint16(2, length);
  }
  if (header === 10) {
    frame[1] = 127;
    view.setBigUint64(2, BigInt(length));
  }
  frame.set(octets, header);
  return frame;
}
