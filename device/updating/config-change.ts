/** What another configuration would change: keys, the lines and ports it touches, and what happens to outputs meanwhile. */
import { formatProblems, type Problem } from "@pinion/config";
import type { BoardConfig, ReadBoardConfig } from "../board-config.ts";
import type { Claim } from "../../drivers/driver.ts";
import { Refused } from "@pinion/client/release";

/** Changes that are told one by one. */
const MOST = 200;
/** Characters of a value. */
const SHOWN = 120;

export interface Change {
  /** `drivers[0].pins.relay.pin` */
  readonly key: string;
  /** As JSON; null: not there. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface Touched {
  /** `GPIO17`, `/dev/ttyUSB0` */
  readonly resource: string;
  readonly change: "added" | "removed" | "changed";
  readonly before: string | null;
  readonly after: string | null;
}

export interface ConfigPlan {
  readonly changes: readonly Change[];
  /** Changes that are not listed. */
  readonly more: number;
  readonly touches: readonly Touched[];
  /** Outputs of the present configuration: all go to their safe level while the board starts anew. */
  readonly outputs: readonly string[];
  /** All of it for people, a line for each. */
  readonly words: string;
}

/** @throws Refused `bad_config` with all problems */
export function planChange(present: BoardConfig, read: ReadBoardConfig): ConfigPlan {
  if (!read.ok) throw refusedConfig(read.problems);
  const changes: Change[] = [];
  compare("", present.config, read.board.config, changes);
  const [before, after] = [resourcesOf(present), resourcesOf(read.board)];
  const touches: Touched[] = [];
  for (const resource of new Set([...before.keys(), ...after.keys()])) {
    const [old, next] = [before.get(resource), after.get(resource)];
    if (old === next) continue;
    const change = old === undefined ? "added" : next === undefined ? "removed" : "changed";
    touches.push({ resource, change, before: old ?? null, after: next ?? null });
  }
  const channels = present.drivers.flatMap(({ description }) => description.channels);
  const plan = {
    changes: changes.slice(0, MOST),
    more: Math.max(0, changes.length - MOST),
    touches,
    outputs: channels.filter(({ role }) => role === "output").map(({ name }) => name),
  };
  return { ...plan, words: planWords(plan) };
}

function planWords({ changes, more, touches, outputs }: Omit<ConfigPlan, "words">): string {
  if (changes.length === 0) return "no change";
  const lines = changes.map(({ key, before, after }) => {
    if (before === null) return `+ ${key}: ${after ?? ""}`;
    return after === null ? `- ${key}: ${before}` : `~ ${key}: ${before} -> ${after}`;
  });
  if (more > 0) lines.push(`  and ${more} more`);
  for (const { resource, change, before, after } of touches) {
    lines.push(`${resource} ${change}: ${[before, after].filter((one) => one !== null).join(" -> ")}`);
  }
  if (outputs.length > 0)
    lines.push(`while the board starts anew these are at their safe level: ${outputs.join(", ")}`);
  return lines.join("\n");
}

function refusedConfig(problems: readonly Problem[]): Refused {
  return new Refused("bad_config", formatProblems(problems), "mend these; nothing was changed");
}

type Fields = Readonly<Record<string, unknown>>;

function compare(key: string, before: unknown, after: unknown, found: Change[]): void {
  const [old, next] = [JSON.stringify(before), JSON.stringify(after)];
  if (old === next) return;
  if (isFields(before) && isFields(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const one of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const place = Array.isArray(before) ? `${key}[${one}]` : key === "" ? one : `${key}.${one}`;
      compare(place, before[one], after[one], found);
    }
    return;
  }
  found.push({ key, before: shown(old), after: shown(next) });
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function shown(json: string | undefined): string | null {
  return json === undefined ? null : json.slice(0, SHOWN);
}

/** What is claimed, and by which channel with which details: the same words when nothing about it changes. */
function resourcesOf({ drivers }: BoardConfig): Map<string, string> {
  const all = new Map<string, string>();
  for (const { name, claims, description } of drivers) {
    for (const claim of claims) {
      const resource = resourceOf(claim);
      if (resource === undefined) continue;
      const channel = description.channels.find((one) => one.name === claim.owner);
      all.set(
        resource,
        `${claim.owner} of ${name}${channel === undefined ? "" : `: ${channel.role} ${JSON.stringify(channel.details)}`}`,
      );
    }
  }
  return all;
}

/** Files and disks are only read: nobody is touched by that. */
function resourceOf(claim: Claim): string | undefined {
  if (claim.type === "gpio-line") {
    const line = typeof claim.line === "number" ? `GPIO${claim.line}` : claim.line;
    return claim.chip === undefined ? line : `${claim.chip}:${claim.line}`;
  }
  if (claim.type === "pwm-channel") return `pwm ${claim.chip ?? ""}:${claim.channel}`;
  return claim.type === "serial-port" ? claim.path : undefined;
}
