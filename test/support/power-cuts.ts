/**
 * Power cuts in the virtual board, and what its consumer has to show for it afterwards: number by number what came, what was said to be
 * lost, and for how long before each cut nothing had reached the disk.
 */
import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { start, temporaryFolder, until } from "./programs.ts";
import { ReadingAccount, type Account } from "./reading-account.ts";
import type { Architecture } from "./virtual-board.ts";

const root = join(import.meta.dirname, "../..");
const inside = join(root, "test/system/virtual-board");

export type Trouble = "cable" | "router" | "replay" | "errors";

export interface PowerCuts {
  readonly arch: Architecture;
  /** The folder of the bundle for that architecture. */
  readonly bundle: string;
  /** What goes before each cut; after the last one the board runs on. */
  readonly plan: readonly Trouble[];
  /** s */
  readonly limit: number;
  /** Flushes do nothing: what a test of this kind has to find out. */
  readonly withoutBarriers?: boolean;
}

interface Heard {
  readonly topic: string;
  readonly value?: unknown;
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly late?: boolean;
  readonly gap?: { readonly boot: string; readonly from: number; readonly to: number | null; readonly reason: string };
}

interface Cut {
  readonly boot: string;
  readonly trouble: Trouble;
  /** By the board's clock, ms since 1970. */
  readonly at: number;
}

export interface CutOutcome extends Cut {
  /** How long before the cut the newest reading was made that came, in ms. */
  readonly behind: number;
  /** Topics whose end of that boot was declared to be unknown. */
  readonly declared: readonly string[];
}

export interface PowerCutOutcome {
  /** Of the board's last run: 0 when it came to its end. */
  readonly status: number | null;
  readonly account: Account;
  readonly cuts: readonly CutOutcome[];
  readonly late: number;
  /** Values of the meter that do not rise with their number. */
  readonly mixedUp: readonly string[];
  readonly text: string;
}

/** Streams that are journaled, as virtual-board/power-inside.mjs configures them. */
const DURABLE = ["sensor.contact", "sensor.count"];

const FOUND_BY_CLIENT: ReadonlySet<string> = new Set(["not_kept", "history_unavailable"]);

/** Objects that the board's scripts wrote, one a line. */
function linesOf(file: string): readonly unknown[] {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as unknown);
}

export async function runPowerCuts(t: TestContext, options: PowerCuts): Promise<PowerCutOutcome> {
  const { arch, bundle, plan, limit, withoutBarriers = false } = options;
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  mkdirSync(at("bundle"));
  cpSync(bundle, at("bundle"), { recursive: true });
  copyFileSync(join(inside, "power-inside.mjs"), at("power-inside.mjs"));
  for (const file of ["orders.jsonl", "answers.jsonl", "account.jsonl", "cuts.jsonl"]) writeFileSync(at(file), "");
  // The board has a /tmp of its own, and this checkout may lie in the machine's: Node goes where the board looks.
  if (arch === "amd64") copyFileSync(process.execPath, at("node"));
  const outside = [
    process.execPath,
    join(inside, "power-outside.ts"),
    ...["orders", "answers", "account"].map((name) => at(`${name}.jsonl`)),
  ];
  const command = [
    arch === "amd64" ? at("node") : "node",
    at("power-inside.mjs"),
    at("bundle"),
    folder,
    plan.join(","),
  ];
  const rig = [
    "--arch",
    arch,
    "--timeout",
    String(limit),
    "--disk",
    "64",
    "--boots",
    String(plan.length + 1),
    "--host",
    outside.join(" "),
    "--uart1",
    `${process.execPath} ${join(inside, "power-meter.ts")}`,
  ];
  const board = start(join(root, "test/rig/gpio-vm"), [
    ...rig,
    folder,
    "--",
    ...command,
    ...(withoutBarriers ? ["barrier=0"] : []),
  ]);
  t.after(() => board.stop());
  await until("the end of the board", () => board.process.exitCode !== null, (limit + 15) * 1_000, board.output);
  const heard = linesOf(at("account.jsonl")) as readonly Heard[]; // by power-outside.ts
  const answers = linesOf(at("answers.jsonl")) as readonly { readonly answer: unknown }[]; // by power-outside.ts
  const made = answers.flatMap(({ answer }) => (Array.isArray(answer) ? (answer as readonly Made[]) : [])); // by power-outside.ts
  const cuts = linesOf(at("cuts.jsonl")) as readonly Cut[]; // by power-inside.mjs
  const durable = ({ topic }: { readonly topic: string }): boolean => DURABLE.includes(topic);
  const outcome = outcomeOf(heard.filter(durable), made.filter(durable), cuts);
  return { ...outcome, status: board.process.exitCode, text: board.output() };
}

interface Made {
  readonly topic: string;
  readonly boot: string;
  readonly seq: number;
}

/** Only what the board itself declares counts: what the client could not ask for at the time has to come later. */
function outcomeOf(
  heard: readonly Heard[],
  made: readonly Made[],
  cuts: readonly Cut[],
): Omit<PowerCutOutcome, "status" | "text"> {
  const account = new ReadingAccount();
  const gaps = heard.flatMap(({ topic, gap }) =>
    gap === undefined || FOUND_BY_CLIENT.has(gap.reason) ? [] : [{ topic, ...gap }],
  );
  const readings = heard.flatMap(({ topic, value, kwargs }) =>
    kwargs === undefined ? [] : [{ topic, value, kwargs }],
  );
  for (const { topic, kwargs } of readings) account.take({ topic, kwargs });
  for (const { topic, ...gap } of gaps) account.take({ topic, kwargs: { gap } });
  const newest = (boot: string): number => {
    const own = readings.filter(({ kwargs }) => kwargs["boot"] === boot);
    return Math.max(0, ...own.map(({ kwargs }) => Number(kwargs["t"])));
  };
  const highest = new Map([...account.known(), ...made].map((one) => [`${one.topic} ${one.boot}`, one]));
  return {
    account: account.report([...highest.values()]),
    cuts: cuts.map((cut) => ({
      ...cut,
      behind: cut.at - newest(cut.boot),
      declared: DURABLE.filter((topic) =>
        gaps.some((gap) => gap.topic === topic && gap.boot === cut.boot && gap.to === null),
      ),
    })),
    late: heard.filter(({ late }) => late === true).length,
    mixedUp: mixedUp(readings),
  };
}

function mixedUp(
  readings: readonly { topic: string; value: unknown; kwargs: Readonly<Record<string, unknown>> }[],
): readonly string[] {
  const counted = readings.filter(({ topic }) => topic === "sensor.count");
  const byBoot = Map.groupBy(counted, ({ kwargs }) => kwargs["boot"]);
  return [...byBoot].flatMap(([boot, list]) => {
    const values = list
      .toSorted((a, b) => Number(a.kwargs["seq"]) - Number(b.kwargs["seq"]))
      .map(({ value }) => Number(value));
    return values.flatMap((value, index) =>
      index === 0 || value > (values[index - 1] ?? 0) ? [] : [`${String(boot)}: ${String(value)}`],
    );
  });
}

/** ms; a group is written every 500 ms, the rest is what an emulated board on a busy machine may be late. */
const LATEST = 4_000;

export function assertNothingLost(
  { status, account, cuts, late, mixedUp: mixed, text }: PowerCutOutcome,
  wanted: number,
): void {
  const told = `${text}\n${JSON.stringify({ account, cuts, late, mixed }, null, 1)}`;
  assert.equal(status, 0, told);
  assert.equal(cuts.length, wanted, told);
  assert.deepEqual([account.undeclared, account.duplicates, mixed], [0, 0, []], told);
  for (const { declared, behind, trouble } of cuts) {
    assert.deepEqual(declared, DURABLE, told);
    if (trouble === "errors") continue; // such a disk may take nothing more until it is mounted anew
    assert.ok(behind < LATEST, told);
  }
  assert.ok(late > 20 * wanted, told);
}
