/** Programs in parts, as the build makes them: what is loaded on demand has to be what it is without a build. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { commonJsParts } from "../../deploy/common-js-parts.ts";
import { temporaryFolder } from "../support/programs.ts";

test("a CommonJS package that is loaded on demand has its names and its default", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  mkdirSync(source);
  writeFileSync(
    join(source, "package.cjs"),
    "class Thing { n = 5 }\nmodule.exports.Thing = Thing;\nmodule.exports.two = 2;\n",
  );
  writeFileSync(join(source, "module.mjs"), "export const three = 3;\nexport default () => 4;\n");
  writeFileSync(
    join(source, "main.mjs"),
    `async function main() {
  const [pack, own] = await Promise.all([import("./package.cjs"), import("./module.mjs")]);
  console.log(JSON.stringify([new pack.Thing().n, pack.default.two, pack.two, own.three, own.default()]));
}
void main();
`,
  );
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
    plugins: [commonJsParts],
  });
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, "out/main.cjs")], { encoding: "utf8" });
  assert.equal(stdout, "[5,2,2,3,4]\n", stderr);
});
