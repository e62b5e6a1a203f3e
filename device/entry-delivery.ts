/**
 * `delivery` where a sensor, pin or port has the rest of its configuration. What becomes of readings is no business of a driver: the key
 * is allowed in each named part of its entry, and taken out before the driver looks at it.
 */
import * as Type from "typebox";
import type { TSchema } from "typebox";

export type DeliveryMode = "durable" | "latest";

export const deliveryModeSchema = Type.Enum(["durable", "latest"], {
  description:
    "durable: kept in the journal until the router has it. latest: sent while there is a session, else lost, and told so",
});

/** By `channel <name>`, and by `stream <name>` where a part of a channel names its stream. */
export type EntryDelivery = ReadonlyMap<string, DeliveryMode>;

type Entries = Readonly<Record<string, unknown>>;

/** The schema of a driver's entry with the key in each named part, and in each rule that names a stream. */
export function withDelivery(schema: TSchema): TSchema {
  return mapProperties(schema, (section) => mapNamed(section, (part) => withKey(mapProperties(part, ofStreams))));
}

/** The entry without the key, and what it said. */
export function takeDelivery(config: Entries): { readonly config: Entries; readonly delivery: EntryDelivery } {
  const delivery = new Map<string, DeliveryMode>();
  const take = (part: Entries, name: string): Entries => {
    const { delivery: mode, ...rest } = part;
    if (!isMode(mode)) return part;
    delivery.set(name, mode);
    return rest;
  };
  const rule = (one: unknown): unknown =>
    isEntries(one) && typeof one["stream"] === "string" ? take(one, `stream ${one["stream"]}`) : one;
  const part = (name: string, one: unknown): unknown =>
    isEntries(one)
      ? take(
          mapped(one, (_, value) => (Array.isArray(value) ? value.map(rule) : value)),
          `channel ${name}`,
        )
      : one;
  return { config: mapped(config, (_, section) => (isEntries(section) ? mapped(section, part) : section)), delivery };
}

function ofStreams(list: TSchema): TSchema {
  const items: unknown = (list as Entries)["items"]; // a schema may be asked for any keyword
  return isEntries(items) && hasProperty(items, "stream")
    ? asSchema({ ...list, items: withKey(asSchema(items)) })
    : list;
}

function mapProperties(schema: TSchema, change: (one: TSchema) => TSchema): TSchema {
  const { properties } = schema as Entries; // a schema may be asked for any keyword
  if (!isEntries(properties)) return schema;
  return asSchema({ ...schema, properties: mapped(properties, (_, one) => change(asSchema(one))) });
}

function mapNamed(schema: TSchema, change: (one: TSchema) => TSchema): TSchema {
  const { patternProperties } = schema as Entries; // a schema may be asked for any keyword
  if (!isEntries(patternProperties)) return schema;
  return asSchema({ ...schema, patternProperties: mapped(patternProperties, (_, one) => change(asSchema(one))) });
}

function withKey(schema: TSchema): TSchema {
  const { properties } = schema as Entries; // a schema may be asked for any keyword
  if (!isEntries(properties) || hasProperty(schema, "delivery")) return schema;
  return asSchema({ ...schema, properties: { ...properties, delivery: deliveryModeSchema } });
}

function hasProperty(schema: object, name: string): boolean {
  const { properties } = schema as Entries; // a schema may be asked for any keyword
  return isEntries(properties) && Object.hasOwn(properties, name);
}

function mapped(entries: Entries, change: (name: string, value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, change(name, value)]));
}

function isMode(value: unknown): value is DeliveryMode {
  return value === "durable" || value === "latest";
}

function isEntries(value: unknown): value is Entries {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asSchema(value: unknown): TSchema {
  return value as TSchema; // a schema is a plain JSON Schema at run time, and this one was a schema
}
