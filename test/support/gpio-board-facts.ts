import assert from "node:assert/strict";
import type { Told } from "./virtual-board.ts";

/** What must have happened to the lines of the virtual board over one back-end, by the kernel's own record. */
export function assertGpioRun(backend: "sysfs" | "chardev", { facts, text }: Told): void {
  const fact = (name: string): unknown => {
    const key = `${backend}: ${name}`;
    assert.ok(facts.has(key), `${key} is missing in:\n${text}`);
    return facts.get(key);
  };
  const is = (name: string, expected: unknown): void =>
    assert.deepEqual(fact(name), expected, `${backend}: ${name}\n${text}`);
  const says = (name: string, words: RegExp): void =>
    assert.match(JSON.stringify(fact(name)), words, `${backend}: ${name}`);

  // pump, light, and the active-low valve, each at its safe level from the first moment
  is("driven at start", ["0", "0", "1"]);
  says("lease", /"endsWithCaller":true/);
  is("pump on", 1);
  says("audit", /"why":"caller left".*"action":"set"/);
  is("driven over the router's restart", ["", "1", ""]);
  is("pump on before the cable is out", 1);
  is("light after the cable", 1);
  is("--safe ended with", 0);
  is("after --safe", [0, 0, 1]);
  is("driven over restart and reconfiguration", ["0", "0", "1", "1"]);
  is("count after kill -9", true);
  says("set without a chip", /no_such_device|not_open/);
  is("light after the chip is back", 0);
  is("light on again", 1);
  is("ended with", 0);
  // the pump was at its safe level already: writing it again is no edge
  is("driven at the end", ["0", "0", "1", "1"]);
  if (backend === "sysfs") {
    is("pump after kill -9", 1);
    says("count", /"counted":\d,"lossless":false/);
  } else {
    // the kernel takes back what a dead process held
    is("pump after kill -9", 0);
    is("pulled up", 1);
    // the kernel kept them all while the process stood still
    is("count", { counted: 100, lossless: true });
    says("busy", /in use by pinion\//);
    is("driven over a second process", ["", "", ""]);
  }
}
