/**
 * What a driver offers, as plain JSON: the single source of procedure names, argument checks, topics and the dashboard's
 * controls. It has no behaviour and no dependency, so that a browser may import its types.
 */

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A JSON Schema (2020-12 vocabulary as TypeBox writes it), JSON-safe. */
export interface JsonSchema {
  readonly [key: string]: JsonValue;
}

/**
 * read: changes nothing. idempotent: doing it twice is as good as once. momentary: acts by itself over time and ends by
 * itself. hazardous: repeating or losing it does harm, so a person should confirm it.
 */
export type Safety = "read" | "idempotent" | "momentary" | "hazardous";

/** The least a caller must be: a viewer only looks, an operator acts. */
export type Role = "viewer" | "operator";

export interface ArgumentDescription {
  readonly name: string;
  readonly description: string;
  readonly schema: JsonSchema;
  readonly unit?: string;
  /** Optional arguments come last and may be left out. */
  readonly optional?: boolean;
}

export interface ActionDescription {
  readonly title?: string;
  readonly description: string;
  /** In order. For a channel's action they come after the channel, which is the first argument on the wire. */
  readonly args: readonly ArgumentDescription[];
  readonly result: JsonSchema;
  readonly safety: Safety;
  readonly role: Role;
}

export interface StreamDescription {
  /** Holds for each reading whose quality is neither `error` nor `stale`; those may carry null. */
  readonly schema: JsonSchema;
  readonly unit?: string;
  readonly title?: string;
  /** Milliseconds between readings where the driver itself keeps the time. */
  readonly interval?: number;
  /**
   * measurement: a sample of something that varies. state: stays as it is until the next reading, and is told again after
   * each join. event: something happened at that moment, and nothing is said about the time after it.
   */
  readonly kind: "measurement" | "state" | "event";
}

export type ChannelRole = "output" | "input" | "sensor" | "port";

export interface ChannelDescription {
  /** Unique on the board; first argument of the kind's actions, and by default the name of its stream. */
  readonly name: string;
  /** Other ways to address it: 17, "GPIO17", "header 11". */
  readonly aliases: readonly (string | number)[];
  readonly title?: string;
  readonly role: ChannelRole;
  /** What a person wants to know about it: chip, line, path, edge, safe level. */
  readonly details: { readonly [key: string]: JsonValue };
  readonly value?: { readonly schema: JsonSchema; readonly unit?: string };
  readonly actions: { readonly [action: string]: ActionDescription };
  readonly streams: { readonly [stream: string]: StreamDescription };
}

export interface DriverDescription {
  readonly kind: string;
  /** Actions of the driver as a whole: no channel argument. */
  readonly actions?: { readonly [action: string]: ActionDescription };
  readonly channels: readonly ChannelDescription[];
}
