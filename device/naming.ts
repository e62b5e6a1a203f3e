import { isUri, toUri, type Uri } from "@pinion/wamp";

/** `single`: one board per realm, the shortest names. `fleet`: the board's id in every name. */
export type NamingMode = "single" | "fleet";

/** Asks every board of a realm to announce itself; the same under both naming modes, so that nobody needs to know which. */
export const DISCOVER = toUri("device.discover");
/** Where a board answers: args [board description]. */
export const ANNOUNCE = toUri("device.announce");

/** What every board has, and what one has that a service manager runs. */
export type OwnName = "describe" | "health" | "history" | "clock" | "update" | FieldName;
export type FieldName =
  | `update.${"status" | "begin" | "write" | "finish" | "abort"}`
  | `config.${"show" | "plan" | "apply" | "confirm" | "revert"}`;

/** Every name that a board registers or publishes under. Names are built here and nowhere else. */
export interface Naming {
  readonly mode: NamingMode;
  readonly id: string;
  /** `device.describe`, `device.health`, `device.history`; `device.<id>.describe` in a fleet. */
  own(name: OwnName): Uri;
  /** `device.gpio.set`; `device.<id>.gpio.set` in a fleet. @throws RangeError if a part is no strict URI component. */
  procedure(kind: string, action: string): Uri;
  /** `sensor.tank_level`; `sensor.<id>.tank_level` in a fleet. @throws RangeError if the stream is no strict URI. */
  topic(stream: string): Uri;
}

export function namingFor(mode: NamingMode, id: string): Naming {
  const board = mode === "fleet" ? [component(id, "the board's id")] : [];
  return {
    mode,
    id,
    own: (name) => toUri(["device", ...board, name].join(".")),
    procedure: (kind, action) =>
      toUri(["device", ...board, component(kind, "a driver's kind"), component(action, "an action")].join(".")),
    topic: (stream) => toUri(["sensor", ...board, component(stream, "a stream")].join(".")),
  };
}

function component(text: string, what: string): string {
  if (!isComponent(text)) {
    throw new RangeError(
      `${what} must be made of a-z, 0-9 and _ (it becomes part of a URI), not ${JSON.stringify(text)}`,
    );
  }
  return text;
}

/** Whether `text` can be one component of a strict URI (spec "URIs"). */
export function isComponent(text: string): boolean {
  return !text.includes(".") && isUri(text, "exact", "strict");
}

/** A board id out of a host's name: `Pump-House.local` -> `pump_house`; `board` if nothing is left. */
export function idFromHostname(hostname: string): string {
  const [host = ""] = hostname.toLowerCase().split(".");
  const id = host.replaceAll(/[^a-z0-9_]+/g, "_").replaceAll(/^_+|_+$/g, "");
  return id === "" ? "board" : id.slice(0, 64);
}
