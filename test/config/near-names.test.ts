/** What was meant by a name that is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "@pinion/config";
import { nearNames } from "@pinion/config/near-names";

test("the closest word is found through a swap, a missing and a wrong letter, and not through guessing", () => {
  assert.equal(closest("lisetn", ["listen", "realms"]), "listen");
  assert.equal(closest("relms", ["listen", "realms"]), "realms");
  assert.equal(closest("xyz", ["listen", "realms"]), undefined);
});

test("a mistyped name of a line finds all that are as near, each once and three at most; swapped letters count as one", () => {
  const names = ["ID_SDA", "ID_SCL", "GPIO1", "GPIO17", "GPIO27", "GPIO17", "PWR_LED"];
  assert.deepEqual(nearNames("GPI017", names), ["GPIO17"]);
  assert.deepEqual(nearNames("id-sda", names), ["ID_SDA"]);
  assert.deepEqual(nearNames("GPIO_7", names), ["GPIO17", "GPIO27"]);
  assert.deepEqual(nearNames("PWR_ELD", names), ["PWR_LED"]);
  assert.deepEqual(nearNames("ID_S", names), []);
  assert.deepEqual(nearNames("GPIO4", ["GPIO5", "GPIO6", "GPIO7", "GPIO8"]), ["GPIO5", "GPIO6", "GPIO7"]);
  assert.deepEqual(nearNames("banana", names), []);
});
