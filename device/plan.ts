/**
 * What a configuration amounts to before any hardware is touched: each driver with its description and claims, and all
 * that is wrong between them. Pure: the same for the same configuration, whatever is plugged in.
 */
import type { Finding } from "@pinion/config";
import type { DriverDescription } from "../drivers/description.ts";
import type { Claim, ConfigIssue, DriverDefinition } from "../drivers/driver.ts";
import { DriverError } from "../drivers/driver-error.ts";
import type { DriverEntry } from "./config.ts";
import { conflicts } from "./conflicts.ts";
import { takeDelivery, type EntryDelivery } from "./entry-delivery.ts";
import type { UsedDriver } from "./guest/used-drivers.ts";

/** One driver of the board, ready to be opened. */
export interface PlannedDriver {
  /** Unique on the board: the kind, and a number from the second of its kind on. */
  readonly name: string;
  /** Place in the configuration's list. */
  readonly index: number;
  readonly definition: DriverDefinition;
  /** Without what the board takes for itself. */
  readonly config: unknown;
  /** What its entry says of its readings. */
  readonly delivery: EntryDelivery;
  readonly description: DriverDescription;
  readonly claims: readonly Claim[];
}

export interface Plan {
  readonly drivers: readonly PlannedDriver[];
  /** Empty when the board can be started. */
  readonly findings: readonly Finding[];
}

/** An entry that is undefined is passed over: its faults were told before, and the places of the others stay what they are. */
export function planDrivers(
  entries: readonly (DriverEntry | undefined)[],
  definitions: readonly DriverDefinition[],
  used: readonly UsedDriver[] = [],
): Plan {
  const drivers: PlannedDriver[] = [];
  const findings: Finding[] = [];
  const counts = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    if (entry === undefined) continue;
    const { use, ...written } = entry;
    const { config, delivery } = takeDelivery(written);
    const definition = chosen(use, { definitions, used });
    if ("found" in definition) {
      findings.push({ path: ["drivers", index, "use"], ...definition });
      continue;
    }
    const issues = definition.check(config);
    if (issues.length > 0) {
      findings.push(...issues.map((issue) => issueFinding(issue, index, definition)));
      continue;
    }
    const { kind } = definition;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const name = count === 1 ? kind : `${kind}_${String(count)}`;
    const planned = planOne({ name, index, definition, config, delivery });
    if ("found" in planned) findings.push(planned);
    else drivers.push(planned);
  }
  return { drivers, findings: [...findings, ...conflicts(drivers)] };
}

interface KnownDrivers {
  readonly definitions: readonly DriverDefinition[];
  readonly used: readonly UsedDriver[];
}

/** The driver that `use` means, or why there is none. */
function chosen(use: string, { definitions, used }: KnownDrivers): DriverDefinition | Omit<Finding, "path"> {
  const own = definitions.find(({ kind }) => kind === use);
  if (own !== undefined) return own;
  const file = used.find((one) => one.use === use);
  if (file === undefined) {
    const allowed = `${definitions.map(({ kind }) => kind).join(", ")}, or the file of a driver such as ./my-driver.mjs`;
    return { found: `driver ${use}`, allowed, cure: "choose one of these" };
  }
  if ("fault" in file) return { found: file.fault.what, allowed: "the file of a driver", cure: file.fault.cure };
  const { kind } = file.definition;
  const other = used.find((one) => one !== file && "definition" in one && one.definition.kind === kind);
  const holder = definitions.some((one) => one.kind === kind) ? "Pinion's own" : other?.use;
  if (holder === undefined) return file.definition;
  return {
    found: `the kind ${kind} in ${use}, which is also that of ${holder} driver`,
    allowed: "a kind of its own for each driver",
    cure: `give the driver in ${use} another kind`,
  };
}

/** `check` and `describe` of a driver may disagree, or a user's driver may throw: that is a finding too, not a crash. */
function planOne(one: Omit<PlannedDriver, "description" | "claims">): PlannedDriver | Finding {
  try {
    const { definition, config } = one;
    return { ...one, description: definition.describe(config), claims: definition.plan(config) };
  } catch (error) {
    const found = error instanceof DriverError ? error.what : String(error);
    const cure = error instanceof DriverError ? error.cure : `this is a fault of the driver ${one.definition.kind}`;
    return { path: ["drivers", one.index], found, allowed: "what the driver can plan", cure };
  }
}

function issueFinding({ path, message }: ConfigIssue, index: number, { kind }: DriverDefinition): Finding {
  const steps = path
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  // a driver's words name the thing and what would be right, after the first full stop or semicolon
  const [, found = message, cure = ""] = /^(.*?)[.;]\s+(.*)$/s.exec(message) ?? [];
  const place = steps.length === 0 ? "the whole entry" : "this key";
  return {
    path: ["drivers", index, ...steps],
    found,
    allowed: `what the driver ${kind} can use`,
    cure: cure === "" ? `change or remove ${place}` : cure,
  };
}
