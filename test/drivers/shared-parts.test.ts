/** The parts that drivers share: durations, names of pins, lookups, claims, errors, queues. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Check } from "typebox/value";
import { findChannel } from "../../drivers/channel-lookup.ts";
import { claimConflicts } from "../../drivers/claimed-board.ts";
import { DriverError, driverErrorCodes, driverErrorCures } from "../../drivers/driver-error.ts";
import type { Claim } from "../../drivers/driver.ts";
import { durationSchema, durationText, parseDuration } from "../../drivers/duration.ts";
import { parsePinName } from "../../drivers/gpio/pin-name.ts";
import { healthOf } from "../../drivers/health.ts";
import { startPolling } from "../../drivers/polling.ts";
import { Sequence } from "../../drivers/sequence.ts";
import { parsePointer, resolvePointer } from "../../drivers/serial/json-pointer.ts";
import { patternFault } from "../../drivers/serial/pattern-guard.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

test("durations are numbers of ms or text with a unit", () => {
  const cases: readonly [number | string, number | undefined][] = [
    [20, 20],
    ["20ms", 20],
    ["1s", 1000],
    ["1.5 s", 1500],
    ["5min", 300_000],
    ["1h", 3_600_000],
    [0, 0],
    ["", undefined],
    ["20", undefined],
    ["-1s", undefined],
    ["1 day", undefined],
    ["1s2", undefined],
    ["s", undefined],
    [-1, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    ["1e3ms", undefined],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, String(text));
  assert.deepEqual([0, 1, 90_000, 3_600_000, 1500].map(durationText), ["0ms", "1ms", "90s", "1h", "1500ms"]);
});

test("a duration's limits hold for both notations, and no duration exceeds what timers can count", () => {
  const schema = durationSchema({ min: 10, max: 1000 });
  for (const good of [10, 1000, "10ms", "1s"]) assert.ok(Check(schema, good), String(good));
  for (const bad of [9, 1001, "9ms", "1001ms", "1min", true, null]) assert.ok(!Check(schema, bad), String(bad));
  assert.ok(!Check(durationSchema(), "999999999h"));
});

test("the 40-pin header: every position is a BCM number of its own, power or ground", () => {
  const lines = Array.from({ length: 40 }, (_, index) => parsePinName(`pin ${String(index + 1)}`));
  const pins = lines.filter((one) => typeof one !== "string");
  assert.deepEqual(
    pins.map(({ line }) => Number(line)).toSorted((a, b) => a - b),
    Array.from({ length: 28 }, (_, index) => index),
  );
  assert.equal(lines.filter((one) => typeof one === "string" && /ground/.test(one)).length, 8);
  assert.equal(lines.filter((one) => typeof one === "string" && /V/.test(one)).length, 4);
  assert.deepEqual(parsePinName("header 11"), { line: 17, header: 11 });
  assert.deepEqual(parsePinName(47), { line: 47 });
  for (const bad of ["", "GPIO", "17x", "pin 0", "pin 41", "GPIO1024", -1, 1.5])
    assert.equal(typeof parsePinName(bad), "string");
  assert.deepEqual(parsePinName("pinctrl-rp1:17"), { line: 17, chip: "pinctrl-rp1" });
  assert.deepEqual(parsePinName("SDA1"), { line: "SDA1" });
});

test("a name goes before an alias", () => {
  const channels = [
    { name: "a", aliases: [17, "b"] },
    { name: "b", aliases: [] },
  ];
  assert.equal(findChannel(channels, "b")?.name, "b");
  assert.equal(findChannel(channels, "17")?.name, "a");
  assert.equal(findChannel(channels, null), undefined);
});

test("a line or port that is claimed twice is a conflict, a file is not", () => {
  const claims: Claim[] = [
    { type: "gpio-line", line: 17, owner: "a" },
    { type: "gpio-line", line: 17, owner: "b" },
    { type: "gpio-line", line: 17, chip: "x", owner: "c" },
    { type: "serial-port", path: "/dev/x", owner: "d" },
    { type: "serial-port", path: "/dev/x", owner: "e" },
    { type: "file", path: "/sys/x", owner: "f" },
    { type: "file", path: "/sys/x", owner: "g" },
  ];
  const conflicts = claimConflicts(claims);
  assert.deepEqual(
    conflicts.map(({ first, second }) => first.owner + second.owner),
    ["ab", "de"],
  );
  assert.deepEqual(
    conflicts.map(({ resource }) => resource),
    ["GPIO17", "serial port /dev/x"],
  );
});

test("a DriverError's message is what happened and what to do", () => {
  const error = new DriverError("busy", "GPIO17 is in use by w1-gpio.", { cause: 1 });
  assert.equal(error.message, `GPIO17 is in use by w1-gpio. ${driverErrorCures.busy}`);
  assert.equal(error.cause, 1);
  assert.equal(new DriverError("io", "x", { cure: "Do y." }).message, "x. Do y.");
});

test("every error code has its line with its cure in the README", async () => {
  const readme = await readFile(join(import.meta.dirname, "../../drivers/README.md"), "utf8");
  for (const code of driverErrorCodes)
    assert.ok(readme.includes(`| \`${code}\` |`) && readme.includes(driverErrorCures[code]), code);
});

test("health: ok, degraded when some channels are not, faulted when none is", () => {
  const [ok, bad] = [{ state: "ok" }, { state: "faulted", cause: "gone" }] as const;
  assert.equal(healthOf({}).state, "ok");
  assert.equal(healthOf({ a: ok }).state, "ok");
  assert.deepEqual([healthOf({ a: ok, b: bad }).state, healthOf({ a: ok, b: bad }).cause], ["degraded", "b: gone"]);
  assert.equal(healthOf({ b: bad }).state, "faulted");
});

test("a sequence goes on after a task that fails", async () => {
  const sequence = new Sequence("x", 4);
  const order: string[] = [];
  const failing = sequence.run(async () => Promise.reject(new Error("no")));
  const next = sequence.run(async () => void order.push("next"));
  await assert.rejects(failing, { message: "no" });
  await next;
  assert.deepEqual(order, ["next"]);
});

test("a poll that takes longer than its interval leaves turns out and keeps to the grid", async () => {
  const clock = new VirtualClock();
  const starts: number[] = [];
  const timers = {
    after: (ms: number, run: () => void) => {
      const id = clock.setTimeout(run, ms);
      return () => clock.clearTimeout(id);
    },
  };
  const polling = startPolling({ clock: { wall: clock.now, mono: clock.now }, timers }, 100, async () => {
    starts.push(clock.now());
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, starts.length === 2 ? 250 : 10));
  });
  await clock.advance(600);
  assert.deepEqual(starts, [0, 100, 400, 500, 600]);
  const stopped = polling.stop();
  await clock.advance(10);
  await stopped;
  assert.equal(clock.pending, 0);
});

test("JSON pointers follow RFC 6901", () => {
  const document = { "a/b": 1, "m~n": 2, "": 3, list: [10, 20], "~1": 4 };
  const at = (pointer: string): unknown => resolvePointer(document, parsePointer(pointer) ?? assert.fail(pointer));
  assert.deepEqual(["/a~1b", "/m~0n", "/", "/list/1", "/~01"].map(at), [1, 2, 3, 20, 4]);
  assert.deepEqual(
    ["/list/01", "/list/-", "/list/2", "/list/length", "/toString", "/a~1b/x"].map(at),
    Array(6).fill(undefined),
  );
  assert.equal(at(""), document);
  for (const bad of ["a", "/~2", "/~"]) assert.equal(parsePointer(bad), undefined);
});

test("expressions that could take for ever are refused, the usual ones are not", () => {
  for (const bad of [
    "(a+)+",
    "(a*)*b",
    "(a|a)*",
    "(?:a|b)+c",
    "(\\d+\\.?)+",
    "(a?){30}",
    "((ab)*c)+",
    "(.)\\1",
    "(?<x>a)\\k<x>",
    ".*a.*b.*c",
    "(",
    "[",
    "(?:x(?:a|b))*",
    "(?<name>a+)*",
    "(a{1,5}){2,}",
  ])
    assert.ok(patternFault(bad), bad);
  for (const good of [
    "^T=(\\d+)$",
    "T=(?<value>[-+]?\\d+(?:\\.\\d+)?)",
    "(?:on|off)",
    "(a|b)",
    "[(a+)+]*x",
    "\\(\\d+\\)+",
    "(ab){3}c",
    "(\\d{2}){4}",
    "a{3}",
    ".*x",
    "(?:\\d{3},)*\\d+",
    "(?=x)y",
    "(a+)?",
  ])
    assert.equal(patternFault(good), undefined, good);
});
