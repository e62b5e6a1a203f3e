/** Programs in parts, as the build makes them: what is loaded on demand has to be what it is without a build. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { build, type Metafile } from "esbuild";
import { commonJsParts } from "../../deploy/common-js-parts.ts";
import { joinParts } from "../../deploy/join-parts.ts";
import { temporaryFolder } from "../support/programs.ts";

const SOURCES = {
  "package.cjs": "class Thing { n = 5 }\nmodule.exports.Thing = Thing;\nmodule.exports.two = 2;\n",
  "module.mjs": "export const three = 3;\nexport default () => 4;\n",
  "main.mjs": `async function main() {
  const [pack, own] = await Promise.all([import("./package.cjs"), import("./module.mjs")]);
  console.log(JSON.stringify([new pack.Thing().n, pack.default.two, pack.two, own.three, own.default()]));
}
void main();
`,
};

/** `count`, `last` and `mode` are given to two parts, and change after both have been loaded. */
const CHANGING = {
  "shared.mjs": `import { basename } from "node:path";
export let count = 0;
export let last;
export let mode = "idle";
export const fixed = basename("/a/fixed");
export function step(name) {
  count += 1;
  last = name;
  [mode] = ["busy"];
}
`,
  "one.mjs": `import { count, last, mode, step } from "./shared.mjs";
export const one = () => (step("one"), [count, last, mode]);
`,
  "two.mjs": `import { count, fixed, last, mode, step } from "./shared.mjs";
export const two = () => { const before = [count, last, mode, fixed]; step("two"); return [...before, count, last]; };
`,
  "main.mjs": `async function main() {
  const { one } = await import("./one.mjs");
  const { two } = await import("./two.mjs");
  console.log(JSON.stringify([...one(), ...two()]));
}
void main();
`,
};

/** What the program says that is made of them; its parts are asked for in `parts`. */
async function run(
  t: TestContext,
  sources: Readonly<Record<string, string>>,
): Promise<{ said: string; parts: string[] }> {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  mkdirSync(source);
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(source, name), text);
  await build({
    entryPoints: [join(source, "main.mjs")],
    outdir: join(folder, "out"),
    outExtension: { ".js": ".cjs" },
    chunkNames: "parts/[name]-[hash]",
    bundle: true,
    platform: "node",
    format: "esm",
    splitting: true,
    target: "node20",
    minify: true,
    metafile: true,
    absWorkingDir: folder,
    plugins: [commonJsParts],
  });
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, "out/main.cjs")], { encoding: "utf8" });
  assert.equal(stderr, "");
  const parts = readdirSync(join(folder, "out/parts")).map((name) =>
    readFileSync(join(folder, "out/parts", name), "utf8"),
  );
  return { said: stdout, parts };
}

test("a CommonJS package that is loaded on demand has its names and its default", async (t) => {
  assert.equal((await run(t, SOURCES)).said, "[5,2,2,3,4]\n");
});

test("what a part gives and changes later is seen by all who took it; what stays is taken once", async (t) => {
  const { said, parts } = await run(t, CHANGING);
  assert.equal(said, '[1,"one","busy",1,"one","busy","fixed",2,"two"]\n');
  const shared = parts.find((text) => text.includes("busy")) ?? "";
  assert.equal(shared.match(/get \w+\(\)/g)?.length, 3);
});

test("parts that import each other in a circle are refused when they are joined", () => {
  const texts: Readonly<Record<string, string>> = {
    "out/parts/a.cjs": 'import{b}from"./b.cjs";var a=()=>b;export{a};\n',
    "out/parts/b.cjs": 'import{a}from"./a.cjs";var b=()=>a;export{b};\n',
  };
  const output = (path: string, name: string): Metafile["outputs"][string] => ({
    bytes: 1,
    inputs: {},
    imports: [{ path, kind: "import-statement" }],
    exports: [name],
  });
  const outputs = {
    "out/parts/a.cjs": output("out/parts/b.cjs", "a"),
    "out/parts/b.cjs": output("out/parts/a.cjs", "b"),
  };
  assert.throws(() => joinParts(outputs, (path) => texts[path] ?? ""), /imports itself through/);
});

test("a part whose exports are not written as expected is refused, not shipped without them", () => {
  const outputs = { "out/parts/a.cjs": { bytes: 1, inputs: {}, imports: [], exports: ["a"] } };
  assert.throws(() => joinParts(outputs, () => "export const a = 1;\n"), /in another way now/);
});
