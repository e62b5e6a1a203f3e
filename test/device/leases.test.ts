/** What binds an output to whoever asked for it, through a real router core: leases, the link, the audit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, at, makeRig, type Rig } from "./rig.ts";

const PINS = `
drivers:
  - use: gpio
    checkInterval: 0
    pins:
      pump: { pin: GPIO17, direction: out, tags: [actuator], onLinkLost: hold }
      heater: { pin: GPIO22, direction: out, tags: [actuator], onLinkLost: safe }
      fan: { pin: GPIO23, direction: out, onLinkLost: safe-after 30 }
`;

const level = (rig: Rig, line: number): number => rig.board.gpio.line(line).level;

async function stopped(rig: Rig): Promise<void> {
  const end = rig.runtime.stop();
  await rig.clock.advance(100);
  await end;
}

test("an output on lease goes to its safe level when the caller's session leaves, and nobody else's", async () => {
  const rig = makeRig({ drivers: PINS });
  await rig.start();
  const [holder, other] = [await rig.guest(), await rig.guest()];
  const receipt = await answer(holder, "device.gpio.set", ["pump", 1, "1h"]);
  assert.deepEqual(at(receipt, "lease"), { duration: 3_600_000, endsWithCaller: true });
  await answer(other, "device.gpio.set", ["fan", 1]);
  await other.close();
  await rig.clock.advance(100);
  assert.deepEqual([level(rig, 17), level(rig, 23)], [1, 1]);
  await holder.close();
  await rig.clock.advance(100);
  assert.deepEqual([level(rig, 17), level(rig, 23)], [0, 1]);
  await stopped(rig);
});

test("a caller who is lost without a word ends the lease as well", async () => {
  const rig = makeRig({ drivers: PINS });
  await rig.start();
  const holder = await rig.guest();
  await answer(holder, "device.gpio.set", ["pump", 1], { lease: "1h" });
  rig.host.links.at(-1)?.[0].abort();
  await rig.clock.advance(50);
  assert.equal(level(rig, 17), 0);
  await holder.close();
  await stopped(rig);
});

test("a caller who left while the board was away is found gone after the join", async () => {
  const rig = makeRig({ drivers: PINS });
  await rig.start();
  const holder = await rig.guest();
  await answer(holder, "device.gpio.set", ["pump", 1, "1h"]);
  rig.host.crash();
  await rig.clock.advance(5_000);
  assert.equal(level(rig, 17), 1, "hold: the link alone does not move it");
  rig.host.restart();
  await rig.clock.advance(120_000);
  assert.equal(rig.runtime.health().link.state, "ready");
  assert.equal(level(rig, 17), 0);
  await holder.close();
  await stopped(rig);
});

test("a lost link leaves an output, takes it to its safe level at once, or after its time, as configured", async () => {
  const rig = makeRig({ drivers: PINS });
  await rig.start();
  const guest = await rig.guest();
  for (const pin of ["pump", "heater", "fan"]) await answer(guest, "device.gpio.set", [pin, 1]);
  rig.host.crash();
  await rig.clock.advance(100);
  assert.deepEqual(
    [17, 22, 23].map((line) => level(rig, line)),
    [1, 0, 1],
  );
  await rig.clock.advance(29_000);
  assert.equal(level(rig, 23), 1);
  await rig.clock.advance(1_000);
  assert.deepEqual(
    [17, 22, 23].map((line) => level(rig, line)),
    [1, 0, 0],
  );
  await guest.close();
  await stopped(rig);
});

test("a link that is back in time moves nothing", async () => {
  const rig = makeRig({ drivers: PINS });
  await rig.start();
  const guest = await rig.guest();
  await answer(guest, "device.gpio.set", ["fan", 1]);
  const before = rig.board.gpio.line(23).history.length;
  rig.host.crash();
  await rig.clock.advance(1_000);
  rig.host.restart();
  await rig.clock.advance(120_000);
  assert.equal(rig.runtime.health().link.state, "ready");
  assert.deepEqual([level(rig, 23), rig.board.gpio.line(23).history.length], [1, before]);
  await guest.close();
  await stopped(rig);
});

test("device.gpio.audit answers who turned it on", async () => {
  const rig = makeRig({ drivers: PINS });
  await rig.start();
  const guest = await rig.guest();
  await answer(guest, "device.gpio.set", ["pump", 1]);
  const [entry] = (await answer(guest, "device.gpio.audit", ["pump"])) as readonly unknown[]; // a list of entries
  assert.equal(at(entry, "action"), "set");
  assert.equal(at(entry, "why"), "call");
  assert.equal(at(entry, "caller", "id"), String(guest.session?.id));
  assert.equal(typeof at(entry, "caller", "role"), "string");
  await guest.close();
  await stopped(rig);
});

test("a pulse that is called again with its idempotency key after a lost answer is not done twice", async () => {
  const rig = makeRig({ drivers: PINS });
  await rig.start();
  const guest = await rig.guest();
  const key = { idempotencyKey: "open-the-gate-42" };
  await answer(guest, "device.gpio.pulse", ["pump", "100ms"], key);
  await guest.close();
  await rig.clock.advance(1_000);
  const again = await rig.guest();
  const repeated = await answer(again, "device.gpio.pulse", ["pump", "100ms"], key);
  assert.equal(at(repeated, "repeated"), true);
  await rig.clock.advance(1_000);
  assert.deepEqual(
    rig.board.gpio.line(17).history.map((one) => one.level),
    [0, 1, 0],
  );
  await again.close();
  await stopped(rig);
});

test("by position an optional argument is left out with null", async () => {
  const rig = makeRig({ drivers: PINS });
  await rig.start();
  const guest = await rig.guest();
  const receipt = await answer(guest, "device.gpio.set", ["pump", 1, null, "key"]);
  assert.equal(at(receipt, "lease"), undefined);
  assert.equal(at(await answer(guest, "device.gpio.set", ["pump", 1, null, "key"]), "repeated"), true);
  await guest.close();
  await stopped(rig);
});

test("an interlock holds between two entries of the drivers list", async () => {
  const drivers = `
drivers:
  - use: gpio
    pins: { up: { pin: GPIO5, direction: out, interlock: shutter } }
  - use: gpio
    pins: { down: { pin: GPIO6, direction: out, interlock: shutter } }
`;
  const rig = makeRig({ drivers });
  await rig.start();
  const guest = await rig.guest();
  await answer(guest, "device.gpio.set", ["up", 1]);
  await assert.rejects(answer(guest, "device.gpio.set", ["down", 1]), { uri: "pinion.error.interlocked" });
  assert.deepEqual([level(rig, 5), level(rig, 6)], [1, 0]);
  await stopped(rig);
});
