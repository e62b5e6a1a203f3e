import assert from "node:assert/strict";
import type { Told } from "./virtual-board.ts";

/** What must have happened to the lines of the virtual board over one back-end, by the kernel's own record. */
export function assertGpioRun(backend: "sysfs" | "chardev", told: Told): void {
  const { is, says } = factsOf(backend, told);
  assertDriven(backend, told);
  says("lease", /"endsWithCaller":true/);
  is("pump on", 1);
  says("audit", /"why":"caller left".*"action":"set"/);
  is("driven over the router's restart", ["", "1", ""]);
  is("pump on before the cable is out", 1);
  is("light after the cable", 1);
  is("count after kill -9", true);
  says("set without a chip", /no_such_device|not_open/);
  is("light after the chip is back", 0);
  is("light on again", 1);
  if (backend === "sysfs") return says("count", /"counted":\d,"lossless":false/);
  is("pulled up", 1);
  // the kernel kept them all while the process stood still
  is("count", { counted: 100, lossless: true });
  says("busy", /in use by pinion\//);
  return is("driven over a second process", ["", "", ""]);
}

/** The part of it that a short run has: start, kill -9, the way to safety after it, start with one output more, end. */
export function assertDriven(backend: "sysfs" | "chardev", told: Told): void {
  const { is } = factsOf(backend, told);
  // pump, light, and the active-low valve, each at its safe level from the first moment
  is("driven at start", ["0", "0", "1"]);
  // over the character device the kernel takes back what a dead process held
  is("pump after kill -9", backend === "sysfs" ? 1 : 0);
  is("--safe ended with", 0);
  is("after --safe", [0, 0, 1]);
  is("driven over restart and reconfiguration", ["0", "0", "1", "1"]);
  is("ended with", 0);
  // the pump was at its safe level already: writing it again is no edge
  is("driven at the end", ["0", "0", "1", "1"]);
}

function factsOf(backend: string, { facts, text }: Told) {
  const fact = (name: string): unknown => {
    const key = `${backend}: ${name}`;
    assert.ok(facts.has(key), `${key} is missing in:\n${text}`);
    return facts.get(key);
  };
  return {
    is: (name: string, expected: unknown): void =>
      assert.deepEqual(fact(name), expected, `${backend}: ${name}\n${text}`),
    says: (name: string, words: RegExp): void => assert.match(JSON.stringify(fact(name)), words, `${backend}: ${name}`),
  };
}
