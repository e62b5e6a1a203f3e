import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError } from "@pinion/wamp";
import { whyDisabled } from "../../router-bridge/dashboard/words/link.ts";
import { limits } from "../../router-bridge/dashboard/state/limits.ts";
import { Bench, MadeUpBoard } from "./bench.ts";

async function joined(): Promise<{ bench: Bench; board: MadeUpBoard }> {
  const bench = new Bench();
  const board = new MadeUpBoard(bench);
  await board.join();
  return { bench, board };
}

const level = (bench: Bench) => bench.store.boards[0]?.channel("gpio/relay").level?.value;

test("a board that joins later shows up by itself, with its outputs read back", async () => {
  const bench = new Bench();
  await bench.settle();
  assert.equal(bench.store.link.kind, "connected");
  assert.equal(bench.store.boards.length, 0);
  const board = new MadeUpBoard(bench);
  board.level = 1;
  await board.join();
  assert.equal(bench.store.boards[0]?.model.title, "Shed");
  assert.equal(level(bench), 1);
});

test("a board that was there before the page is found by asking", async () => {
  const bench = new Bench();
  bench.host.crash();
  bench.host.restart();
  const board = new MadeUpBoard(bench);
  await board.join();
  await bench.clock.advance(10_000);
  assert.equal(bench.store.boards.length, 1);
});

test("while a call is under way the shown level is the one read back, and a second click sends nothing", async () => {
  const { bench, board } = await joined();
  let release: () => void = () => undefined;
  board.beforeSet = () => new Promise((resolve) => (release = resolve));
  let sets = 0;
  const { set } = board;
  board.set = (value) => {
    sets += 1;
    return set(value);
  };
  const request = bench.request("set", 1);
  const done = bench.act(request);
  await bench.settle();
  assert.equal(level(bench), 0);
  assert.deepEqual(bench.store.boards[0]?.channel("gpio/relay").pending, { action: "set", args: [1] });
  assert.equal(await bench.act(request), false);
  release();
  assert.equal(await done, true);
  assert.equal(level(bench), 1);
  assert.equal(sets, 1);
});

test("a pin that does not follow is shown as it was read back, not as it was clicked", async () => {
  const { bench, board } = await joined();
  board.set = (value) => ({ pin: "relay", requested: value, readBack: 0, previous: 0, t: 0 });
  assert.equal(await bench.act(bench.request("set", 1)), true);
  assert.equal(level(bench), 0);
});

test("a receipt without a read back does not move the switch", async () => {
  const { bench, board } = await joined();
  board.set = (value) => ({ requested: value });
  await bench.act(bench.request("set", 1));
  assert.equal(level(bench), 0);
});

test("a refusal is said in words beside the control, the level is read again, and the next success clears it", async () => {
  const { bench, board } = await joined();
  const { set } = board;
  board.set = () => {
    board.level = 1;
    throw new ApplicationError("pinion.error.busy", ["GPIO17 is used by lircd. Stop it."]);
  };
  assert.equal(await bench.act(bench.request("set", 1)), false);
  const state = bench.store.boards[0]?.channel("gpio/relay");
  assert.equal(state?.error, "GPIO17 is used by lircd. Stop it.");
  assert.equal(level(bench), 1, "what happened all the same is seen");
  board.set = set;
  await bench.act(bench.request("set", 0));
  assert.equal(state?.error, undefined);
  assert.equal(level(bench), 0);
});

test("a call without an answer ends in words that it may have happened", async () => {
  const { bench, board } = await joined();
  board.beforeSet = () => new Promise(() => undefined);
  const done = bench.act(bench.request("set", 1));
  await bench.clock.advance(10_001);
  assert.equal(await done, false);
  assert.match(bench.store.boards[0]?.channel("gpio/relay").error ?? "", /may still have happened/);
});

test("a lost link disables the controls, a click sends nothing then, and all comes back by itself", async () => {
  const { bench, board } = await joined();
  bench.host.crash();
  await bench.settle();
  assert.equal(bench.store.link.kind, "waiting");
  const [shown] = bench.store.boards;
  assert.ok(shown);
  assert.equal(whyDisabled(bench.store.link, shown), "No link to the router");
  assert.equal(await bench.act(bench.request("set", 1)), false);
  assert.equal(board.level, 0);
  board.level = 1; // somebody else moved it meanwhile
  await bench.clock.advance(30_000);
  bench.host.restart();
  await bench.clock.advance(90_000);
  assert.equal(bench.store.link.kind, "connected");
  assert.equal(whyDisabled(bench.store.link, shown), undefined);
  assert.equal(level(bench), 1);
});

test("a board whose power is cut is offline within one question, its controls are off, and it comes back", async () => {
  const { bench, board } = await joined();
  await board.client.close();
  await bench.clock.advance(9_001);
  const [shown] = bench.store.boards;
  assert.equal(shown?.presence.kind, "offline");
  assert.ok(shown && whyDisabled(bench.store.link, shown) !== undefined);
  const again = new MadeUpBoard(bench);
  again.boot = "boot-2";
  await again.join();
  assert.equal(bench.store.boards[0]?.presence.kind, "online");
  assert.equal(bench.store.boards[0]?.model.boot, "boot-2");
});

test("a board that hangs is offline after the question's time, though its session is there", async () => {
  const { bench, board } = await joined();
  for (const [near] of bench.host.links.slice(1)) near.pause();
  await bench.clock.advance(9_001);
  assert.equal(bench.store.boards[0]?.presence.kind, "offline");
  for (const [near] of bench.host.links.slice(1)) near.resume();
  await bench.clock.advance(10_000);
  assert.equal(bench.store.boards[0]?.presence.kind, "online");
  assert.equal(board.level, 0);
});

test("an answer under a board's name from another board does not keep it alive", async () => {
  const { bench, board } = await joined();
  await board.client.close();
  const other = new MadeUpBoard(bench, "cellar");
  await other.join();
  await bench.clock.advance(9_001);
  assert.equal(bench.store.board("shed")?.presence.kind, "offline");
  assert.equal(bench.store.board("cellar")?.presence.kind, "online");
});

test("times of a board whose clock is years off are shown by the page's", async () => {
  const bench = new Bench();
  const board = new MadeUpBoard(bench);
  board.ahead = -9 * 365 * 86_400_000;
  const t = bench.now() + board.ahead - 60_000;
  board.lastReadings = [{ topic: "sensor.relay", value: 0, t, seq: 4, boot: "boot-1", quality: "good" }];
  await board.join();
  const since = bench.store.boards[0]?.channel("gpio/relay").level?.since ?? 0;
  assert.ok(Math.abs(bench.now() - since - 60_000) < 50, `since ${String(bench.now() - since)} ms`);
});

test("readings go to their streams; those of nobody's are kept apart, and both are bounded", async () => {
  const { bench, board } = await joined();
  await board.reading("relay", 1, { seq: 1 });
  assert.equal(level(bench), 1);
  await board.reading("weather.wind", 4.5);
  assert.deepEqual(
    bench.store.strangers.map(({ topic }) => topic),
    ["sensor.weather.wind"],
  );
  for (let index = 0; index < limits.streams + 20; index += 1) {
    await board.client.publish(`sensor.flood${String(index)}`, [index]);
  }
  await bench.settle();
  assert.ok(bench.store.strangers.length <= limits.streams);
  assert.ok(bench.store.leftOut.streams >= 20);
});

test("boards over the limit are not taken, and that is told", async () => {
  const { bench, board } = await joined();
  for (let index = 0; index < limits.boards + 3; index += 1) {
    await board.client.publish("device.announce", [{ id: `b${String(index)}`, drivers: [] }]);
  }
  await bench.clock.advance(5_000);
  assert.equal(bench.store.boards.length, limits.boards);
  assert.equal(bench.store.leftOut.boards, 4);
  bench.store.forget("b0");
  assert.equal(bench.store.boards.length, limits.boards - 1);
});
