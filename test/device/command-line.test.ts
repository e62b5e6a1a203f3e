import assert from "node:assert/strict";
import { test } from "node:test";
import { readCommandLine } from "../../device/command-line.ts";

const nothing = {
  config: undefined,
  check: false,
  files: undefined,
  here: false,
  toEnroll: false,
  schema: false,
  safe: false,
  doctor: undefined,
  json: false,
};

function wanted(...args: readonly string[]): unknown {
  const line = readCommandLine(args, "1.2.3");
  assert.equal(line.kind, "run", JSON.stringify(line));
  return line.kind === "run" ? line.wanted : undefined;
}

function fault(...args: readonly string[]): string {
  const line = readCommandLine(args, "1.2.3");
  assert.equal(line.kind, "wrong", JSON.stringify(line));
  return line.kind === "wrong" ? line.words : "";
}

test("each option is read in each of its spellings", () => {
  assert.deepEqual(wanted(), nothing);
  for (const args of [["-c", "a.yaml"], ["-ca.yaml"], ["--config", "a.yaml"], ["--config=a.yaml"]]) {
    assert.deepEqual(wanted(...args), { ...nothing, config: "a.yaml" });
  }
  assert.deepEqual(wanted("--check", "--safe"), { ...nothing, check: true, safe: true });
  const asked = { ...nothing, check: true, files: "etc", here: true, toEnroll: true };
  assert.deepEqual(wanted("--check", "--files", "etc", "--here", "--to-enroll"), asked);
  assert.deepEqual(wanted("--doctor", "gpio", "--json"), { ...nothing, doctor: "gpio", json: true });
});

test("an unknown option is refused, with the one that was probably meant", () => {
  assert.equal(fault("--saef"), "error: unknown option '--saef'\n(Did you mean --safe?)");
  assert.equal(fault("--frobnicate"), "error: unknown option '--frobnicate'");
  assert.equal(fault("-x"), "error: unknown option '-x'");
  assert.equal(fault("--check=yes"), "error: unknown option '--check=yes'\n(Did you mean --check?)");
  assert.match(fault("--no-safe"), /unknown option '--no-safe'/);
  assert.match(fault("--constructor"), /unknown option/);
});

test("a missing argument, a wrong one and one too many are refused", () => {
  assert.equal(fault("--config"), "error: option '-c, --config <file>' argument missing");
  assert.equal(fault("-c"), "error: option '-c, --config <file>' argument missing");
  assert.equal(fault("--doctor"), "error: option '--doctor <what>' argument missing");
  const choice = "error: option '--doctor <what>' argument 'serial' is invalid. Allowed choices are all, gpio.";
  assert.equal(fault("--doctor", "serial"), choice);
  assert.equal(fault("board.yaml"), "error: too many arguments. Expected 0 arguments but got 1.");
});

test("help names every option, the version is the version, and neither hides a fault", () => {
  const help = readCommandLine(["-h"], "1.2.3");
  assert.ok(help.kind === "told");
  for (const option of ["--version", "--config", "--safe", "--doctor", "--json", "--check", "--help"]) {
    assert.ok(help.words.includes(option), option);
  }
  assert.deepEqual(readCommandLine(["-V"], "1.2.3"), { kind: "told", words: "1.2.3\n" });
  assert.match(fault("--help", "--nope"), /--nope/);
});
