/** A driver of somebody else that cannot be used: each reason is told with the file and the cure, before hardware is touched. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { formatProblems } from "@pinion/config";
import { readBoardConfig } from "../../../device/board-config.ts";
import { usedDrivers } from "../../../device/guest/used-drivers.ts";
import { planWords } from "../../../device/plan-words.ts";
import { loadDrivers } from "../../../drivers/index.ts";
import { temporaryFolder } from "../../support/programs.ts";
import { driverText, fastTimers, script } from "./guest-rig.ts";

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function read(t: TestContext, files: Record<string, string>, factor = 1) {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const file = join(folder, "board.yaml");
  const used = await usedDrivers(file, script, { timers: fastTimers(factor), log });
  return readBoardConfig(file, await loadDrivers(), "host", used);
}

async function refusal(t: TestContext, files: Record<string, string>, factor = 1): Promise<string> {
  const found = await read(t, { "board.yaml": "drivers: [{ use: ./my.mjs }]", ...files }, factor);
  assert.ok(!found.ok, "the configuration was accepted");
  return formatProblems(found.problems);
}

const usual = (over: string): string => `
  const usual = {
    kind: "mine", title: "Mine", configSchema: { type: "object", additionalProperties: false },
    describe: () => ({ kind: "mine", channels: [] }), plan: () => [], open: async () => {},
  };
  export default { ...usual, ${over} };
`;

const refusals: readonly [what: string, text: string | undefined, words: RegExp][] = [
  [
    "a file that is not there",
    undefined,
    /drivers\[0\]\.use.*There is no file .*my\.mjs.*counts from the folder of that file/s,
  ],
  ["a file that is empty", "", /no default export.*Write: export default/s],
  ["a default export that is no object", "export default 7", /is a number.*Write:/s],
  [
    "parts that are missing",
    `export default { kind: "mine", title: "" }`,
    /lacks title \(a text\), describe \(a function\), plan \(a function\), open \(a function\), configSchema, a JSON Schema/,
  ],
  ["a syntax error", "export default {", /cannot be loaded: SyntaxError.*node --check/s],
  ["an import that is not installed", `import "no-such-package-anywhere";`, /no-such-package-anywhere.*npm install/s],
  [
    "a module that throws while it is loaded",
    "const x = undefined;\nx.y;",
    /TypeError: .*undefined.*\(my\.mjs:2:\d+\).*opens nothing before open/s,
  ],
  ["a module that ends the process", "process.exit(3)", /ended its process with status 3/],
  ["another version of the contract", usual("contract: 2"), /version 2 of the contract of drivers; this is version 1/],
  ["a kind that cannot be in a URI", usual(`kind: "My Driver"`), /kind "My Driver".*a-z, 0-9 and _/s],
  [
    "the kind of one of Pinion's own",
    usual(`kind: "gpio"`),
    /kind gpio in \.\/my\.mjs, which is also that of Pinion's own driver/,
  ],
  [
    "a schema that describes no mapping",
    usual(`configSchema: { type: "string" }`),
    /configSchema of the driver mine does not describe a mapping/,
  ],
  [
    "a schema that takes the word use",
    usual(`configSchema: { type: "object", properties: { use: {} } }`),
    /without a property use/,
  ],
  [
    "a description of the wrong shape",
    usual(`describe: () => ({ kind: "mine", channels: [{ name: "Bad Name" }] })`),
    /what describe answers is wrong at \/channels\/0/,
  ],
  [
    "a description of another kind",
    usual(`describe: () => ({ kind: "yours", channels: [] })`),
    /describe answers the kind yours, and the driver is mine/,
  ],
  [
    "a plan of the wrong shape",
    usual(`plan: () => [{ type: "gpio-line", line: -1, owner: "x" }]`),
    /what plan answers is wrong at \/0/,
  ],
  [
    "a description that is a promise",
    usual(`describe: async () => ({})`),
    /what describe answers is wrong at the top: kind is missing/,
  ],
  [
    "a plan that throws",
    usual(`plan: () => { throw new RangeError("no idea"); }`),
    /it threw: RangeError: no idea \(my\.mjs:\d+:\d+\)/,
  ],
];

for (const [what, text, words] of refusals) {
  test(`refused with its cure: ${what}`, async (t) => {
    assert.match(await refusal(t, text === undefined ? {} : { "my.mjs": text }), words);
  });
}

test("a module that never comes to rest while it is loaded is ended and named", async (t) => {
  assert.match(await refusal(t, { "my.mjs": "for (;;);" }, 5), /was not loaded within 15 s.*may not wait or compute/s);
});

test("a folder is no driver", async (t) => {
  assert.match(await refusal(t, { "board.yaml": "drivers: [{ use: ./ }]" }), /is no file\b.*with its ending/s);
});

test("its configuration is checked against its own schema and its own issues, with line and key, beside what else is wrong", async (t) => {
  const text = `
drivers:
  - use: ./my.mjs
    name: 5
    frobnicate: 1
  - use: gpio
    pins: { relay: { pin: header 1, direction: out } }
  - use: ./my.mjs
    name: two
`;
  const issues = `issues: ({ name }) => (name === "two" ? [{ path: "/name", message: "two is taken; use another one" }] : []),`;
  const words = await refusal(t, { "board.yaml": text, "my.mjs": driverText({ more: issues }) });
  assert.match(words, /board\.yaml:4:.*drivers\[0\]\.name/);
  assert.match(words, /board\.yaml:5:.*frobnicate/);
  assert.match(words, /board\.yaml:7:.*pin/);
  assert.match(words, /board\.yaml:9:.*two is taken.*use another one/s);
});

test("hardware that two drivers claim is refused before it is touched, and named with both", async (t) => {
  const text = `
drivers:
  - { use: gpio, pins: { relay: { pin: 17, direction: out } } }
  - { use: ./my.mjs, name: valve, line: 17 }
`;
  const words = await refusal(t, { "board.yaml": text, "my.mjs": driverText() });
  assert.match(words, /GPIO17 for 'valve', which 'relay' of driver gpio already holds/);
});

test("two files with drivers of one kind are refused, one file may be used twice", async (t) => {
  const both = "drivers: [{ use: ./my.mjs }, { use: ./other.mjs, name: two }]";
  assert.match(
    await refusal(t, { "board.yaml": both, "my.mjs": driverText(), "other.mjs": driverText() }),
    /kind mine in \.\/other\.mjs, which is also that of \.\/my\.mjs driver/,
  );
  const twice = "drivers: [{ use: ./my.mjs }, { use: ./my.mjs, name: two }]";
  const found = await read(t, { "board.yaml": twice, "my.mjs": driverText() });
  assert.ok(found.ok);
  assert.deepEqual(
    found.board.drivers.map(({ name }) => name),
    ["mine", "mine_2"],
  );
  assert.match(
    planWords(found.board),
    /driver mine: A driver of somebody\n  one: sensor\n  publishes sensor\.one\n  answers device\.mine\.poke/,
  );
});

test("a kind that nobody knows is refused with the way to a driver of one's own", async (t) => {
  assert.match(await refusal(t, { "board.yaml": "drivers: [{ use: gpoi }]" }), /gpoi/);
});

test("delivery in a named part of its entry is the board's, and the driver does not see it", async (t) => {
  const text = driverText()
    .replace(
      "name: Type.Optional(Type.String()),",
      "sensors: Type.Optional(named(Type.Object({}, { additionalProperties: false }), { description: 'All' })),",
    )
    .replace("DriverError, Type }", "DriverError, named, Type }");
  const found = await read(t, {
    "board.yaml": "drivers: [{ use: ./my.mjs, sensors: { one: { delivery: latest } } }]",
    "my.mjs": text,
  });
  assert.ok(found.ok, found.ok ? "" : formatProblems(found.problems));
  assert.deepEqual(found.board.drivers[0]?.config, { sensors: { one: {} } });
});
