import assert from "node:assert/strict";
import { test } from "node:test";
import type { Level } from "../../drivers/board.ts";
import { createMockBoard } from "../../drivers/hardware/mock-board.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const output = { activeLow: false, consumer: "test", initial: 0, keep: false } as const;

test("a line's history has each change with its time, and nothing else", async () => {
  const clock = new VirtualClock(1000);
  const { gpio } = createMockBoard({ time: { wall: clock.now, mono: clock.now } });
  const line = await gpio.openOutput({ ...output, line: 4, initial: 1 });
  await clock.advance(5);
  for (const level of [1, 0, 0] as const) await line.write(level);
  assert.deepEqual(gpio.line(4).history, [
    { t: 1000, mono: 1000, direction: "out", level: 1 },
    { t: 1005, mono: 1005, direction: "out", level: 0 },
  ]);
});

test("a closed output keeps driving, and can be opened again", async () => {
  const { gpio } = createMockBoard();
  const first = await gpio.openOutput({ ...output, line: 4, initial: 1 });
  await assert.rejects(gpio.openOutput({ ...output, line: 4 }), { code: "busy", message: /in use by test/ });
  await first.close();
  assert.equal(gpio.line(4).level, 1);
  const second = await gpio.openOutput({ ...output, line: 4, keep: true });
  assert.equal(await second.read(), 1);
  await assert.rejects(first.write(0), { code: "no_such_device" });
  await first.close();
  assert.equal(gpio.openLines, 1);
});

test("edges arrive after the call that caused them, only the wanted ones, and none after close", async () => {
  const { gpio } = createMockBoard();
  const seen: Level[] = [];
  const onEdge = ({ level }: { level: Level }): void => void seen.push(level);
  const input = await gpio.openInput({ line: 4, activeLow: true, consumer: "test", edge: "rising", onEdge });
  assert.equal(await input.read(), 1);
  for (const level of [1, 0, 1, 0] as const) gpio.line(4).pull(level);
  assert.deepEqual(seen, []);
  await settle();
  assert.deepEqual(seen, [1, 1]);
  gpio.line(4).pull(1);
  await input.close();
  gpio.line(4).pull(0);
  await settle();
  assert.deepEqual(seen, [1, 1]);
});

test("bytes and writes pass through a port only while it is open, and it opens once", async () => {
  const { serial } = createMockBoard();
  const port = serial.addPort("/dev/ttyUSB0", { byId: ["/dev/serial/by-id/x"] });
  const got: number[] = [];
  const gone: Error[] = [];
  const settings = { path: "/dev/serial/by-id/x", baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1 } as const;
  const request = {
    ...settings,
    onData: (bytes: Uint8Array) => void got.push(...bytes),
    onClose: (cause: Error) => void gone.push(cause),
  };
  port.feed("lost");
  const connection = await serial.open(request);
  await assert.rejects(serial.open(request), { code: "busy" });
  port.feed(Uint8Array.of(1, 2));
  await connection.write(Uint8Array.of(3));
  port.unplug();
  await assert.rejects(connection.write(Uint8Array.of(4)), { code: "not_open" });
  await assert.rejects(serial.open(request), { code: "no_such_device" });
  assert.deepEqual([got, port.written.map((one) => [...one]), gone.length], [[1, 2], [[3]], 1]);
  assert.deepEqual(await serial.list(), []);
  assert.equal(serial.openPorts, 0);
});
