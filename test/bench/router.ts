/**
 * `npm run bench:router`: the built router-bridge under load, beside what a user would run instead, in the same run.
 * Options: --only <case,...>, --contestants <entrant,...>, --quick, --repeat <n>, --seconds <n>, --out <file.json>,
 * --program <pinion-router-bridge.cjs> (another build), --list, --save (a whole run becomes the committed result).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { buildAside } from "./build-aside.ts";
import { cases, type Case, type Entrant } from "./cases.ts";
import { publish } from "./publish.ts";
import { measureCase, type Settings } from "./measure-case.ts";
import { machine, type CaseResult } from "./router-result.ts";
import { caseTable, goalTable } from "./router-table.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    contestants: { type: "string" },
    quick: { type: "boolean", default: false },
    repeat: { type: "string", default: "3" },
    seconds: { type: "string" },
    out: { type: "string" },
    program: { type: "string" },
    save: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
  },
});

const split = (text: string | undefined): readonly string[] | undefined => text?.split(",").filter((one) => one !== "");
const only = split(values.only);
const contestants = split(values.contestants);

function stop(message: string): never {
  console.error(`bench:router: ${message}`);
  process.exit(2);
}

function positive(name: string, text: string): number {
  const number = Number(text);
  return Number.isFinite(number) && number > 0 ? number : stop(`--${name} needs a number above 0, not '${text}'`);
}

function chosen(): readonly Case[] {
  const unknown = only?.filter((name) => !cases.some((one) => one.name === name)) ?? [];
  if (unknown.length > 0) stop(`no case named ${unknown.join(", ")}; --list names them all`);
  const known = new Set<string>(
    cases.flatMap(({ entrants }) => entrants.flatMap(({ name, server }) => [name, server])),
  );
  const strangers = contestants?.filter((name) => !known.has(name)) ?? [];
  if (strangers.length > 0) stop(`nobody is named ${strangers.join(", ")}; there are: ${[...known].join(", ")}`);
  return cases.filter((one) => only?.includes(one.name) ?? (!values.quick || one.quick));
}

/** In the quick run only those that the goals are about. */
function wantedIn({ goals }: Case): (entrant: Entrant) => boolean {
  if (contestants !== undefined)
    return ({ name, server }) => contestants.includes(name) || contestants.includes(server);
  if (!values.quick) return () => true;
  return ({ name }) => goals.some(({ ours, theirs }) => ours === name || theirs === name);
}

if (values.list) {
  for (const { name, title, entrants } of cases)
    console.log(`${name.padEnd(20)} ${title}: ${entrants.map((one) => one.name).join(", ")}`);
  process.exit(0);
}
if (values.save && (values.quick || only !== undefined || contestants !== undefined))
  stop("--save takes a whole run: without --quick, --only and --contestants");
const selected = chosen();
const seconds = positive("seconds", values.seconds ?? (values.quick ? "0.5" : "0.8"));
const repeat = Math.round(positive("repeat", values.repeat));
const program = values.program ?? (await buildAside("pinion-router-bridge")).script;
const common = { repeat, program, times: { seconds, warmUp: values.quick ? 0.25 : 0.35 } };
const results: CaseResult[] = [];
for (const one of selected) {
  const settings: Settings = { ...common, wants: wantedIn(one) };
  const result = await measureCase(one, settings);
  console.log(caseTable(result));
  results.push(result);
}
console.log(`\nratios within this run, medians of ${String(repeat)}\n${goalTable(results)}`);
const out = values.out ?? join(import.meta.dirname, "../../test-results/router.json");
mkdirSync(dirname(out), { recursive: true });
const whole = { machine: machine(), settings: { repeat, seconds }, cases: results };
writeFileSync(out, `${JSON.stringify(whole, null, 2)}\n`);
if (values.save) publish(whole);
console.log(`\nwritten: ${out}`);
if (results.some(({ failed }) => Object.keys(failed).some((name) => name.startsWith("pinion")))) process.exitCode = 1;
