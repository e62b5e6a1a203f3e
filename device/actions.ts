/**
 * Every procedure that the drivers' descriptions amount to, and what a call of one means: which driver, which channel,
 * which arguments. Nothing here is written for a particular driver. Checks arguments before a driver sees them.
 */
import { checkValue, describeSchema } from "@pinion/config";
import { ApplicationError, type Uri } from "@pinion/wamp";
import type {
  ActionDescription,
  ArgumentDescription,
  ChannelDescription,
  DriverDescription,
} from "../drivers/description.ts";
import type { Caller } from "../drivers/driver.ts";
import { findChannel } from "../drivers/channel-lookup.ts";
import { DriverError } from "../drivers/driver-error.ts";
import { toApplicationError } from "./driver-error-uri.ts";
import type { Naming } from "./naming.ts";
import type { SupervisedDriver } from "./supervised-driver.ts";

export interface Call {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly caller?: Caller | undefined;
}

/** One procedure: an action of a kind, on the channels that have it. */
export interface Procedure {
  readonly uri: Uri;
  readonly kind: string;
  readonly action: string;
  /** Rejects with ApplicationError, or with what a faulty driver threw. */
  readonly invoke: (call: Call) => Promise<unknown>;
}

interface Target {
  readonly driver: SupervisedDriver;
  /** Undefined for an action of the driver as a whole. */
  readonly channel: ChannelDescription | undefined;
  readonly action: ActionDescription;
}

/** All procedures of a board, in the order of the configuration. Two drivers of one kind share theirs. */
export function proceduresOf(drivers: readonly SupervisedDriver[], naming: Naming): readonly Procedure[] {
  const targets = new Map<string, Target[]>();
  const add = (target: Target, name: string): void => {
    const key = `${target.driver.planned.description.kind} ${name}`;
    const known = targets.get(key);
    if (known === undefined) targets.set(key, [target]);
    else known.push(target);
  };
  for (const driver of drivers) {
    const { actions = {}, channels } = driver.planned.description;
    for (const [name, action] of Object.entries(actions)) add({ driver, channel: undefined, action }, name);
    for (const channel of channels) {
      for (const [name, action] of Object.entries(channel.actions)) add({ driver, channel, action }, name);
    }
  }
  return [...targets].map(([key, list]) => {
    const [kind = "", action = ""] = key.split(" ");
    const others = drivers
      .filter(({ planned }) => planned.description.kind === kind)
      .flatMap(({ planned }) => planned.description.channels);
    return procedure({ uri: naming.procedure(kind, action), kind, action }, list, others);
  });
}

/** The names of all actions in a description, each once. */
export function proceduresIn({ actions = {}, channels }: DriverDescription): readonly string[] {
  return [...new Set([...Object.keys(actions), ...channels.flatMap((channel) => Object.keys(channel.actions))])];
}

function procedure(
  name: Pick<Procedure, "uri" | "kind" | "action">,
  targets: readonly Target[],
  channels: readonly ChannelDescription[],
): Procedure {
  return {
    ...name,
    invoke: async (call) => {
      const { target, rest } = chooseTarget(name.action, { targets, channels }, call);
      const args = argumentsOf(target, name.uri, rest);
      try {
        return await target.driver.invoke(name.action, target.channel?.name, args, call.caller);
      } catch (error) {
        throw error instanceof DriverError ? toApplicationError(error) : error;
      }
    },
  };
}

interface Choice {
  readonly targets: readonly Target[];
  /** All channels of the kind: one that is there but lacks the action gets another answer than one that is not. */
  readonly channels: readonly ChannelDescription[];
}

function chooseTarget(action: string, { targets, channels }: Choice, call: Call): { target: Target; rest: Call } {
  const whole = targets.find(({ channel }) => channel === undefined);
  if (whole !== undefined) {
    // each driver of the kind would answer alike, the first that can; unless a channel of one of them is asked about
    const asked = targets.find(({ driver }) => findChannel(driver.planned.description.channels, call.args[0]));
    if (asked !== undefined) return { target: asked, rest: call };
    const able = targets.find(({ driver }) => driver.state === "ready") ?? whole;
    return { target: able, rest: call };
  }
  const { channel: named, ...kwargs } = call.kwargs;
  const wanted = named ?? call.args[0];
  const rest = { args: named === undefined ? call.args.slice(1) : call.args, kwargs };
  const found = findChannel(channels, wanted);
  const target = targets.find(({ channel }) => channel !== undefined && channel === found);
  if (target !== undefined) return { target, rest };
  const able = targets.map(({ channel }) => channel?.name ?? "");
  if (found !== undefined) {
    const { name, role } = found;
    const code = role === "input" ? "not_an_output" : "unknown_action";
    const words = `'${name}' is an ${role} and has no action ${action}; ${action} works on: ${list(able)}`;
    throw invalid({ code, argument: "channel", found: name, allowed: able }, words);
  }
  const missing = wanted === undefined ? "The channel is missing" : `There is no channel ${show(wanted)}`;
  const code = wanted === undefined ? "invalid_argument" : "unknown_channel";
  throw invalid(
    { code, argument: "channel", found: wanted, allowed: able },
    `${missing}; the first argument is one of those configured: ${list(able)} (or an alias such as ${aliasExample(targets)})`,
  );
}

/** In the order of the description, from positions and names; every argument checked against its schema. */
function argumentsOf({ action, channel }: Target, uri: string, { args, kwargs }: Call): readonly unknown[] {
  const { args: described } = action;
  const names = [...(channel === undefined ? [] : ["channel"]), ...described.map(({ name }) => name)];
  const usage = `${uri}(${names.join(", ")})`;
  if (args.length > described.length) {
    const most = String(names.length);
    throw invalid(
      { code: "invalid_argument", argument: "", found: args.length, allowed: names },
      `${String(args.length - described.length)} argument(s) too many; ${usage} takes at most ${most}`,
    );
  }
  for (const key of Object.keys(kwargs)) {
    const at = described.findIndex(({ name }) => name === key);
    if (at !== -1 && at >= args.length) continue;
    const words = at === -1 ? `There is no argument '${key}'` : `The argument '${key}' is given twice`;
    throw invalid(
      { code: "invalid_argument", argument: key, found: kwargs[key], allowed: names },
      `${words}; ${usage}`,
    );
  }
  const values = described.map((one, i) => checked(one, i < args.length ? args[i] : kwargs[one.name], usage));
  const last = values.findLastIndex((value) => value !== undefined);
  return values.slice(0, last + 1);
}

function checked(described: ArgumentDescription, given: unknown, usage: string): unknown {
  const value = leftOut(described, given) ? undefined : given;
  const { name, schema, optional = false, unit, description } = described;
  if (value === undefined && optional) return undefined;
  const [finding] = value === undefined ? [] : checkValue(schema, value);
  if (value !== undefined && finding === undefined) return value;
  const allowed = finding?.allowed ?? describeSchema(schema);
  const measure = unit === undefined ? "" : ` ${unit}`;
  const what = value === undefined ? "is missing" : `may not be ${finding?.found ?? show(value)}`;
  throw invalid(
    { code: "invalid_argument", argument: name, found: value, allowed },
    `The argument '${name}' (${description.replace(/\.$/, "")}) ${what}; allowed: ${allowed}${measure}; ${usage}`,
  );
}

/** Who gives arguments by position leaves one out with null. */
function leftOut({ optional = false, schema }: ArgumentDescription, value: unknown): boolean {
  return value === null && optional && checkValue(schema, value).length > 0;
}

interface Refusal {
  readonly code: string;
  readonly argument: string;
  readonly found: unknown;
  readonly allowed: unknown;
}

function invalid({ code, argument, found, allowed }: Refusal, words: string): ApplicationError {
  const kwargs = { code, argument, found: found === undefined ? null : show(found), allowed };
  return new ApplicationError("wamp.error.invalid_argument", [`${words}.`], kwargs);
}

function aliasExample(targets: readonly Target[]): string {
  const alias = targets.flatMap(({ channel }) => channel?.aliases ?? [])[0];
  return alias === undefined ? "none here" : show(alias);
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 32).join(", ");
  return names.length > 32 ? `${shown} and ${String(names.length - 32)} more` : shown;
}

function show(value: unknown): string {
  if (typeof value === "string") return `'${value.slice(0, 60)}'`;
  if (typeof value === "bigint") return String(value);
  return (JSON.stringify(value) ?? typeof value).slice(0, 60);
}
