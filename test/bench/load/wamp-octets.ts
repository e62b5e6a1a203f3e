/** Octets around and inside a WAMP message: the framing headers, and a request id that is written over in place. */
const MASK = [0x37, 0xfa, 0x21, 0x9d] as const;

export function rawFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafeSlow(4 + message.length);
  frame.writeUInt32BE(message.length, 0);
  frame.set(message, 4);
  return frame;
}

export function maskedFrame(message: Uint8Array, opcode: number): Buffer {
  const short = message.length < 126;
  const long = message.length > 0xffff;
  const header = short ? 6 : long ? 14 : 8;
  const frame = Buffer.allocUnsafeSlow(header + message.length);
  frame[0] = opcode;
  frame[1] = 0x80 | (short ? message.length : long ? 127 : 126);
  if (long) {
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(message.length, 6);
  } else if (!short) frame.writeUInt16BE(message.length, 2);
  frame.set(MASK, header - 4);
  for (let i = 0; i < message.length; i += 1) frame[header + i] = (message[i] ?? 0) ^ (MASK[i & 3] ?? 0);
  return frame;
}

export function maskedHeader(frames: Buffer, at: number): number {
  const short = (frames[at + 1] ?? 0) & 0x7f;
  if (short < 126) return 6;
  return short === 126 ? 8 : 14;
}

export function maskNumber(frames: Buffer, message: number, from: number, width: number): void {
  for (let i = from; i < from + width; i += 1) frames[message + i] = (frames[message + i] ?? 0) ^ (MASK[i & 3] ?? 0);
}

export function writeDigits(frames: Buffer, at: number, number: number): void {
  let rest = number;
  for (let i = digitsOf(number) - 1; i >= 0; i -= 1) {
    const tenth = Math.floor(rest / 10);
    frames[at + i] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
}

export function digitsOf(number: number): number {
  let digits = 1;
  for (let limit = 10; number >= limit; limit *= 10) digits += 1;
  return digits;
}

export function integerWidth(number: number): number {
  if (number < 0x80) return 1;
  if (number < 0x100) return 2;
  return number < 0x1_0000 ? 3 : 5;
}

export function writeInteger(frames: Buffer, at: number, number: number): void {
  if (number < 0x80) frames[at] = number;
  else if (number < 0x100) frames.writeUInt16BE(0xcc00 | number, at);
  else if (number < 0x1_0000) {
    frames[at] = 0xcd;
    frames.writeUInt16BE(number, at + 1);
  } else {
    frames[at] = 0xce;
    frames.writeUInt32BE(number, at + 1);
  }
}

/** Octets of a MessagePack number that begins with this one. */
export function integerLength(first: number): number {
  if (first < 0x80) return 1;
  return { 0xcc: 2, 0xcd: 3, 0xce: 5, 0xcf: 9, 0xcb: 9 }[first] ?? 1;
}
