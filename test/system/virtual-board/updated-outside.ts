/**
 * Outside the installed board: the built router-bridge with accounts, and a maintainer who sends releases and configurations with the
 * built command line. argv[2]: a folder with accounts, releases and the next configuration; argv[3]: one shared with the board, which
 * waits for files there. What was seen goes to seen.jsonl in the first, as ["name", value].
 */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BOARD, MAINTAINER } from "../../support/board-accounts.ts";
import { programScript, start, startBridge, until } from "../../support/programs.ts";

const PORT = 8080;
const [, , folder = "", shared = ""] = process.argv;
/** ms; everything takes long on an emulated processor. */
const PATIENCE = 600_000;

interface Finished {
  readonly status: number | null;
  readonly output: string;
}

async function pinion(...args: readonly string[]): Promise<Finished> {
  const login = ["--authid", MAINTAINER, "--key-file", join(folder, `${MAINTAINER}.key`)];
  const link = ["--url", `rs://127.0.0.1:${String(PORT)}`];
  const command = start(process.execPath, [programScript("pinion"), ...args, ...login, ...link]);
  await until("the command's end", () => command.process.exitCode !== null, PATIENCE, command.output);
  return { status: command.process.exitCode, output: command.output() };
}

function fact(name: string, value: unknown): void {
  appendFileSync(join(folder, "seen.jsonl"), `${JSON.stringify([name, value])}\n`);
}

async function health(): Promise<Record<string, unknown> | undefined> {
  const { status, output } = await pinion("call", `device.${BOARD}.health`, "--timeout", "20000");
  return status === 0 ? (JSON.parse(output) as Record<string, unknown>) : undefined; // what `call` prints
}

/** What the board says of itself, once this is so; the last that it said, when it never was. */
async function healthWhen(isSo: (told: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
  const end = Date.now() + PATIENCE;
  let last: Record<string, unknown> = {};
  while (Date.now() < end) {
    const told = await health();
    if (told !== undefined) last = told;
    if (told !== undefined && isSo(told)) break;
    await sleep(1_000);
  }
  return last;
}

const release = (told: Record<string, unknown>): string => JSON.stringify(told["release"] ?? null);

async function send(version: string): Promise<void> {
  const began = Date.now();
  const file = join(folder, `pinion-device-${version}-linux-arm64.tar.gz`);
  const { status, output } = await pinion("update", file, "--to", BOARD);
  fact(`update ${version}`, status);
  fact(`update ${version} says`, output.trim().split("\n").slice(-4).join("\n"));
  fact(`s for ${version} to prove itself or be taken back`, Math.round((Date.now() - began) / 1000));
  fact(`after ${version} it runs`, release(await healthWhen((told) => release(told).includes('"onTrial":false'))));
}

async function changeConfiguration(): Promise<void> {
  const next = join(folder, "next.yaml");
  const has = async (pin: string): Promise<boolean> =>
    (await pinion("call", `device.${BOARD}.gpio.get`, pin, "--timeout", "20000")).status === 0;
  fact("plan", (await pinion("config", "plan", next, "--to", BOARD)).output);
  fact("apply", (await pinion("config", "apply", next, "--to", BOARD)).status);
  await until("the new pin", () => has("fan"), PATIENCE);
  fact("applied, the new pin is there", true);
  await until("the old pin again", () => has("pump"), PATIENCE);
  fact("not confirmed, it says", JSON.stringify((await health())?.["config"] ?? null));
  const kept = await pinion("config", "apply", next, "--to", BOARD, "--confirm");
  fact("apply and confirm", kept.status);
  fact("apply and confirm says", kept.output.trim().split("\n").at(-1));
}

const bridge = await startBridge(PORT, ["--config", join(folder, "bridge.yaml")]);
process.once("SIGTERM", () => void bridge.stop().then(() => process.exit(0)));
fact("begins with", release(await healthWhen(() => true)));
for (const version of ["1.1.0", "1.2.0", "1.3.0"]) await send(version);
await changeConfiguration();
writeFileSync(join(shared, "cut"), "");
await until("the next start of the board", () => existsSync(join(shared, "boot-2")), PATIENCE);
const after = await healthWhen(() => true);
fact("after a power cut it runs", release(after));
fact("and has the new pin", (await pinion("call", `device.${BOARD}.gpio.get`, "fan", "--timeout", "60000")).status);
writeFileSync(join(shared, "finished"), "");
