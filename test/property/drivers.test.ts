import assert from "node:assert/strict";
import * as fc from "fast-check";
import { test } from "node:test";
import { configIssues } from "../../drivers/config-issues.ts";
import { durationText, parseDuration } from "../../drivers/duration.ts";
import { loadDrivers } from "../../drivers/index.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { decodeText, encodeText, encodings } from "../../drivers/serial/encoding.ts";
import { createFramer, type Framing } from "../../drivers/serial/framing.ts";
import { compileRule } from "../../drivers/serial/rule.ts";
import { DriverRig } from "../support/driver-rig.ts";

/** Few different bytes, so that delimiters and their beginnings are met often. */
const bytes = fc.uint8Array({ max: 3, maxLength: 60 });

function frames(framing: Framing, pieces: readonly Uint8Array[]): string[] {
  const out: string[] = [];
  const sink = { frame: (one: Uint8Array) => void out.push(one.join()), tooLong: () => void out.push("too long") };
  const framer = createFramer(framing, sink, { after: () => () => undefined });
  for (const piece of pieces) framer.push(piece);
  return out;
}

function cut(data: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [0, ...at.map((one) => one % (data.length + 1)).toSorted((a, b) => a - b), data.length];
  return places.slice(1).map((end, index) => data.subarray(places[index], end));
}

/** The obvious way, on all bytes at once. */
function reference(data: Uint8Array, delimiter: Uint8Array, maxLength: number): string[] {
  const out: string[] = [];
  let start = 0;
  for (let at = 0; at + delimiter.length <= data.length;) {
    if (!delimiter.every((byte, index) => data[at + index] === byte)) {
      at += 1;
      continue;
    }
    out.push(at - start > maxLength ? "too long" : data.subarray(start, at).join());
    at += delimiter.length;
    start = at;
  }
  return out;
}

test("delimited frames are the same however the bytes are cut, and the same as by plain search", () => {
  fc.assert(
    fc.property(
      bytes,
      fc.uint8Array({ max: 3, minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      fc.integer({ min: 1, max: 12 }),
      (data, delimiter, cuts, maxLength) => {
        const framing = { by: "delimiter", delimiter, maxLength } as const;
        assert.deepEqual(frames(framing, cut(data, cuts)), reference(data, delimiter, maxLength));
      },
    ),
    { numRuns: 2000 },
  );
});

test("frames of fixed length are the same however the bytes are cut", () => {
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 8 }), fc.integer({ min: 1, max: 9 }), (data, cuts, length) => {
      const whole = Array.from({ length: Math.floor(data.length / length) }, (_, index) =>
        data.subarray(index * length, (index + 1) * length).join(),
      );
      assert.deepEqual(frames({ by: "length", length }, cut(data, cuts)), whole);
    }),
  );
});

test("what an encoding can say comes back the same", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom("latin1", "hex"), (data, encoding) => {
      assert.deepEqual(encodeText(decodeText(data, encoding), encoding), data);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      assert.equal(decodeText(encodeText(text, "utf8") ?? new Uint8Array(), "utf8"), text);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom(...encodings), (data, encoding) => void decodeText(data, encoding)),
  );
});

test("a rule for numbers yields a finite number, says what is bad, or nothing: it never throws", () => {
  const rules = [
    { stream: "s", match: "^.*$" },
    { stream: "s", pointer: "/v" },
    { stream: "s", pointer: "" },
  ].map(compileRule);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.double().map(String)), (text) => {
      for (const rule of rules) {
        const outcome = rule({
          text,
          sentence: () => undefined,
          json: () => {
            try {
              return JSON.parse(text) as null;
            } catch {
              return undefined;
            }
          },
        }); // JSON
        if (outcome.kind === "value") assert.ok(Number.isFinite(outcome.value));
      }
    }),
  );
});

test("a duration written out is read back the same", () => {
  fc.assert(fc.property(fc.nat(), (ms) => assert.equal(parseDuration(durationText(ms)), ms)));
});

const definitions = await loadDrivers();

test("for any configuration check answers issues with a place, and never throws", () => {
  const names = [
    "pins",
    "ports",
    "sensors",
    "zones",
    "relay",
    "pin",
    "direction",
    "path",
    "readings",
    "framing",
    "wave",
    "__proto__",
  ];
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom("out", "GPIO17", "pin 6", "sine", "/dev/x", 1, 0, -1, null, undefined, true, "20ms"),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie("tree"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.constantFrom(...definitions), (config, definition) => {
      const issues = definition.check(config);
      for (const { path, message } of issues) assert.ok(/^(\/.*)?$/.test(path) && message.length > 5);
      if (issues.length > 0) {
        assert.throws(() => definition.plan(config), { code: "bad_config" });
        return;
      }
      assert.deepEqual(configIssues(definition.configSchema, config), []);
      const owners = new Set(definition.describe(config).channels.map(({ name }) => name));
      for (const { owner } of definition.plan(config)) assert.ok(owners.has(owner));
    }),
    { numRuns: 500 },
  );
});

test("whatever is called in whatever order, an output ends safe, and is never driven but by a call", async () => {
  const call = fc.oneof(
    fc.record({ action: fc.constant("set"), args: fc.tuple(fc.constantFrom(0, 1)) }),
    fc.record({ action: fc.constant("toggle"), args: fc.constant([]) }),
    fc.record({
      action: fc.constant("pulse"),
      args: fc.tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom(0, 1)),
    }),
    fc.record({ action: fc.constant("wait"), args: fc.tuple(fc.integer({ min: 1, max: 300 })) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { maxLength: 12 }),
      fc.constantFrom(0, 1),
      fc.boolean(),
      async (calls, safe, activeLow) => {
        const rig = new DriverRig();
        const driver = await rig.open(gpio, { pins: { out: { pin: 17, direction: "out", safe, activeLow } } });
        const line = rig.board.gpio.line(17);
        const logical = (level: number): number => (activeLow ? 1 - level : level);
        for (const { action, args } of calls) {
          if (action === "wait") await rig.clock.advance(args[0] ?? 0);
          else {
            const receipt = (await driver.invoke(action, "out", args)) as { requested: number }; // as declared
            assert.equal(logical(line.level), receipt.requested);
          }
        }
        const before = line.history.length;
        if (calls.every(({ action }) => action === "wait")) assert.equal(before, 1);
        await driver.close();
        assert.equal(logical(line.level), safe);
        assert.equal(rig.clock.pending, 0);
      },
    ),
    { numRuns: 60 },
  );
});
