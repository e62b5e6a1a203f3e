/**
 * A board's own description (what `device.describe` answers and `device.announce` carries) -> BoardModel. It comes from
 * whoever may publish in the realm, so every field is checked, cut and counted here, and nothing of it is trusted later.
 */
import type { ChannelRole, JsonSchema, Safety } from "../../../drivers/description.ts";
import type { ActionModel, ArgumentModel, BoardModel, ChannelModel, StreamModel } from "./board-model.ts";
import { limits } from "./limits.ts";
import { fieldsOf, isFields, listOf, numberOf, plainText, textOf, type Fields } from "./untrusted.ts";

const ROLES: readonly string[] = ["output", "input", "sensor", "port"] satisfies ChannelRole[];
const SAFETIES: readonly string[] = ["read", "idempotent", "momentary", "hazardous"] satisfies Safety[];

/** How names are built on this board, and what did not fit. */
interface Names {
  readonly procedures: string;
  readonly topics: string;
  leftOut: number;
}

/** The model, or undefined for anything that is not a board's description (no id, or no list of drivers). */
export function parseDescription(value: unknown): BoardModel | undefined {
  const raw = fieldsOf(value);
  const id = textOf(raw["id"]);
  if (id === "" || !Array.isArray(raw["drivers"])) return undefined;
  const fleet = raw["naming"] === "fleet";
  const names: Names = {
    procedures: fleet ? `device.${id}` : "device",
    topics: fleet ? `sensor.${id}` : "sensor",
    leftOut: 0,
  };
  const own = fieldsOf(raw["procedures"]);
  const drivers = listOf(raw["drivers"]).map(fieldsOf);
  const channels = drivers.flatMap((driver) => parseChannels(driver, names));
  const actions = drivers.flatMap((driver) => parseActions(driver["actions"], kindOf(driver), undefined, names));
  return {
    id,
    title: textOf(raw["title"], id),
    version: textOf(raw["version"]),
    boot: textOf(raw["boot"]),
    startedAt: wallTime(raw["startedAt"]),
    healthProcedure: uriOf(own["health"]) ?? `${names.procedures}.health`,
    describeProcedure: uriOf(own["describe"]) ?? `${names.procedures}.describe`,
    historyProcedure: uriOf(own["history"]),
    channels: cut(channels, limits.channelsPerBoard, names),
    actions: cut(actions, limits.actionsPerChannel, names),
    leftOut: names.leftOut,
    lastReadings: lastReadingsOf(raw["lastReadings"]),
  };
}

/** A list, or an object keyed by topic; both become a list whose entries carry their topic. */
function lastReadingsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.slice(0, limits.streams);
  return Object.entries(fieldsOf(value))
    .slice(0, limits.streams)
    .map(([topic, reading]) => ({ topic, ...fieldsOf(reading) }));
}

/** ms since 1970, written as a number or as ISO 8601. */
function wallTime(value: unknown): number | undefined {
  if (typeof value === "string") return numberOf(Date.parse(value));
  return numberOf(value);
}

function kindOf(driver: Fields): string {
  return textOf(driver["kind"], "unknown");
}

function parseChannels(driver: Fields, names: Names): ChannelModel[] {
  const kind = kindOf(driver);
  return cut(listOf(driver["channels"]), limits.channelsPerBoard, names).flatMap((value) => {
    const raw = fieldsOf(value);
    const name = textOf(raw["name"]);
    if (name === "") return [];
    return [
      {
        key: `${kind}/${name}`,
        kind,
        name,
        title: textOf(raw["title"], titleFrom(name)),
        role: oneOf(raw["role"], ROLES, "sensor") as ChannelRole, // oneOf gives a member of ROLES
        aliases: listOf(raw["aliases"])
          .filter((alias) => typeof alias === "string")
          .slice(0, 8)
          .map((alias) => textOf(alias)),
        details: parseDetails(raw["details"]),
        actions: parseActions(raw["actions"], kind, name, names),
        streams: parseStreams(raw, names),
      },
    ];
  });
}

function parseDetails(value: unknown): (readonly [string, string])[] {
  return Object.entries(fieldsOf(value))
    .filter(([, detail]) => detail !== null && detail !== undefined && detail !== "")
    .slice(0, limits.detailsPerChannel)
    .map(([label, detail]) => [textOf(titleFrom(label), "?"), plainText(detail)] as const);
}

function parseActions(value: unknown, kind: string, channel: string | undefined, names: Names): ActionModel[] {
  const entries = Object.entries(fieldsOf(value));
  return cut(entries, limits.actionsPerChannel, names).map(([name, action]) => {
    const raw = fieldsOf(action);
    return {
      name,
      title: textOf(raw["title"], titleFrom(name)),
      description: textOf(raw["description"], "", limits.jsonText),
      procedure: uriOf(raw["procedure"]) ?? `${names.procedures}.${kind}.${name}`,
      channel,
      args: cut(listOf(raw["args"]), limits.argumentsPerAction, names).map(parseArgument),
      // Who does not say how safe an action is gets the confirm dialog.
      safety: oneOf(raw["safety"], SAFETIES, "hazardous") as Safety, // oneOf gives a member of SAFETIES
    };
  });
}

function parseArgument(value: unknown): ArgumentModel {
  const raw = fieldsOf(value);
  return {
    name: textOf(raw["name"], "value"),
    description: textOf(raw["description"]),
    schema: schemaOf(raw["schema"]),
    unit: textOf(raw["unit"]),
    optional: raw["optional"] === true,
  };
}

function parseStreams(channel: Fields, names: Names): StreamModel[] {
  const entries = Object.entries(fieldsOf(channel["streams"]));
  return cut(entries, limits.streamsPerChannel, names).map(([name, stream]) => {
    const raw = fieldsOf(stream);
    const alone = entries.length === 1 || name === channel["name"];
    return {
      topic: uriOf(raw["topic"]) ?? `${names.topics}.${name}`,
      title: textOf(raw["title"], alone ? textOf(channel["title"], titleFrom(name)) : titleFrom(name)),
      unit: textOf(raw["unit"]),
      kind: streamKind(raw["kind"]),
      text: schemaOf(raw["schema"])["type"] === "string",
      interval: numberOf(raw["interval"]),
    };
  });
}

function schemaOf(value: unknown): JsonSchema {
  return isFields(value) ? (value as JsonSchema) : {}; // any object is read as a schema with checks at each step
}

function uriOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= limits.uri ? value : undefined;
}

function oneOf(value: unknown, allowed: readonly string[], otherwise: string): string {
  return typeof value === "string" && allowed.includes(value) ? value : otherwise;
}

function cut<T>(list: readonly T[], most: number, names: Names): T[] {
  names.leftOut += Math.max(0, list.length - most);
  return list.slice(0, most);
}

/** `tank_level` -> `Tank level`, `activeLow` -> `Active low`. */
export function titleFrom(name: string): string {
  const words = name
    .replaceAll(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`)
    .replaceAll(/[_\s]+/g, " ")
    .trim();
  return words === "" ? name : words[0]?.toUpperCase() + words.slice(1);
}

function streamKind(kind: unknown): StreamModel["kind"] {
  return kind === "state" || kind === "event" ? kind : "measurement";
}
