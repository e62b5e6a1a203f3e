import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { Writable } from "node:stream";
import * as fc from "fast-check";
import { SendQueue } from "../../../packages/net-socket-raw-framing/node/send-queue.ts";

/** A socket that keeps what it is given, piece by piece, and takes each write in a later turn. */
function sink(): { readonly socket: Socket; readonly pieces: Uint8Array[]; readonly octets: () => Buffer } {
  const pieces: Uint8Array[] = [];
  const stream = new Writable({
    write: (chunk: Uint8Array, _encoding, done) => {
      pieces.push(chunk);
      setImmediate(done);
    },
    writev: (chunks, done) => {
      for (const { chunk } of chunks) pieces.push(chunk as Uint8Array); // nothing else is ever written
      setImmediate(done);
    },
  });
  return { socket: stream as unknown as Socket, pieces, octets: () => Buffer.concat(pieces) }; // what the queue uses of it
}

/** As a kernel: looks at what it was given when it takes it, turns later, and not before. */
function lateSink(): { readonly socket: Socket; readonly octets: () => Buffer } {
  const taken: Buffer[] = [];
  const take = (given: readonly Uint8Array[], done: () => void): void => {
    setImmediate(() => {
      for (const piece of given) taken.push(Buffer.from(piece));
      done();
    });
  };
  const stream = new Writable({
    write: (chunk: Uint8Array, _encoding, done) => take([chunk], done),
    // nothing else is ever written
    writev: (chunks, done) =>
      take(
        chunks.map(({ chunk }) => chunk as Uint8Array),
        done,
      ),
  });
  return { socket: stream as unknown as Socket, octets: () => Buffer.concat(taken) }; // what the queue uses of it
}

function queueInto(socket: Socket): SendQueue {
  const limits = { highWaterMark: 1e9, maxBuffered: 1e9 };
  return new SendQueue(socket, limits, { onDrain: () => undefined, onOverflow: () => assert.fail("overflow") });
}

async function drained(queue: SendQueue): Promise<void> {
  do await new Promise(setImmediate);
  while (queue.bufferedAmount > 0);
}

test("frames that lie side by side leave as one piece, uncopied", async () => {
  const { socket, pieces } = sink();
  const queue = queueInto(socket);
  const memory = new Uint8Array(10_000).map((_, i) => i);
  for (let at = 0; at < 10_000; at += 100) queue.pushShared(memory.subarray(at, at + 100));
  await drained(queue);
  assert.equal(pieces.length, 1);
  assert.equal(pieces[0]?.buffer, memory.buffer);
  assert.deepEqual(Buffer.from(pieces[0] ?? []), Buffer.from(memory));
});

test("a short stretch between others is copied, so that it does not keep the memory around it", async () => {
  const { socket, pieces } = sink();
  const queue = queueInto(socket);
  const memories = Array.from({ length: 5 }, (_, i) => new Uint8Array(1000).fill(i));
  for (const memory of memories) queue.pushShared(memory.subarray(10, 20));
  await drained(queue);
  assert.equal(pieces.length, 1);
  assert.ok(memories.every(({ buffer }) => buffer !== pieces[0]?.buffer));
});

test("a large frame leaves at once, uncopied; what is pushed while it is written collects behind it", async () => {
  const { socket, pieces } = sink();
  const queue = queueInto(socket);
  const large = new Uint8Array(20_000).fill(1);
  queue.pushShared(large);
  assert.deepEqual(
    pieces.map(({ buffer }) => buffer),
    [large.buffer],
  );
  for (let i = 0; i < 3; i++) queue.pushShared(large);
  assert.equal(pieces.length, 1);
  await drained(queue);
  assert.equal(pieces.length, 4);
});

test("what was pushed before a large frame leaves before it", async () => {
  const { socket, pieces, octets } = sink();
  const queue = queueInto(socket);
  const [small, large] = [new Uint8Array(10).fill(1), new Uint8Array(20_000).fill(2)];
  queue.pushShared(small);
  queue.push(small.subarray(0, 4), large);
  await drained(queue);
  assert.deepEqual(octets(), Buffer.concat([small, small.subarray(0, 4), large]));
  assert.equal(pieces.at(-1)?.buffer, large.buffer);
});

test("whatever is pushed in whatever way leaves in order", async () => {
  const step = fc.record({
    how: fc.constantFrom("shared", "own", "copied"),
    length: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(5000, 17_000, 65_000, 65_536, 140_000)),
    rest: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { socket, octets } = lateSink();
      const queue = queueInto(socket);
      const memory = new Uint8Array(6_000_000);
      const expected: Uint8Array[] = [];
      let at = 0;
      for (const [i, { how, length, rest }] of steps.entries()) {
        const frame = memory.subarray(at, at + length).fill(i + 1);
        at += length;
        expected.push(frame.slice());
        if (how === "shared") queue.pushShared(frame);
        else if (how === "own") queue.push(frame.subarray(0, 1), frame.subarray(1));
        else {
          queue.pushCopy(frame);
          frame.fill(0xee);
        }
        if (rest) await new Promise(setImmediate);
      }
      await drained(queue);
      assert.deepEqual(octets(), Buffer.concat(expected));
    }),
    { numRuns: 100 },
  );
});

test("the memory of copied runs is used again once it is written, and not by others before", async () => {
  const [first, second] = [sink(), sink()];
  const queues = [queueInto(first.socket), queueInto(second.socket)];
  const run = new Uint8Array(60_000);
  for (let i = 0; i < 50; i++) {
    // the first leaves at once, the others together behind it
    for (const queue of queues) for (let count = 0; count < 3; count++) queue.pushCopy(run);
    const [one, other] = [first.pieces.at(-1), second.pieces.at(-1)];
    assert.ok(one !== undefined && other !== undefined && one.buffer !== other.buffer);
    await Promise.all(queues.map(drained));
  }
  const memories = new Set([...first.pieces, ...second.pieces].map(({ buffer }) => buffer));
  assert.ok(memories.size <= 16, `${String(memories.size)} blocks for six runs at a time`);
});

test("nothing more is put into a copied run's memory once that is on its way, though there is room", async () => {
  const [first, second] = [lateSink(), lateSink()];
  const [queue, other] = [queueInto(first.socket), queueInto(second.socket)];
  const run = new Uint8Array(65_536);
  queue.pushCopy(run.fill(1));
  await drained(queue);
  queue.push(new Uint8Array(2000).fill(2));
  other.pushCopy(run.fill(3));
  other.pushCopy(run.subarray(0, 2000).fill(4));
  await Promise.all([drained(queue), drained(other)]);
  assert.deepEqual(first.octets(), Buffer.concat([Buffer.alloc(65_536, 1), Buffer.alloc(2000, 2)]));
  assert.deepEqual(second.octets(), Buffer.concat([Buffer.alloc(65_536, 3), Buffer.alloc(2000, 4)]));
});

test("what a dropped connection was about to write is never handed to another one", async () => {
  const stuck = sink();
  const queue = queueInto(stuck.socket);
  const run = new Uint8Array(60_000).fill(1);
  for (let i = 0; i < 3; i++) queue.pushCopy(run);
  queue.stop();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  const next = sink();
  const other = queueInto(next.socket);
  for (let i = 0; i < 40; i++) other.pushCopy(run.fill(2));
  await drained(other);
  assert.ok(stuck.pieces[0]?.every((octet) => octet === 1));
  assert.ok(next.pieces.every(({ buffer }) => buffer !== stuck.pieces[0]?.buffer));
});
