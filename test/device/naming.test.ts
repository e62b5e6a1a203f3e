import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as holds, property, string } from "fast-check";
import { isUri } from "@pinion/wamp";
import { ANNOUNCE, DISCOVER, idFromHostname, isComponent, namingFor } from "../../device/naming.ts";

test("a single board has the shortest names", () => {
  const naming = namingFor("single", "kitchen");
  assert.equal(naming.procedure("gpio", "set"), "device.gpio.set");
  assert.equal(naming.own("describe"), "device.describe");
  assert.equal(naming.own("health"), "device.health");
  assert.equal(naming.topic("tank_level"), "sensor.tank_level");
});

test("in a fleet every name carries the board's id", () => {
  const naming = namingFor("fleet", "kitchen");
  assert.equal(naming.procedure("gpio", "set"), "device.kitchen.gpio.set");
  assert.equal(naming.own("describe"), "device.kitchen.describe");
  assert.equal(naming.own("health"), "device.kitchen.health");
  assert.equal(naming.topic("tank_level"), "sensor.kitchen.tank_level");
});

test("boards are asked and answer under the same names whatever the naming", () => {
  assert.equal(DISCOVER, "device.discover");
  assert.equal(ANNOUNCE, "device.announce");
});

test("a part that is no strict URI component is refused by name", () => {
  const naming = namingFor("single", "kitchen");
  assert.throws(() => naming.topic("tank level"), /a stream must be made of a-z, 0-9 and _.*"tank level"/);
  assert.throws(() => naming.topic("tank.level"), /a stream/);
  assert.throws(() => naming.procedure("GPIO", "set"), /a driver's kind/);
  assert.throws(() => naming.procedure("gpio", ""), /an action/);
  assert.throws(() => namingFor("fleet", "Pump House"), /the board's id/);
});

test("a host's name becomes a usable id", () => {
  assert.equal(idFromHostname("Pump-House.local"), "pump_house");
  assert.equal(idFromHostname("raspberrypi"), "raspberrypi");
  assert.equal(idFromHostname("--"), "board");
  assert.equal(idFromHostname(""), "board");
});

test("any host's name gives an id that can be part of a URI", () => {
  holds(
    property(string({ maxLength: 300 }), (hostname) => {
      const id = idFromHostname(hostname);
      assert.ok(isComponent(id) && id.length <= 64);
      assert.ok(isUri(namingFor("fleet", id).topic("x"), "exact", "strict"));
    }),
    { numRuns: 300 },
  );
});
