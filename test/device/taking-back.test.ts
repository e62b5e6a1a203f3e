import assert from "node:assert/strict";
import { test } from "node:test";
import { RouterHost } from "../support/router-host.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { answer, makeRig, type Rig } from "./rig.ts";

/** A router that lets everybody in, each session under the next of these names. */
function hostFor(authids: string[]): { clock: VirtualClock; host: RouterHost } {
  const clock = new VirtualClock(1_000_000);
  const host = new RouterHost(clock, {
    authenticator: () => {
      const authid = authids.shift() ?? "guest";
      return { kind: "welcome", identity: { authid, authrole: "device", authmethod: "test", authprovider: "test" } };
    },
    authorizer: { authorize: () => ({ allowed: true }) },
  });
  return { clock, host };
}

async function start(rig: Rig): Promise<Rig> {
  await rig.start();
  return rig;
}

test("a board whose principal bears its id has its procedures at once though its ghost still holds them", async () => {
  const shared = hostFor(["pump", "pump"]);
  const ghost = await start(makeRig({ id: "pump", boot: "before the power cut", ...shared }));
  const board = await start(makeRig({ id: "pump", boot: "after it", ...shared }));
  assert.deepEqual(board.runtime.health().link.refused, []);
  assert.equal(board.runtime.health().link.collision, undefined);
  await answer(await board.guest(), "device.gpio.set", ["relay", 1]);
  assert.deepEqual([board.board.gpio.line(17).level, ghost.board.gpio.line(17).level], [1, 0]);
});

test("two boards that share a principal of another name collide as ever: neither takes the other's pump", async () => {
  const shared = hostFor(["boards", "boards"]);
  const first = await start(makeRig({ id: "first", boot: "b1", ...shared }));
  const second = await start(makeRig({ id: "second", boot: "b2", ...shared }));
  await shared.clock.advance(15_000);
  assert.match(second.runtime.health().link.collision ?? "", /'first'/);
  await answer(await first.guest(), "device.gpio.set", ["relay", 1]);
  assert.deepEqual([first.board.gpio.line(17).level, second.board.gpio.line(17).level], [1, 0]);
});
