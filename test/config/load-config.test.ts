import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { Type } from "typebox";
import { formatProblems, keyOf, loadConfig, MAX_CONFIG_OCTETS, parseConfig } from "@pinion/config";
import type { Problem } from "@pinion/config";

const closed = { additionalProperties: false } as const;
const schema = Type.Object(
  {
    realms: Type.Array(Type.String({ minLength: 1 }), { default: ["realm1"], minItems: 1, uniqueItems: true }),
    listen: Type.Array(
      Type.Union([
        Type.Object({ tcp: Type.String(), insecure: Type.Optional(Type.Boolean()) }, closed),
        Type.Object({ unix: Type.String(), mode: Type.String({ default: "0660", pattern: "^0[0-7]{3}$" }) }, closed),
      ]),
      { default: [{ tcp: "127.0.0.1:8080" }] },
    ),
    level: Type.Union([Type.Literal("info"), Type.Literal("debug")], { default: "info" }),
    limits: Type.Object(
      { sessions: Type.Integer({ minimum: 1, maximum: 100, default: 10 }), rate: Type.Optional(Type.Number()) },
      { ...closed, default: {} },
    ),
    names: Type.Optional(Type.Record(Type.String({ pattern: "^[a-z]+$" }), Type.Integer())),
    drivers: Type.Optional(
      Type.Array(
        Type.Union([
          Type.Object({ use: Type.Literal("gpio"), pins: Type.Object({}, { additionalProperties: true }) }),
          Type.Object({ use: Type.Literal("serial"), path: Type.String() }),
        ]),
      ),
    ),
    secret: Type.Optional(Type.String({ minLength: 8, writeOnly: true })),
  },
  closed,
);

const folder = mkdtempSync(join(tmpdir(), "pinion-config-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function problemsOf(text: string): readonly Problem[] {
  const loaded = parseConfig(text, "c.yaml", schema);
  assert.equal(loaded.ok, false, "expected problems");
  return loaded.ok ? [] : loaded.problems;
}

function only(text: string): Problem {
  const problems = problemsOf(text);
  assert.equal(problems.length, 1, formatProblems(problems));
  const [problem] = problems;
  assert.ok(problem);
  return problem;
}

function valueOf(text: string): unknown {
  const loaded = parseConfig(text, "c.yaml", schema);
  assert.ok(loaded.ok, loaded.ok ? "" : formatProblems(loaded.problems));
  return loaded.value;
}

const DEFAULTS = {
  realms: ["realm1"],
  listen: [{ tcp: "127.0.0.1:8080" }],
  level: "info",
  limits: { sessions: 10 },
};

test("an empty file is the defaults", () => {
  for (const text of ["", "# only a comment\n", "{}", "---\n"]) assert.deepEqual(valueOf(text), DEFAULTS);
});

test("defaults reach into given mappings, lists and the fitting branch of a union", () => {
  assert.deepEqual(valueOf("listen:\n  - unix: /run/p.sock\nlimits: { rate: 2.5 }\n"), {
    ...DEFAULTS,
    listen: [{ unix: "/run/p.sock", mode: "0660" }],
    limits: { sessions: 10, rate: 2.5 },
  });
});

test("a JSON file is read like a YAML file", () => {
  assert.deepEqual(valueOf('{"realms": ["a"], "level": "debug"}'), { ...DEFAULTS, realms: ["a"], level: "debug" });
});

test("one default is not shared between two configurations", () => {
  const first = parseConfig("", "a", schema);
  const second = parseConfig("", "b", schema);
  assert.ok(first.ok && second.ok);
  first.value.realms.push("mine");
  assert.deepEqual(second.value.realms, ["realm1"]);
});

test("an unknown key is refused at its own place, with the key that was meant", () => {
  const problem = only("realms: [a]\nlimits:\n  sesions: 5\n");
  assert.deepEqual([problem.line, problem.column, problem.key], [3, 3, "limits.sesions"]);
  assert.match(problem.cure, /did you mean 'sessions'/);
  assert.match(problem.allowed, /sessions.*rate/);
});

test("an unknown key that resembles nothing is to be removed", () => {
  assert.match(only("zzzzzz: 1\n").cure, /remove 'zzzzzz'/);
});

test("an object schema that forgot to close itself still refuses unknown keys", () => {
  assert.equal(only("drivers:\n  - use: serial\n    path: x\n    bogus: 1\n").key, "drivers[0].bogus");
});

test("a wrong kind names what was found, what is allowed and how to write it", () => {
  const problem = only("realms:\n  - 5\n");
  assert.deepEqual([problem.line, problem.column, problem.key], [2, 5, "realms[0]"]);
  assert.equal(problem.found, "5");
  assert.match(problem.allowed, /text, not empty/);
  assert.match(problem.cure, /"5"/);
});

test("an unquoted file mode is told to be quoted", () => {
  const problem = only("listen:\n  - unix: /x\n    mode: 0660\n");
  assert.equal(problem.key, "listen[0].mode");
  assert.match(problem.cure, /quotes/);
});

test("a number out of bounds names the bounds", () => {
  assert.match(only("limits: { sessions: 0 }").allowed, /from 1 to 100/);
  assert.match(only("limits: { sessions: 1.5 }").allowed, /whole number/);
});

test("a wrong literal offers the near one", () => {
  const problem = only("level: debg\n");
  assert.match(problem.allowed, /"info" or "debug"/);
  assert.match(problem.cure, /'debug'/);
});

test("a wrong discriminator is one problem that lists the kinds, not a problem per kind", () => {
  const problem = only("drivers:\n  - use: gipo\n    pins: {}\n");
  assert.deepEqual([problem.line, problem.key], [2, "drivers[0].use"]);
  assert.match(problem.allowed, /"gpio" or "serial"/);
  assert.match(problem.cure, /'gpio'/);
  assert.equal(only("drivers:\n  - path: x\n").key, "drivers[0].use");
});

test("a missing key is told at its mapping, with the key to add", () => {
  const problem = only("realms: [a]\ndrivers:\n  - use: serial\n");
  assert.deepEqual([problem.line, problem.key, problem.found], [3, "drivers[0].path", "nothing"]);
  assert.match(problem.cure, /add the key 'path'/);
});

test("an item of a union that fits no branch is explained by the nearest one", () => {
  assert.equal(only("listen:\n  - tcp: 5\n").key, "listen[0].tcp");
  assert.equal(only("listen:\n  - unix: /x\n    insecure: true\n").key, "listen[0].insecure");
  assert.equal(only("listen:\n  - 8080\n").key, "listen[0]");
});

test("a key that breaks the record's pattern is refused", () => {
  assert.equal(only("names: { A: 1 }\n").key, "names.A");
  assert.equal(only("names: { a: x }\n").key, "names.a");
});

test("an empty value is told apart from an absent one", () => {
  const problem = only("realms:\n");
  assert.equal(problem.found, "an empty value");
  assert.match(problem.cure, /delete the line/);
});

test("a list that is too short or names something twice is refused", () => {
  assert.match(only("realms: []").allowed, /at least 1/);
  assert.match(only("realms: [a, a]").allowed, /no item twice/);
});

test("the value of a secret is never shown", () => {
  const problem = only("secret: hunter2\n");
  assert.doesNotMatch(formatProblems([problem]), /hunter2/);
});

test("a file that is no mapping is refused", () => {
  assert.equal(only("- a\n- b\n").key, "(top)");
  assert.equal(only("just text\n").key, "(top)");
});

test("all problems come at once, in the order of the lines, more than a dozen of them", () => {
  const keys = Array.from({ length: 15 }, (_, i) => `wrong${String(i)}: 1`);
  const problems = problemsOf(`${keys.join("\n")}\nrealms: 5\nlimits: { sessions: x, more: 1 }\n`);
  assert.equal(problems.length, 18);
  assert.deepEqual(
    problems.map(({ line }) => line),
    [...Array.from({ length: 15 }, (_, i) => i + 1), 16, 17, 17],
  );
});

test("a syntax error has its line", () => {
  const problem = only("realms: [a]\nlisten: [\n");
  assert.equal(problem.key, "(syntax)");
  assert.ok(problem.line >= 2);
});

test("a key written twice, a second document and an unknown anchor are refused", () => {
  assert.match(only("level: info\nlevel: debug\n").found, /the key level a second time/);
  assert.equal(only("level: info\n---\nlevel: info\n").key, "(syntax)");
  assert.match(only("realms: *nowhere\n").found, /nowhere/i);
});

test("what no configuration is written in is refused at its place: a list as a key, a tag, YAML 1.1", () => {
  const key = only("level: info\n? [a, b]\n: 1\n");
  assert.deepEqual([key.line, key.key, key.found], [2, "(syntax)", "a key that is no plain word"]);
  const tag = only("level: info\nrealms: !!set { a }\n");
  assert.deepEqual([tag.line, tag.column, tag.key], [2, 9, "(syntax)"]);
  assert.match(tag.cure, /remove the tag/);
  const version = only("# of long ago\n%YAML 1.1\n---\nlevel: info\n");
  assert.deepEqual([version.line, version.found], [2, "the line %YAML 1.1"]);
  assert.match(version.cure, /remove that line/);
});

test("a document of aliases that multiply is refused in time", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 12; i++) lines.push(`a${String(i)}: &a${String(i)} [${`*a${String(i - 1)}, `.repeat(9)}]`);
  assert.match(only(lines.join("\n")).found, /alias/i);
});

test("positions hold behind an alias, in quoted keys and with Windows line ends", () => {
  assert.equal(only('realms: [a]\r\n"lim": 1\r\n').line, 2);
  assert.equal(only("limits: &l { sessions: x }\n").line, 1);
});

test("a file that is not there, a folder, a binary and a huge file are problems, not exceptions", () => {
  const read = (name: string): Problem => {
    const loaded = loadConfig(join(folder, name), schema);
    const [problem] = loaded.ok ? [] : loaded.problems;
    assert.ok(problem, name);
    return problem;
  };
  writeFileSync(join(folder, "binary.yaml"), Buffer.from([0xff, 0xfe, 0xfd]));
  writeFileSync(join(folder, "huge.yaml"), "#".repeat(MAX_CONFIG_OCTETS + 1));
  assert.equal(read("nowhere.yaml").found, "no such file");
  assert.equal(read(".").found, "a folder");
  assert.match(read("binary.yaml").found, /not UTF-8/);
  assert.match(read("huge.yaml").allowed, /at most/);
});

test("a good file gives its value, and a place for a finding of a later check", () => {
  const file = join(folder, "good.yaml");
  writeFileSync(file, "realms: [a]\nlisten:\n  - tcp: 127.0.0.1:1\n  - tcp: 0.0.0.0:2\n");
  const loaded = loadConfig(file, schema);
  assert.ok(loaded.ok);
  const problem = loaded.problem({ path: ["listen", 1, "tcp"], found: "f", allowed: "a", cure: "c" });
  assert.deepEqual([problem.file, problem.line, problem.column, problem.key], [file, 4, 10, "listen[1].tcp"]);
  assert.equal(loaded.problem({ path: ["limits", "sessions"], found: "f", allowed: "a", cure: "c" }).line, 1);
});

test("problems are printed with place, finding, allowance and cure", () => {
  assert.equal(
    formatProblems([{ file: "f", line: 1, column: 2, key: "k", found: "x", allowed: "y", cure: "z" }]),
    "f:1:2: k: found x\n    allowed: y\n    cure: z",
  );
});

test("a path is written as a person would", () => {
  assert.equal(keyOf([]), "(top)");
  assert.equal(keyOf(["a", 0, "b", "c.d"]), 'a[0].b["c.d"]');
});

test("for any JSON value there is a configuration or a list of problems, never an exception", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const loaded = parseConfig(JSON.stringify(value), "any.yaml", schema);
      assert.ok(loaded.ok || loaded.problems.length > 0);
    }),
    { numRuns: 300 },
  );
});

test("for any text there is a configuration or a list of problems, never an exception", () => {
  const yamlish = fc.array(
    fc.constantFrom(
      "realms",
      "listen",
      ":",
      "-",
      " ",
      "\n",
      "[",
      "]",
      "{",
      "&a",
      "*a",
      "'",
      '"',
      "|",
      "!!x",
      "? ",
      "1",
    ),
  );
  fc.assert(
    fc.property(yamlish, (pieces) => {
      const loaded = parseConfig(pieces.join(""), "any.yaml", schema);
      assert.ok(loaded.ok || loaded.problems.every(({ line, column }) => line >= 1 && column >= 1));
    }),
    { numRuns: 500 },
  );
});

test("a slip of the hand in the YAML comes with its own cure", () => {
  assert.match(only("realms:\n\t- a\n").cure, /spaces instead of tabs/);
  assert.match(only("level: info\nlevel: debug\n").cure, /remove or rename one of the two level/);
  assert.match(only("limits:\n  sessions: 3\n rate: 4\n").cure, /same column/);
  assert.match(only("listen:\n  tcp: 127.0.0.1:1\n").cure, /begin each entry of 'listen' with a dash/);
});

test("a name that breaks the pattern of names gets one that fits", () => {
  const named = Type.Object({ pins: Type.Record(Type.String({ pattern: "^[a-z][a-z0-9_]*$" }), Type.Integer()) });
  const cures = ["Pump-1", "1st"].map((name) => {
    const loaded = parseConfig(`pins: { ${name}: 4 }\n`, "c.yaml", named);
    return loaded.ok ? "" : loaded.problems[0]?.cure;
  });
  assert.deepEqual(cures, ["rename it, for example pump_1", "remove '1st'"]);
});
