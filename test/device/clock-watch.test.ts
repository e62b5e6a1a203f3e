/** Boards without a clock of their own: what they say of their time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectError } from "../../packages/client/connect-error.ts";
import { answer, at, makeRig } from "./rig.ts";

const YEARS = 3 * 365 * 24 * 3_600_000;

test("a clock that is set is told with the offset for what was read before, also when nobody was there at the time", async () => {
  let error = -YEARS;
  const rig = makeRig({ durable: ["door"], clockError: () => error });
  await rig.start();
  const heard: { args: readonly unknown[]; kwargs: Readonly<Record<string, unknown>> }[] = [];
  const guest = async (): Promise<void> => {
    const client = await rig.guest();
    await client.subscribe("device.clock", ({ args, kwargs }) => void heard.push({ args, kwargs }));
  };
  await guest();
  error = 0;
  await rig.clock.advance(3_000);
  assert.equal(heard.length, 1);
  assert.deepEqual(heard[0]?.args, [YEARS]);
  assert.equal(heard[0]?.kwargs["boot"], "boot1");
  rig.host.crash();
  await rig.clock.advance(20_000);
  error = -5_000;
  await rig.clock.advance(3_000);
  rig.host.restart();
  await guest();
  await rig.clock.advance(120_000);
  assert.deepEqual(
    rig.runtime.health().clock.steps.map(({ offset }) => offset),
    [YEARS, -5_000],
  );
  assert.deepEqual(heard.at(-1)?.args, [-5_000]);
  const page = await answer(await rig.guest(), "device.history", ["door"]);
  assert.equal(at(page, "clock", "steps", 0, "offset"), YEARS);
});

test("a clock that is slewed is no step", async () => {
  let error = 0;
  const rig = makeRig({ clockError: () => error });
  await rig.start();
  for (let n = 0; n < 100; n += 1) {
    error += 100;
    await rig.clock.advance(1_000);
  }
  assert.deepEqual(rig.runtime.health().clock.steps, []);
});

test("each reading tells whether the clock was right, in the journal too", async () => {
  let isSynced = false;
  const rig = makeRig({ durable: ["door"], isSynced: () => isSynced });
  await rig.start();
  isSynced = true;
  rig.board.gpio.line(27).pull(1);
  await rig.clock.advance(5_000);
  const page = await answer(await rig.guest(), "device.history", ["door"]);
  assert.equal(at(page, "readings", 0, "synced"), false);
  assert.equal(at(page, "readings", 1, "synced"), true);
});

for (const code of ["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"]) {
  test(`TLS that fails by ${code} names the clock and its time`, () => {
    const error = Object.assign(new Error("certificate is not yet valid"), { code });
    const { message, code: told } = connectError("rss://router:8443", error);
    assert.equal(told, "tls_failed");
    assert.match(message, /this machine's clock, which says \d{4}-.*the clock is the cause/);
  });
}
