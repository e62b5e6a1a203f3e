/** All checks, in the order in which their findings are best read: each for itself, none stops another. */
import { hostname } from "node:os";
import type { Problem } from "@pinion/config";
import { boardToExamine } from "../compose-board.ts";
import { isClockSynced } from "../clock-sync.ts";
import { doctorGpio } from "../doctor-gpio.ts";
import type { BoardConfig } from "../board-config.ts";
import { checkAddons } from "./addon-checks.ts";
import { checkOwnCertificates, checkRouterCertificates } from "./certificate-checks.ts";
import { error, ok, warning, type Finding } from "./finding.ts";
import { checkHardware } from "./hardware-checks.ts";
import { checkClock, checkDisk, checkKernel, checkNode, checkPower } from "./machine-checks.ts";
import { machineAt, type Machine } from "./machine.ts";
import { checkRouter } from "./router-checks.ts";

/** ms for each check. */
const LIMIT = 30_000;

/** What is known of the configuration: a sound one, what is wrong with it, or that there is none. */
export type Examined =
  | { readonly board: BoardConfig; readonly file: string }
  | { readonly problems: readonly Problem[] }
  | { readonly none: string };

export interface DoctorContext {
  readonly machine?: Machine;
  /** Folders that the board writes to. */
  readonly folders: readonly string[];
  readonly isSynced?: () => Promise<boolean>;
}

export async function examine(
  examined: Examined,
  { machine = machineAt(), folders, isSynced = isClockSynced }: DoctorContext,
): Promise<readonly Finding[]> {
  const board = "board" in examined ? examined.board : undefined;
  const drivers = board?.drivers ?? [];
  const isSimulated = board?.config.board.gpio === "simulated";
  const real = isSimulated
    ? drivers.map((one) => ({
        ...one,
        claims: one.claims.filter(({ type }) => type !== "gpio-line" && type !== "pwm-channel"),
      }))
    : drivers;
  const checks: readonly (readonly [string, () => readonly Finding[] | Promise<readonly Finding[]>])[] = [
    ["node", () => checkNode(machine)],
    ["kernel", () => checkKernel(machine)],
    ["config", () => configFindings(examined)],
    ["addons", () => checkAddons(real)],
    ["hardware", () => checkHardware(machine, real)],
    [
      "gpio",
      async () =>
        board === undefined || !drivers.some(usesPins) ? [] : await doctorGpio(await boardToExamine(board), drivers),
    ],
    ["power", () => checkPower(machine)],
    ["clock", async () => checkClock(machine, await isSynced())],
    ["disk", () => checkDisk(machine, folders)],
    [
      "tls",
      async () =>
        board === undefined
          ? []
          : [...checkOwnCertificates(board, machine.now), ...(await checkRouterCertificates(board, machine.now))],
    ],
    ["router", async () => (board === undefined ? [] : await checkRouter(board))],
  ];
  const findings: Finding[] = [];
  for (const [name, run] of checks) findings.push(...(await guarded(name, run)));
  return findings;
}

const usesPins = ({ claims }: BoardConfig["drivers"][number]): boolean =>
  claims.some(({ type }) => type === "gpio-line");

function configFindings(examined: Examined): readonly Finding[] {
  if ("none" in examined)
    return [
      warning(
        "config",
        `${examined.none}: drivers and router are not looked at`,
        "Write one, or name it with --config.",
      ),
    ];
  if ("problems" in examined)
    return examined.problems.map(({ file, line, key, found, allowed, cure }) =>
      error(
        "config",
        `${file}:${String(line)}: ${key}: ${found}`,
        `Allowed: ${allowed}. To do: ${cure.replace(/\.$/, "")}.`,
      ),
    );
  const { board, file } = examined;
  return [
    ok(
      "config",
      `${file}: board ${board.naming.id} on ${hostname()}, drivers ${board.drivers.map(({ name }) => name).join(", ") || "none"}`,
    ),
  ];
}

async function guarded(
  name: string,
  run: () => readonly Finding[] | Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Finding[]>((resolve) => {
    const words = `the check of ${name} did not end within ${String(LIMIT / 1_000)} s`;
    timer = setTimeout(() => resolve([error(name, words, "Run it again; if it stays so, report it.")]), LIMIT);
  });
  try {
    return await Promise.race([Promise.resolve(run()), late]);
  } catch (caught) {
    return [
      error(
        name,
        `the check of ${name} failed: ${caught instanceof Error ? caught.message : String(caught)}`,
        "Report it with this text.",
      ),
    ];
  } finally {
    clearTimeout(timer);
  }
}
