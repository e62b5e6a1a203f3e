/** `npm run bench [name...]`: figures of framing, serializers and router core, within one process, as tables and as JSON. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchResult } from "./result.ts";

const benches: Readonly<Record<string, () => Promise<{ run(): Promise<readonly BenchResult[]> }>>> = {
  framing: () => import("./framing.ts"),
  serializers: () => import("./serializers.ts"),
  "router-core": () => import("./router-core.ts"),
};

function print(name: string, results: readonly BenchResult[]): void {
  console.log(`\n${name}`);
  for (const { name: what, unit, value, ratio, ratioTo } of results) {
    const figure = value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
    const compared = ratio === undefined ? "" : `   ${ratio.toFixed(2)} x ${ratioTo ?? ""}`;
    console.log(`  ${what.padEnd(56)} ${figure.padStart(14)} ${unit.padEnd(10)}${compared}`);
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`no benchmark named ${unknown.join(", ")}; there are: ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
const all: Record<string, readonly BenchResult[]> = {};
for (const [name, load] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const bench = await load();
  all[name] = await bench.run();
  print(name, all[name]);
}
const folder = join(import.meta.dirname, "../../test-results");
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, "bench.json"),
  `${JSON.stringify({ node: process.version, arch: process.arch, results: all }, null, 2)}\n`,
);
process.exit(0);
