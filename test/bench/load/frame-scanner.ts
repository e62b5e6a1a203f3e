/**
 * Octets from a socket -> frames, for a client that has to be cheaper than what it measures. Two ways to read: `hand out`
 * each frame whole (setting up, answering calls), or `count` frames by their lengths alone, looking at no more of each than
 * the octets that tell its type. Owns the remains of a frame that a chunk cut; knows nothing of sockets or protocols.
 */
export type Framing = "raw" | "websocket" | "mqtt";

/** What a counted frame must begin with, from `offset` octets behind its framing header, and its least length. */
export interface Expectation {
  readonly offset: number;
  readonly first: number;
  /** -1: one octet tells the type. */
  readonly second: number;
  readonly minimum: number;
}

type Measure = (octets: Buffer, at: number, end: number) => number;

/** Octets of the whole frame that begins at `at`; 0 while its header is cut. */
const measures: Readonly<Record<Framing, Measure>> = {
  raw: (octets, at, end) => (at + 4 > end ? 0 : 4 + (octets.readUInt32BE(at) & 0x00ff_ffff)),
  websocket: (octets, at, end) => {
    if (at + 2 > end) return 0;
    const short = (octets[at + 1] ?? 0) & 0x7f;
    if (short < 126) return 2 + short;
    if (short === 126) return at + 4 > end ? 0 : 4 + octets.readUInt16BE(at + 2);
    return at + 10 > end ? 0 : 10 + octets.readUInt32BE(at + 6);
  },
  mqtt: (octets, at, end) => {
    let length = 0;
    for (let i = 1, shift = 0; i <= 4; i += 1, shift += 7) {
      if (at + i >= end) return 0;
      const octet = octets[at + i] ?? 0;
      length |= (octet & 0x7f) << shift;
      if (octet < 0x80) return 1 + i + length;
    }
    throw new Error("an MQTT packet's length has more than four octets");
  },
};

/** Octets between the frame's beginning and its message. MQTT's type is in its first octet, so nothing is left out there. */
export function headerLength(framing: Framing, octets: Buffer, at: number): number {
  if (framing === "mqtt") return 0;
  if (framing === "raw") return 4;
  const short = (octets[at + 1] ?? 0) & 0x7f;
  if (short < 126) return 2;
  return short === 126 ? 4 : 10;
}

const NOTHING = Buffer.alloc(0);
const LONGEST_HEADER = 10;

/** Whether the frame carries a message: no raw-socket PING or PONG, no WebSocket control frame. */
function isMessage(framing: Framing, octet: number): boolean {
  if (framing === "raw") return octet === 0;
  return framing === "mqtt" || (octet & 0x0f) < 8;
}

export class FrameScanner {
  readonly framing: Framing;
  readonly #measure: Measure;
  #expected: Expectation | undefined;
  #onFrame: (octets: Buffer, from: number, to: number) => void = () => {};
  /** A header, or in handing out a whole frame, that the last chunk cut. */
  #carry: Buffer = NOTHING;
  /** Octets of a counted frame that are still to come, and whether it carries a message. */
  #skip = 0;
  #skipped = 0;
  /** Whole frames counted. */
  count = 0;
  /** Counted frames that were not what was expected. */
  unexpected = 0;

  constructor(framing: Framing) {
    this.framing = framing;
    this.#measure = measures[framing];
  }

  /** From now on each whole message goes to `onFrame`, its octets valid during the call only. */
  handOut(onFrame: (octets: Buffer, from: number, to: number) => void): void {
    this.#expected = undefined;
    this.#onFrame = onFrame;
  }

  /** From now on frames are counted. To be called between frames: the rest of one that was cut would be lost. */
  expect(expected: Expectation): void {
    if (this.#carry.length > 0) throw new Error("half a frame is still to come: it cannot be counted from here");
    this.#expected = expected;
  }

  push(octets: Buffer, end: number): void {
    if (this.#expected === undefined) this.#handOut(octets, end);
    else this.#countFrames(octets, end, this.#expected);
  }

  #handOut(octets: Buffer, end: number): void {
    const whole = this.#carry.length === 0 ? octets : Buffer.concat([this.#carry, octets.subarray(0, end)]);
    const stop = this.#carry.length === 0 ? end : whole.length;
    this.#carry = NOTHING;
    let at = 0;
    while (at < stop) {
      const length = this.#measure(whole, at, stop);
      if (length === 0 || at + length > stop) break;
      if (isMessage(this.framing, whole[at] ?? 0))
        this.#onFrame(whole, at + headerLength(this.framing, whole, at), at + length);
      at += length;
    }
    if (at < stop) this.#carry = Buffer.from(whole.subarray(at, stop));
  }

  #countFrames(octets: Buffer, end: number, expected: Expectation): void {
    let at = this.#finishCut(octets, end);
    while (at < end) {
      const length = this.#measure(octets, at, end);
      if (length === 0) {
        this.#carry = Buffer.from(octets.subarray(at, end));
        return;
      }
      const counts = this.#judge(octets, at, Math.min(at + length, end), { length, expected });
      at += length;
      if (at > end) {
        this.#skip = at - end;
        this.#skipped = counts;
        return;
      }
      this.count += counts;
    }
  }

  /** 1 for a message, 0 for what keeps the transport alive. */
  #judge(octets: Buffer, at: number, to: number, frame: { length: number; expected: Expectation }): number {
    if (!isMessage(this.framing, octets[at] ?? 0)) return 0;
    const { offset, first, second, minimum } = frame.expected;
    const type = at + headerLength(this.framing, octets, at) + offset;
    const wrong =
      frame.length < minimum ||
      (type < to && octets[type] !== first) ||
      (second >= 0 && type + 1 < to && octets[type + 1] !== second);
    if (wrong) this.unexpected += 1;
    return 1;
  }

  /** Where in this chunk the frame ends that the last one cut. */
  #finishCut(octets: Buffer, end: number): number {
    if (this.#carry.length > 0) {
      const head = Buffer.concat([this.#carry, octets.subarray(0, Math.min(end, LONGEST_HEADER))]);
      const length = this.#measure(head, 0, head.length);
      if (length === 0) {
        this.#carry = head;
        return end;
      }
      this.#skip = length - this.#carry.length;
      this.#skipped = isMessage(this.framing, head[0] ?? 0) ? 1 : 0;
      this.#carry = NOTHING;
    }
    if (this.#skip === 0) return 0;
    if (this.#skip > end) {
      this.#skip -= end;
      return end;
    }
    const at = this.#skip;
    this.#skip = 0;
    this.count += this.#skipped;
    return at;
  }
}
