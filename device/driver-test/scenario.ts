/** How a driver is tried: which configuration, what makes it publish, how its hardware is taken away. */
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { DriverError } from "../../drivers/driver-error.ts";
import type { DriverScenario } from "../../drivers/authoring/driver-contract.ts";
import { importFile } from "../guest/inside/load-driver.ts";
import { wordsOf } from "../guest/messages.ts";

/** Beside `my-driver.mjs`: `my-driver.scenario.mjs`. */
export function scenarioBeside(driverFile: string): string | undefined {
  const file = driverFile.replace(/(\.[^./]+)$/, ".scenario$1");
  return existsSync(file) ? file : undefined;
}

const SHAPE =
  "export default { config: { ... }, prepare: (rig) => {}, stimulate: async (rig) => rig.clock.advance(60_000), unplug: (rig) => {}, replug: (rig) => {}, args: { my_action: [1] } }";

/** Without a file: an empty configuration, and five minutes pass. @throws (rejects) DriverError `bad_config`. */
export async function loadScenario(file: string | undefined): Promise<DriverScenario> {
  if (file === undefined) return completed({});
  let module: unknown;
  try {
    module = await importFile(pathToFileURL(file).href);
  } catch (error) {
    throw new DriverError("bad_config", `${file} cannot be loaded: ${wordsOf(error)}`, { cure: `Write: ${SHAPE}` });
  }
  const found = isRecord(module) ? module["default"] : undefined;
  if (!isRecord(found))
    throw new DriverError("bad_config", `${file} has no default export`, { cure: `Write: ${SHAPE}` });
  for (const name of ["prepare", "stimulate", "unplug", "replug"]) {
    if (found[name] !== undefined && typeof found[name] !== "function")
      throw new DriverError("bad_config", `${name} of ${file} is no function`, { cure: `Write: ${SHAPE}` });
  }
  return completed(found);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

// what is there has just been looked at, or is what its type says
function completed(given: Partial<DriverScenario>): DriverScenario {
  const { config = {}, prepare = () => undefined, stimulate, args = {} } = given;
  return { ...given, config, prepare, stimulate: stimulate ?? (async (rig) => rig.clock.advance(300_000)), args };
}
