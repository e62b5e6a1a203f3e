/**
 * Decoding and encoding of raw-socket frames beside ws's receiver and sender (RFC 6455 frames, unmasked, the nearest thing
 * to compare with) and a plain copy of the same octets. All read 64 KiB chunks, as a socket gives them.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { encodeFrame, FrameDecoder, FrameType } from "../../packages/net-socket-raw-framing/index.ts";
import { type BenchResult, median } from "./result.ts";

type Receiver = new (options: { isServer: boolean; maxPayload: number }) => Writable;
interface Sender {
  frame(data: Uint8Array, options: Record<string, unknown>): Uint8Array[];
}

const load = createRequire(import.meta.url);
const wsFile = (name: string): unknown => load(join(import.meta.dirname, "../../node_modules/ws/lib", name));
const WsReceiver = wsFile("receiver.js") as Receiver; // ws publishes no types for it
const WsSender = wsFile("sender.js") as Sender; // ws publishes no types for it

const CHUNK = 64 * 1024;
const TOTAL = 8 * 1024 * 1024;
const ROUNDS = 7;
const SIZES = [
  { label: "16 B", size: 16 },
  { label: "120 B", size: 120 },
  { label: "2 KB", size: 2048 },
  { label: "64 KB", size: 65_536 },
] as const;
const LIMITS = { maxLength: 2 ** 24 };
const WS_OPTIONS = { fin: true, rsv1: false, opcode: 2, mask: false, readOnly: true };

function chunksOf(frame: Uint8Array, count: number): Uint8Array[] {
  const all = Buffer.concat(Array.from({ length: count }, () => frame));
  return Array.from({ length: Math.ceil(all.length / CHUNK) }, (_, at) =>
    Uint8Array.prototype.slice.call(all, at * CHUNK, (at + 1) * CHUNK),
  ).map((chunk) => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
}

/** Milliseconds for one round: the median, after one to warm up. Each round must have handled every frame. */
async function time(count: number, round: () => number | Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn <= ROUNDS; turn += 1) {
    const start = performance.now();
    const handled = await round();
    if (turn > 0) times.push(performance.now() - start);
    assert.equal(handled, count);
  }
  return median(times);
}

function decodeOurs(chunks: readonly Uint8Array[]): number {
  let frames = 0;
  const decoder = new FrameDecoder(LIMITS, () => {
    frames += 1;
  });
  for (const chunk of chunks) decoder.push(chunk);
  return frames;
}

function decodeWs(chunks: readonly Uint8Array[]): Promise<number> {
  return new Promise((resolve, reject) => {
    let frames = 0;
    const receiver = new WsReceiver({ isServer: false, maxPayload: 0 });
    receiver.on("message", () => {
      frames += 1;
    });
    receiver.on("error", reject);
    for (const chunk of chunks) receiver.write(chunk);
    receiver.end(() => resolve(frames));
  });
}

function copyChunks(chunks: readonly Uint8Array[], count: number): number {
  const target = new Uint8Array(CHUNK);
  let octets = 0;
  for (const chunk of chunks) {
    target.set(chunk);
    octets += chunk.length;
  }
  return octets > 0 ? count : 0;
}

function repeat(count: number, encode: () => Uint8Array): number {
  let octets = 0;
  for (let at = 0; at < count; at += 1) octets += encode().length;
  return octets > 0 ? count : 0;
}

interface Measured {
  readonly what: string;
  readonly count: number;
  readonly octets: number;
  readonly ours: number;
  readonly ws: number;
  readonly copy: number;
}

function figures({ what, count, octets, ours, ws, copy }: Measured): BenchResult[] {
  const perSecond = (milliseconds: number): number => (count / milliseconds) * 1000;
  const megabytes = (milliseconds: number): number => octets / milliseconds / 1000;
  return [
    { name: what, unit: "frames/s", value: perSecond(ours), ratioTo: "ws", ratio: ws / ours },
    { name: what, unit: "MB/s", value: megabytes(ours), ratioTo: "plain copy", ratio: copy / ours },
    { name: `${what}, ws`, unit: "frames/s", value: perSecond(ws) },
    { name: `${what}, plain copy`, unit: "MB/s", value: megabytes(copy) },
  ];
}

export async function run(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const { label, size } of SIZES) {
    const count = Math.floor(TOTAL / size);
    const octets = count * size;
    const payload = new Uint8Array(size).fill(0x5b);
    const ours = chunksOf(encodeFrame(FrameType.MESSAGE, payload, LIMITS), count);
    const theirs = chunksOf(Buffer.concat(WsSender.frame(payload, WS_OPTIONS)), count);
    const decoded = {
      what: `decode ${label}`,
      ours: await time(count, () => decodeOurs(ours)),
      ws: await time(count, () => decodeWs(theirs)),
      copy: await time(count, () => copyChunks(ours, count)),
    };
    const encoded = {
      what: `encode ${label}`,
      ours: await time(count, () => repeat(count, () => encodeFrame(FrameType.MESSAGE, payload, LIMITS))),
      ws: await time(count, () => repeat(count, () => Buffer.concat(WsSender.frame(payload, WS_OPTIONS)))),
      copy: await time(count, () => repeat(count, () => payload.slice())),
    };
    for (const one of [decoded, encoded]) results.push(...figures({ ...one, count, octets }));
  }
  return results;
}

if (import.meta.main) {
  for (const { name, unit, value, ratio, ratioTo } of await run()) {
    const compared = ratio === undefined ? "" : `${ratio.toFixed(2)} x ${ratioTo ?? ""}`;
    console.log(
      `${name.padEnd(28)} ${Math.round(value).toLocaleString("en").padStart(14)} ${unit.padEnd(9)} ${compared}`,
    );
  }
}
