/**
 * The structures and requests of the kernel's GPIO character device, second version (uapi/linux/gpio.h), as octets. Pure:
 * little-endian, the same on 32 and 64 bit. Owns the numbers; knows neither files nor lines in use.
 */
import type { Level, Pull } from "../board.ts";

/** The ioctl requests. */
export const GPIO = Object.freeze({
  chipInfo: 0x8044_b401,
  lineInfo: 0xc100_b405,
  getLine: 0xc250_b407,
  setConfig: 0xc110_b40d,
  getValues: 0xc010_b40e,
  setValues: 0xc010_b40f,
});

const FLAG = {
  used: 1n << 0n,
  activeLow: 1n << 1n,
  input: 1n << 2n,
  output: 1n << 3n,
  rising: 1n << 4n,
  falling: 1n << 5n,
  openDrain: 1n << 6n,
  openSource: 1n << 7n,
  pullUp: 1n << 8n,
  pullDown: 1n << 9n,
  pullOff: 1n << 10n,
} as const;

const ATTRIBUTE = { values: 2, debounce: 3 } as const;
const CONFIG_SIZE = 272;
const REQUEST_SIZE = 592;
const LINE_INFO_SIZE = 256;
const CHIP_INFO_SIZE = 68;
export const EVENT_SIZE = 48;
/** As many edges as the kernel keeps for one line while nobody reads. */
const MOST_EVENTS = 1024;

export interface ChipInfo {
  readonly name: string;
  readonly label: string;
  readonly lines: number;
}

export interface LineInfo {
  readonly name: string;
  readonly consumer: string;
  readonly used: boolean;
  readonly output: boolean;
}

export interface LineSettings {
  /** Left out: the line is taken as it is. */
  readonly direction?: "in" | "out";
  readonly activeLow: boolean;
  readonly pull?: Pull | undefined;
  readonly drive?: "open-drain" | "open-source" | undefined;
  readonly edge?: "both" | "rising" | "falling";
  /** Logical. */
  readonly value?: Level;
  /** ms */
  readonly debounce?: number | undefined;
}

export interface LineEvent {
  /** ns of the monotonic clock. */
  readonly timestamp: bigint;
  readonly level: Level;
  /** Of this line, from 1. */
  readonly seq: number;
}

const text = (octets: Buffer, start: number): string => {
  const raw = octets.toString("latin1", start, start + 32);
  const end = raw.indexOf("\0");
  return end === -1 ? raw : raw.slice(0, end);
};

export const newChipInfo = (): Buffer => Buffer.alloc(CHIP_INFO_SIZE);

export function readChipInfo(octets: Buffer): ChipInfo {
  return { name: text(octets, 0), label: text(octets, 32), lines: octets.readUInt32LE(64) };
}

export function newLineInfo(offset: number): Buffer {
  const octets = Buffer.alloc(LINE_INFO_SIZE);
  octets.writeUInt32LE(offset, 64);
  return octets;
}

export function readLineInfo(octets: Buffer): LineInfo {
  const flags = octets.readBigUInt64LE(72);
  return {
    name: text(octets, 0),
    consumer: text(octets, 32),
    used: (flags & FLAG.used) !== 0n,
    output: (flags & FLAG.output) !== 0n,
  };
}

export function newLineRequest(offset: number, consumer: string, settings: LineSettings): Buffer {
  const octets = Buffer.alloc(REQUEST_SIZE);
  octets.writeUInt32LE(offset, 0);
  octets.write(consumer.slice(0, 31), 256, "latin1");
  newLineConfig(settings).copy(octets, 288);
  octets.writeUInt32LE(1, 560);
  octets.writeUInt32LE(settings.edge === undefined ? 0 : MOST_EVENTS, 564);
  return octets;
}

/** The descriptor that the kernel has put into an answered request. */
export const lineDescriptor = (request: Buffer): number => request.readInt32LE(588);

export function newLineConfig(settings: LineSettings): Buffer {
  const octets = Buffer.alloc(CONFIG_SIZE);
  octets.writeBigUInt64LE(flagsOf(settings), 0);
  let count = 0;
  const attribute = (id: number, write: (at: number) => void): void => {
    const at = 32 + count * 24;
    octets.writeUInt32LE(id, at);
    write(at + 8);
    octets.writeBigUInt64LE(1n, at + 16);
    count += 1;
  };
  const { value, debounce = 0 } = settings;
  if (value !== undefined) attribute(ATTRIBUTE.values, (at) => void octets.writeBigUInt64LE(BigInt(value), at));
  const micros = Math.round(debounce * 1000);
  if (micros > 0) attribute(ATTRIBUTE.debounce, (at) => void octets.writeUInt32LE(micros, at));
  octets.writeUInt32LE(count, 8);
  return octets;
}

function flagsOf({ direction, activeLow, pull, drive, edge }: LineSettings): bigint {
  let flags = 0n;
  if (direction === "in") flags |= FLAG.input;
  if (direction === "out") flags |= FLAG.output;
  if (activeLow) flags |= FLAG.activeLow;
  if (pull !== undefined) flags |= { up: FLAG.pullUp, down: FLAG.pullDown, off: FLAG.pullOff }[pull];
  if (drive !== undefined) flags |= { "open-drain": FLAG.openDrain, "open-source": FLAG.openSource }[drive];
  if (edge === "both" || edge === "rising") flags |= FLAG.rising;
  if (edge === "both" || edge === "falling") flags |= FLAG.falling;
  return flags;
}

/** For both ways: mask of the one line, and its level. */
export function newValues(level: Level = 0): Buffer {
  const octets = Buffer.alloc(16);
  octets.writeBigUInt64LE(BigInt(level), 0);
  octets.writeBigUInt64LE(1n, 8);
  return octets;
}

export const levelIn = (values: Buffer): Level => ((values.readBigUInt64LE(0) & 1n) === 1n ? 1 : 0);

export function readEvents(octets: Buffer, length: number): readonly LineEvent[] {
  const events: LineEvent[] = [];
  for (let at = 0; at + EVENT_SIZE <= length; at += EVENT_SIZE) {
    events.push({
      timestamp: octets.readBigUInt64LE(at),
      level: octets.readUInt32LE(at + 8) === 1 ? 1 : 0,
      seq: octets.readUInt32LE(at + 20),
    });
  }
  return events;
}
