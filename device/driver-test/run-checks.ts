/** The checks of one driver, one after the other, told to the process that prints them. Ends its process when all are done. */
import { AssertionError } from "node:assert";
import { inspect } from "node:util";
import * as authoring from "../../drivers/authoring/index.ts";
import { driverContract, type ContractCheck } from "../../drivers/authoring/driver-contract.ts";
import { DriverError } from "../../drivers/driver-error.ts";
import { provideDriverPackage } from "../guest/inside/driver-package.ts";
import { inspectDriver, loadDriver } from "../guest/inside/load-driver.ts";
import { wordsOf } from "../guest/messages.ts";
import "../guest/schemas-of-others.ts";
import { loadScenario } from "./scenario.ts";

export type Said =
  | { readonly type: "refused"; readonly words: string }
  | { readonly type: "begins"; readonly index: number; readonly name: string }
  | { readonly type: "ended"; readonly name: string; readonly fault?: string }
  | { readonly type: "done" };

const say = (said: Said): Promise<void> => new Promise((resolve) => process.send?.(said, () => resolve()));

/** What was thrown outside of any call, since the check began. */
let stray: string | undefined;

export async function runChecks(from: number, file: string, scenarioFile: string | undefined): Promise<never> {
  provideDriverPackage(authoring);
  process.on("uncaughtException", (error) => (stray ??= `it threw outside of any call: ${wordsOf(error)}`));
  process.on("unhandledRejection", (error) => (stray ??= `it left a rejected promise to nobody: ${wordsOf(error)}`));
  let checks: readonly ContractCheck[];
  try {
    const driver = await loadDriver(file);
    const scenario = await loadScenario(scenarioFile);
    const [answer] = inspectDriver(driver, [scenario.config]).configs.values();
    const [issue] = answer?.issues ?? [];
    if (issue !== undefined)
      throw new DriverError(
        "bad_config",
        `The scenario's config is refused at ${issue.path || "the top"}: ${issue.message}`,
        {
          cure:
            scenarioFile === undefined
              ? "Write a scenario with a config that it takes: <driver>.scenario.mjs beside it."
              : "Correct the scenario.",
        },
      );
    if (answer !== undefined && "fault" in answer)
      throw new DriverError("driver_fault", answer.fault, { cure: "Mend the driver." });
    checks = driverContract(driver, scenario);
  } catch (error) {
    await say({ type: "refused", words: error instanceof DriverError ? error.message : wordsOf(error) });
    process.exit(0);
  }
  for (const [index, { name, run }] of checks.entries()) {
    if (index < from) continue;
    await say({ type: "begins", index, name });
    const fault = await faultOf(run);
    await say({ type: "ended", name, ...(fault === undefined ? {} : { fault }) });
  }
  await say({ type: "done" });
  process.exit(0);
}

/** Why the driver does not keep it; undefined: it does. */
async function faultOf(run: () => Promise<void>): Promise<string | undefined> {
  stray = undefined;
  const before = timersOfItsOwn();
  try {
    await run();
  } catch (error) {
    return assertionWords(error);
  }
  await new Promise((resolve) => setImmediate(resolve));
  if (stray !== undefined) return stray;
  const left = timersOfItsOwn() - before;
  if (left <= 0) return undefined;
  return `${String(left)} timers of its own are left: use ctx.timers and ctx.clock, and cancel what still waits in close`;
}

/** The board's time is virtual: what the platform's timers hold is the driver's. */
function timersOfItsOwn(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

function assertionWords(error: unknown): string {
  if (!(error instanceof AssertionError)) return wordsOf(error);
  if (error.generatedMessage) return error.message;
  const short = (value: unknown): string => inspect(value, { breakLength: Infinity, depth: 6 }).slice(0, 400);
  const compared = error.operator !== "==" && error.operator !== "fail";
  // what Node adds is the same once more, over many lines
  const [words = ""] = error.message.split("\n");
  return compared ? `${words}: found ${short(error.actual)}, expected ${short(error.expected)}` : words;
}
