/** A driver's file, loaded: whatever its author left out or got wrong is told with the cure. */
import { existsSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { configIssues } from "../../../drivers/config-issues.ts";
import { CONTRACT, defineDriver, type DriverDefinition, type DriverSource } from "../../../drivers/driver.ts";
import { DriverError } from "../../../drivers/driver-error.ts";
import { claimsSchema, descriptionSchema } from "../../../drivers/description-schema.ts";
import { wordsOf, type InspectedConfig, type InspectedDriver } from "../messages.ts";

/** As written here it stays an import of whatever it is given; the bundler would make a require of it, which takes no ES module. */
// eslint-disable-next-line no-new-func, no-implied-eval
export const importFile = new Function("url", "return import(url)") as (url: string) => Promise<unknown>; // what the text says

const SHAPE = `export default { kind: "my_driver", title: "...", configSchema: { type: "object", ... }, describe, plan, open }`;

function wrong(what: string, cure: string): DriverError {
  return new DriverError("bad_config", what, { cure });
}

/** @throws (rejects) DriverError `bad_config`. */
export async function loadDriver(file: string): Promise<DriverDefinition> {
  if (!existsSync(file))
    throw wrong(
      `There is no file ${file}`,
      "Correct the path; in a configuration it counts from the folder of that file.",
    );
  if (!statSync(file).isFile()) throw wrong(`${file} is no file`, "Name the module's file, with its ending.");
  let module: unknown;
  try {
    module = await importFile(pathToFileURL(file).href);
  } catch (error) {
    throw wrong(`${file} cannot be loaded: ${wordsOf(error)}`, importCure(error));
  }
  return definitionIn(module, file);
}

function importCure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (error instanceof SyntaxError) return "Correct it: `node --check` on the file says where it is.";
  if (code === "ERR_MODULE_NOT_FOUND")
    return "Install what it imports beside it (npm install), or bundle it into the file.";
  if (code === "ERR_UNKNOWN_FILE_EXTENSION") return "Name a file that ends with .mjs, .js or .cjs.";
  return "Mend what it does while it is loaded: a driver opens nothing before open.";
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function definitionIn(module: unknown, file: string): DriverDefinition {
  const found = isRecord(module) ? module["default"] : undefined;
  if (found === undefined) throw wrong(`${file} has no default export`, `Write: ${SHAPE}`);
  if (!isRecord(found)) throw wrong(`The default export of ${file} is a ${typeof found}`, `Write: ${SHAPE}`);
  const { contract = CONTRACT } = found;
  if (contract !== CONTRACT) {
    const cure = `Take the version of it that was made for ${String(CONTRACT)}, or the version of Pinion that it was made for.`;
    throw wrong(
      `${file} is made for version ${String(contract)} of the contract of drivers; this is version ${String(CONTRACT)}`,
      cure,
    );
  }
  const faults = [
    ...missing(found, "string", ["kind", "title"]),
    ...missing(found, "function", ["describe", "plan", "open"]),
  ];
  if (!isRecord(found["configSchema"])) faults.push("configSchema, a JSON Schema");
  for (const name of ["issues", "outputsOnly", "check"]) {
    if (found[name] !== undefined && typeof found[name] !== "function") faults.push(`${name} as a function`);
  }
  if (faults.length > 0) throw wrong(`The default export of ${file} lacks ${faults.join(", ")}`, `Write: ${SHAPE}`);
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(String(found["kind"])))
    throw wrong(
      `The kind ${JSON.stringify(found["kind"])} of ${file} cannot be part of a URI`,
      "Use a-z, 0-9 and _, a letter first.",
    );
  // what its types would have said has just been looked at
  if (found["check"] !== undefined) return found as unknown as DriverDefinition;
  return defineDriver(found as unknown as DriverSource<Record<string, unknown>>);
}

function missing(found: Record<string, unknown>, type: string, names: readonly string[]): string[] {
  return names
    .filter((name) => typeof found[name] !== type || found[name] === "")
    .map((name) => `${name} (a ${type === "string" ? "text" : type})`);
}

/** What it makes of each configuration; whatever throws, or has a wrong shape, is told there. @throws DriverError `bad_config`. */
export function inspectDriver(driver: DriverDefinition, configs: readonly unknown[]): InspectedDriver {
  const inspected = new Map<string, InspectedConfig>();
  for (const config of configs) {
    const one = inspectConfig(driver, config);
    inspected.set(JSON.stringify(config), one);
    if ("outputs" in one) inspected.set(JSON.stringify(one.outputs), inspectConfig(driver, one.outputs));
  }
  const { kind, title } = driver;
  return { kind, title, configSchema: plainSchema(driver), configs: inspected };
}

function plainSchema({ kind, configSchema }: DriverDefinition): Readonly<Record<string, unknown>> {
  try {
    const plain: unknown = JSON.parse(JSON.stringify(configSchema));
    if (
      isRecord(plain) &&
      plain["type"] === "object" &&
      !("use" in (isRecord(plain["properties"]) ? plain["properties"] : {}))
    )
      return plain;
  } catch {
    // told below
  }
  throw wrong(
    `configSchema of the driver ${kind} does not describe a mapping`,
    `Write { type: "object", properties: { ... } } without a property use.`,
  );
}

function inspectConfig(driver: DriverDefinition, config: unknown): InspectedConfig {
  try {
    const [first, ...others] = driver.check(config);
    if (first !== undefined) return { issues: [first, ...others] };
    const description: unknown = driver.describe(config);
    const claims: unknown = driver.plan(config);
    const fault = shapeFault("describe", descriptionSchema, description) ?? shapeFault("plan", claimsSchema, claims);
    if (fault !== undefined) return { issues: [], fault };
    const outputs = driver.outputsOnly?.(config);
    // both have just been checked against the shapes of their types
    const answer = { issues: [] as const, description, claims } as Extract<
      InspectedConfig,
      { readonly claims: unknown }
    >;
    if (answer.description.kind !== driver.kind) {
      return {
        issues: [],
        fault: `describe answers the kind ${answer.description.kind}, and the driver is ${driver.kind}`,
      };
    }
    return outputs === undefined ? answer : { ...answer, outputs };
  } catch (error) {
    return { issues: [], fault: `it threw: ${wordsOf(error)}` };
  }
}

function shapeFault(what: string, schema: Parameters<typeof configIssues>[0], value: unknown): string | undefined {
  const [issue] = configIssues(schema, value);
  return issue === undefined
    ? undefined
    : `what ${what} answers is wrong at ${issue.path === "" ? "the top" : issue.path}: ${issue.message}`;
}
