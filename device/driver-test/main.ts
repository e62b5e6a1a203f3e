/**
 * `pinion driver test`: holds a driver to the contract that Pinion's own drivers are held to, on a board in memory and a clock
 * that moves at once. The checks run in a process of their own, so that what does not come to rest is ended and named; this one
 * prints. Status 0: it keeps the contract, 1: it does not, 2: it could not be tried.
 */
import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { scenarioBeside } from "./scenario.ts";
import type { Said } from "./run-checks.ts";

const USAGE = `Usage: pinion driver test <file> [--scenario <file>] [--limit <s>] [--json]

Holds a driver to the contract: opens, calls, unplugs and closes it on a board
in memory. The scenario says how; default: <driver>.scenario.mjs beside it.
A check that has not ended after --limit seconds (30) is ended.
`;

/** s for one check. */
const LIMIT = 30;

interface Result {
  readonly name: string;
  readonly ok: boolean;
  readonly fault?: string;
}

interface Wanted {
  readonly file: string;
  readonly scenario: string | undefined;
  /** s for one check. */
  readonly limit: number;
}

async function main(args: readonly string[]): Promise<number> {
  let values: { scenario?: string; limit?: string; json?: boolean; help?: boolean };
  let positionals: string[];
  try {
    const options = {
      scenario: { type: "string" },
      limit: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    } as const;
    ({ values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true }));
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return (print(USAGE.trimEnd()), 0);
  const [given, ...others] = positionals;
  if (given === undefined || others.length > 0) return refused(`name one file with a driver\n\n${USAGE}`);
  const file = resolve(given);
  const scenario = values.scenario === undefined ? scenarioBeside(file) : resolve(values.scenario);
  if (scenario !== undefined && !existsSync(scenario)) return refused(`there is no file ${scenario}`);
  const limit = Number(values.limit ?? LIMIT);
  if (!(limit >= 1 && limit <= 3_600)) return refused("--limit is a number of seconds from 1 to 3600");
  return await tryOut({ file, scenario, limit }, values.json === true);
}

async function tryOut(wanted: Wanted, json: boolean): Promise<number> {
  const results: Result[] = [];
  let from = 0;
  for (;;) {
    const part = await runFrom(from, wanted, (result) => {
      results.push(result);
      if (!json) print(lineOf(result));
    });
    if (part.refusal !== undefined) return refused(part.refusal);
    if (part.next === undefined) break;
    from = part.next;
  }
  const failed = results.filter(({ ok }) => !ok).length;
  if (json) print(JSON.stringify(results));
  else print(summary(results.length, failed, wanted));
  return failed === 0 ? 0 : 1;
}

function summary(all: number, failed: number, { scenario }: Wanted): string {
  const counted = `${String(all)} checks, ${failed === 0 ? "all kept" : `${String(failed)} broken`}`;
  return scenario === undefined ? `${counted} (without a scenario: with an empty configuration)` : counted;
}

/** Runs the checks from the one with this number on, until one does not end or all have. */
async function runFrom(
  from: number,
  { file, scenario, limit }: Wanted,
  tell: (result: Result) => void,
): Promise<{ readonly next?: number; readonly refusal?: string }> {
  const child = fork(process.argv[1] ?? "", [TEST_DRIVER, RUN, String(from), file, scenario ?? ""], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    execArgv: ["--max-old-space-size=256", "--disable-warning=ExperimentalWarning"],
  });
  let under: { readonly index: number; readonly name: string } = { index: from, name: "the driver is loaded" };
  let refusal: string | undefined;
  let isDone = false;
  let timer: NodeJS.Timeout | undefined;
  let tooLong = false;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      tooLong = true;
      child.kill("SIGKILL");
    }, limit * 1_000);
  };
  timer = setTimeout(
    () => {
      tooLong = true;
      child.kill("SIGKILL");
    },
    Math.max(limit, LIMIT) * 1_000,
  );
  // the other end is the same program
  child.on("message", (said: Said) => {
    wait();
    if (said.type === "begins") under = said;
    else if (said.type === "ended")
      tell({
        name: said.name,
        ok: said.fault === undefined,
        ...(said.fault === undefined ? {} : { fault: said.fault }),
      });
    else if (said.type === "refused") refusal = said.words;
    else isDone = true;
  });
  const how = await new Promise<string>((ended) => {
    child.once("exit", (code, signal) =>
      ended(signal === null ? `it ended the process with status ${String(code)}` : `it was ended by ${signal}`),
    );
  });
  clearTimeout(timer);
  if (refusal !== undefined) return { refusal };
  if (isDone) return {};
  const fault = tooLong
    ? `it did not come to rest within ${String(limit)} s: an endless loop, or a promise that never settles`
    : how;
  if (under.name === "the driver is loaded") return { refusal: fault };
  tell({ name: under.name, ok: false, fault });
  return { next: under.index + 1 };
}

function lineOf({ name, ok, fault }: Result): string {
  return ok ? `ok      ${name}` : `BROKEN  ${name}\n        ${(fault ?? "").replaceAll("\n", "\n        ")}`;
}

function print(words: string): void {
  process.stdout.write(`${words}\n`);
}

function refused(words: string): number {
  process.stderr.write(`pinion driver test: ${words}\n`);
  return 2;
}

/** The command of the board's program that leads here. */
const TEST_DRIVER = "test-driver";
const RUN = "--run-checks-from";

/** `args` after that command. Answers the status to end with. */
export async function testDriver(args: readonly string[]): Promise<number> {
  const [first, from = "0", file = "", scenario = ""] = args;
  if (first !== RUN) return await main(args);
  const { runChecks } = await import("./run-checks.ts");
  return await runChecks(Number(from), file, scenario === "" ? undefined : scenario);
}
