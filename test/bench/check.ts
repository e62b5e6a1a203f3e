/**
 * `npm run bench:check`: does the router still stand to the others as in the committed result? Measures the quick cases
 * (or takes `--result <file.json>`) and compares ratios only, since figures are the machine's. What falls behind by more than
 * the tolerance is measured once more before it counts. Exit status 1: something is slower, was lost, or could not be measured.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compareCase, type Finding } from "./compare-case.ts";
import { COMMITTED } from "./publish.ts";
import type { RouterResult } from "./router-result.ts";

const { values } = parseArgs({ options: { result: { type: "string" }, against: { type: "string" } } });

function read(file: string): RouterResult {
  if (!existsSync(file)) throw new Error(`bench:check: there is no ${file}`);
  // Written by bench:router.
  return JSON.parse(readFileSync(file, "utf8")) as RouterResult;
}

function measure(name: string, more: readonly string[]): RouterResult {
  const folder = join(import.meta.dirname, "../../test-results");
  mkdirSync(folder, { recursive: true });
  const out = join(folder, `${name}.json`);
  const script = join(import.meta.dirname, "router.ts");
  const { status } = spawnSync(process.execPath, [script, "--quick", "--out", out, ...more], { stdio: "inherit" });
  if (status !== 0) throw new Error(`bench:check: bench:router ended with status ${String(status)}`);
  return read(out);
}

function findings(now: RouterResult): Finding[] {
  return now.cases.flatMap((one) => {
    const before = committed.cases.find(({ name }) => name === one.name);
    return before === undefined ? [] : compareCase(before, one);
  });
}

const committed = read(values.against ?? COMMITTED);
const first = findings(values.result === undefined ? measure("check", []) : read(values.result));
const doubtful = [...new Set(first.filter(({ fault }) => fault).map(({ caseName }) => caseName))];
const again =
  doubtful.length > 0 && values.result === undefined
    ? findings(measure("check-again", ["--only", doubtful.join(","), "--repeat", "5"]))
    : first.filter(({ caseName }) => doubtful.includes(caseName));
const final = [...first.filter(({ caseName }) => !doubtful.includes(caseName)), ...again];
console.log("\nbench:check");
for (const { caseName, words, fault } of final) console.log(`  ${fault ? "WORSE" : "ok   "} ${caseName}: ${words}`);
if (first.length === 0) console.error("bench:check: nothing to compare");
if (first.length === 0 || final.some(({ fault }) => fault)) process.exitCode = 1;
