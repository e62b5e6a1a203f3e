import { PREFIX_OCTETS, readPrefix } from "net-socket-raw-framing";

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

/** Up to this length the header of a message is no longer than the prefix of a raw socket's frame. */
export const LONGEST_AFTER_SHORT_HEADER = 0xffff;

/**
 * Messages that lie side by side in the frames of a raw socket, none over `LONGEST_AFTER_SHORT_HEADER`, as a server sends them: in
 * new memory, without an object for each.
 */
export function webSocketFrames(run: Uint8Array, binary: boolean): Uint8Array {
  const frames = Buffer.allocUnsafeSlow(run.length);
  frames.set(run);
  let to = 0;
  for (let at = 0; at < run.length;) {
    const length = readPrefix(run, at);
    const from = at + PREFIX_OCTETS;
    frames[to] = binary ? BINARY : TEXT;
    if (length < 126) {
      frames[to + 1] = length;
      to += 2;
    } else {
      frames[to + 1] = 126;
      frames[to + 2] = length >>> 8;
      frames[to + 3] = length;
      to += 4;
    }
    if (to < from) frames.copyWithin(to, from, from + length);
    to += length;
    at = from + length;
  }
  return frames.subarray(0, to);
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
