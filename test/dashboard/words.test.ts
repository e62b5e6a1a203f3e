import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError, ErrorUri } from "@pinion/wamp";
import type { JsonSchema } from "../../drivers/description.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import type { ArgumentModel } from "../../router-bridge/dashboard/state/board-model.ts";
import { parseDescription } from "../../router-bridge/dashboard/state/parse-description.ts";
import { ageWords, durationWords, momentWords } from "../../router-bridge/dashboard/words/age.ts";
import { answerWords } from "../../router-bridge/dashboard/words/answer.ts";
import { fieldFor, parseArgument, switchValues } from "../../router-bridge/dashboard/words/argument.ts";
import { errorWords } from "../../router-bridge/dashboard/words/error.ts";
import { linkWords } from "../../router-bridge/dashboard/words/link.ts";
import { numberWords, valueWords } from "../../router-bridge/dashboard/words/value.ts";

const relayActions = () => {
  const drivers = [gpio.describe({ pins: { relay: { pin: "GPIO17", direction: "out" } } })];
  return parseDescription({ id: "x", drivers })?.channels[0]?.actions ?? [];
};

function argument(schema: JsonSchema, more: Partial<ArgumentModel> = {}): ArgumentModel {
  return { name: "value", description: "", schema, unit: "", optional: false, ...more };
}

test("ages are short and never negative", () => {
  assert.equal(ageWords(10_000, 10_400), "just now");
  assert.equal(ageWords(10_000, 13_900), "3 s ago");
  assert.equal(ageWords(20_000, 10_000), "just now");
  assert.equal(durationWords(59_999), "59 s");
  assert.equal(durationWords(3_599_999), "59 min");
  assert.equal(durationWords(47 * 3_600_000), "47 h");
  assert.equal(durationWords(48 * 3_600_000), "2 d");
});

test("a moment of today is a time, one of another day says which", () => {
  const noon = new Date(2026, 4, 3, 12, 0, 7).getTime();
  assert.equal(momentWords(noon, noon + 1_000), "12:00:07");
  assert.equal(momentWords(noon, noon + 86_400_000), "2026-05-03 12:00:07");
});

test("numbers keep their digits, zero has no sign, and a minus is a minus", () => {
  assert.equal(numberWords(21.5, 2), "21.50");
  assert.equal(numberWords(-0.001, 2), "0.00");
  assert.equal(numberWords(-2.5, 1), "\u22122.5");
  assert.equal(numberWords(1.23456e12, 2), "1.235e+12");
  assert.equal(valueWords(null, 2), "–");
  assert.equal(valueWords(true, 0), "yes");
  assert.equal(valueWords("open", 0), "open");
});

test("an error says what it means and what the board said", () => {
  const refused = new ApplicationError(ErrorUri.invalidArgument, ["allowed: 0, 1"], {});
  assert.equal(errorWords(refused), "The board refused the value. Allowed: 0, 1.");
  const lost = new ApplicationError(ErrorUri.networkFailure, [], { outcome: "unknown" });
  assert.match(errorWords(lost), /may have happened/);
  assert.equal(
    errorWords(new ApplicationError("pinion.error.busy", ["GPIO17 is used by lircd"])),
    "GPIO17 is used by lircd.",
  );
  assert.equal(errorWords(new ApplicationError("com.example.odd")), "The board answered com.example.odd.");
  assert.equal(errorWords("odd"), "Odd.");
});

test("a lost link counts down and names its cause", () => {
  const words = linkWords({ kind: "waiting", until: 14_000, cause: "connection refused" }, 10_000);
  assert.equal(words.short, "Link lost");
  assert.match(words.long, /Next try in 4 s\. Connection refused\.$/);
});

test("the switch of an output stands for 0 and 1; an action that takes more has none", () => {
  const set = relayActions().find(({ name }) => name === "set");
  assert.deepEqual(switchValues(set), { off: 0, on: 1 });
  const with_ = (schema: JsonSchema) => set && switchValues({ ...set, args: [argument(schema)] });
  assert.deepEqual(with_({ type: "boolean" }), { off: false, on: true });
  assert.deepEqual(with_({ type: "integer", minimum: 0, maximum: 1 }), { off: 0, on: 1 });
  assert.equal(with_({ type: "integer", minimum: 0, maximum: 255 }), undefined);
  assert.equal(with_({ type: "number", minimum: 0, maximum: 1 }), undefined);
  assert.equal(with_({}), undefined);
  assert.equal(switchValues(undefined), undefined);
});

test("a pulse of the gpio driver is entered as milliseconds or with a unit, its level as a choice of two", () => {
  const pulse = relayActions().find(({ name }) => name === "pulse");
  const [duration, level] = pulse?.args ?? [];
  assert.ok(duration && level);
  assert.deepEqual(parseArgument(duration, "500"), { ok: true, value: 500, given: true });
  assert.deepEqual(parseArgument(duration, "2s"), { ok: true, value: "2s", given: true });
  assert.equal(parseArgument(duration, " ").ok, false);
  assert.deepEqual(fieldFor(level.schema), { kind: "choice", choices: [0, 1] });
  assert.deepEqual(parseArgument(level, ""), { ok: true, value: undefined, given: false });
  assert.deepEqual(parseArgument(level, "0"), { ok: true, value: 0, given: true });
});

test("what is entered is checked against the schema in words", () => {
  const percent = argument({ type: "integer", minimum: 0, maximum: 100 }, { name: "position", unit: "%" });
  const refused = parseArgument(percent, "101");
  assert.ok(!refused.ok);
  assert.equal(refused.message, "position is a whole number from 0 up to 100 (%).");
  assert.equal(parseArgument(percent, "1.5").ok, false);
  assert.equal(parseArgument(percent, "").ok, false);
  assert.deepEqual(parseArgument(argument({ type: "number" }), "1,5"), { ok: true, value: 1.5, given: true });
  assert.equal(parseArgument(argument({ type: "string", maxLength: 2 }), "abc").ok, false);
  assert.deepEqual(parseArgument(argument({ type: "string" }), "12"), { ok: true, value: "12", given: true });
  assert.deepEqual(parseArgument(argument({}), "[1]"), { ok: true, value: [1], given: true });
  assert.equal(parseArgument(argument({}), "[1").ok, false);
  assert.equal(parseArgument(argument({ enum: ["a"] }), "4").ok, false);
});

test("answers are words; a level that was read back is left to the switch", () => {
  assert.equal(answerWords({ pin: "relay", requested: 1, readBack: 1, t: 5 }), "");
  assert.equal(answerWords({ port: "meter", octets: 6, t: 5 }), "Done: octets 6");
  assert.equal(answerWords(undefined), "Done.");
  assert.equal(answerWords([]), "None.");
  assert.equal(answerWords([{ path: "/dev/ttyS0", byId: [] }, "x"]), "path /dev/ttyS0\nx");
});
