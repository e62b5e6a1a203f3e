/** Two of the same where there can be one: channels, aliases, streams, actions and claimed hardware. */
import type { Finding } from "@pinion/config";
import { aliasKey } from "../drivers/channel-lookup.ts";
import { claimConflicts, type ClaimConflict } from "../drivers/claimed-board.ts";
import { isComponent } from "./naming.ts";
import type { PlannedDriver } from "./plan.ts";

/** Every conflict, naming who holds what. The later one in the file is the one to change. */
export function conflicts(drivers: readonly PlannedDriver[]): Finding[] {
  const shared = sharedHardware(drivers);
  return [
    ...shared.findings,
    ...channelConflicts(drivers, shared.pairs),
    ...streamConflicts(drivers),
    ...badNames(drivers),
  ];
}

/** Two channels, by name. */
const pairOf = (one: string, other: string): string => [one, other].toSorted().join("\n");

function sharedHardware(drivers: readonly PlannedDriver[]): { findings: Finding[]; pairs: ReadonlySet<string> } {
  const owners = new Map(drivers.flatMap((driver) => driver.claims.map((claim) => [claim, driver] as const)));
  const found = claimConflicts([...owners.keys()]);
  const findings = found.map((conflict) => ({
    path: placeOf(owners.get(conflict.second)?.index ?? 0, conflict.second.owner, drivers),
    ...conflictWords(conflict, owners.get(conflict.first)?.name ?? ""),
  }));
  return { findings, pairs: new Set(found.map(({ first, second }) => pairOf(first.owner, second.owner))) };
}

function conflictWords({ first, second, resource }: ClaimConflict, holder: string): Omit<Finding, "path"> {
  if (second.type === "interlock") {
    return {
      found: `'${second.owner}', which would be on at its safe level together with '${first.owner}' of driver ${holder} (interlock ${second.group})`,
      allowed: "one output of an interlock that is on when safe",
      cure: "set safe: 0 for one of the two",
    };
  }
  return {
    found: `${resource} for '${second.owner}', which '${first.owner}' of driver ${holder} already holds`,
    allowed: "one user of each line and port",
    cure: `give '${second.owner}' another one, or remove one of the two`,
  };
}

/** Each pair of channels is told once; `told` are those whose clash is known already, with all the aliases it brings. */
function channelConflicts(drivers: readonly PlannedDriver[], told: ReadonlySet<string>): Finding[] {
  const pairs = new Set(told);
  const names = new Map<string, string>();
  const aliases = new Map<string, string>();
  const findings: Finding[] = [];
  for (const { name: driver, index, description } of drivers) {
    for (const { name, aliases: others } of description.channels) {
      const holder = names.get(name);
      if (holder !== undefined) {
        findings.push({
          path: placeOf(index, name, drivers),
          found: `the name '${name}', which driver ${holder} already uses`,
          allowed: "each name once on a board",
          cure: "choose another name",
        });
        continue;
      }
      names.set(name, driver);
      for (const alias of [name, ...others]) {
        const key = `${description.kind}\n${aliasKey(alias)}`;
        const other = aliases.get(key);
        if (other === undefined) aliases.set(key, name);
        else if (other !== name && !pairs.has(pairOf(name, other))) {
          pairs.add(pairOf(name, other));
          findings.push(aliasFinding({ index, name, alias, other }, drivers));
        }
      }
    }
  }
  return findings;
}

interface AliasClash {
  readonly index: number;
  readonly name: string;
  readonly alias: string | number;
  readonly other: string;
}

function aliasFinding({ index, name, alias, other }: AliasClash, drivers: readonly PlannedDriver[]): Finding {
  return {
    path: placeOf(index, name, drivers),
    found: `'${String(alias)}' for '${name}', which also means '${other}'`,
    allowed: "names and aliases that mean one thing",
    cure: `rename '${name}' or '${other}'`,
  };
}

function streamConflicts(drivers: readonly PlannedDriver[]): Finding[] {
  const holders = new Map<string, string>();
  const findings: Finding[] = [];
  for (const { name: driver, index, description } of drivers) {
    for (const { name, streams } of description.channels) {
      for (const stream of Object.keys(streams)) {
        const holder = holders.get(stream);
        if (holder === undefined) holders.set(stream, `'${name}' of driver ${driver}`);
        else {
          findings.push({
            path: placeOf(index, name, drivers),
            found: `the stream '${stream}', which ${holder} already publishes`,
            allowed: "each stream once on a board",
            cure: "choose another stream name",
          });
        }
      }
    }
  }
  return findings;
}

/** What becomes part of a URI must be fit for it: said here, with its place, rather than when it is first published. */
function badNames(drivers: readonly PlannedDriver[]): Finding[] {
  const findings: Finding[] = [];
  for (const { index, description } of drivers) {
    const { kind, channels, actions = {} } = description;
    const check = (what: string, text: string, channel: string): void => {
      if (isComponent(text)) return;
      findings.push({
        path: placeOf(index, channel, drivers),
        found: `the ${what} ${JSON.stringify(text)}`,
        allowed: "a-z, 0-9 and _ (it becomes part of a URI)",
        cure: `rename it`,
      });
    };
    check("driver kind", kind, "");
    for (const action of Object.keys(actions)) check("action", action, "");
    for (const channel of channels) {
      for (const stream of Object.keys(channel.streams)) check("stream", stream, channel.name);
      for (const action of Object.keys(channel.actions)) {
        check("action", action, channel.name);
        if (Object.hasOwn(actions, action)) {
          findings.push({
            path: ["drivers", index],
            found: `the action '${action}' of '${channel.name}' and of the whole driver ${kind}`,
            allowed: "an action of one of them",
            cure: "this is a fault of the driver",
          });
        }
      }
    }
  }
  return findings;
}

/** Where a channel stands in the configuration: the mapping of its driver that has a key of its name. */
export function placeOf(
  index: number,
  channel: string,
  drivers: readonly PlannedDriver[],
): readonly (string | number)[] {
  const config = drivers.find((driver) => driver.index === index)?.config;
  const sections: readonly [string, unknown][] =
    typeof config === "object" && config !== null ? Object.entries(config) : [];
  for (const [section, entries] of sections) {
    if (typeof entries === "object" && entries !== null && Object.hasOwn(entries, channel)) {
      return ["drivers", index, section, channel];
    }
  }
  return ["drivers", index];
}
