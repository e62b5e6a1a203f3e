/** What a board's health answer means to a person: what is wrong with the board, and with which channel. */
import { limits } from "./limits.ts";
import { fieldsOf, isFields, listOf, numberOf, textOf } from "./untrusted.ts";

export interface BoardHealth {
  readonly id: string;
  readonly boot: string;
  /** The board's wall clock when it answered, ms since 1970. */
  readonly t: number | undefined;
  /** In words, about the board as a whole; empty when it is well. */
  readonly troubles: readonly string[];
  /** By channel name. */
  readonly channelTroubles: ReadonlyMap<string, string>;
}

const WELL: ReadonlySet<unknown> = new Set(["ok", undefined]);
const TROUBLES_SHOWN = 8;

/** Undefined for anything but an object. */
export function parseHealth(value: unknown): BoardHealth | undefined {
  if (!isFields(value)) return undefined;
  const troubles: string[] = [];
  const channelTroubles = new Map<string, string>();
  for (const driver of listOf(value["drivers"]).slice(0, limits.channelsPerBoard).map(fieldsOf)) {
    const name = textOf(driver["name"], textOf(driver["kind"], "a driver"));
    const state = textOf(driver["state"]);
    for (const [channel, health] of Object.entries(fieldsOf(driver["channels"])).slice(0, limits.channelsPerBoard)) {
      const fields = fieldsOf(health);
      if (!WELL.has(fields["state"])) channelTroubles.set(channel, causeOf(fields["cause"], fields["state"]));
    }
    const said = textOf(driver["cause"]);
    // A degraded driver's channels say more than it does itself.
    if (state === "faulted" || (said !== "" && state !== "ok" && channelTroubles.size === 0)) {
      troubles.push(`Driver ${name}: ${causeOf(said, state)}`);
    }
  }
  const link = fieldsOf(value["link"]);
  const collision = textOf(link["collision"]);
  if (collision !== "") troubles.push(collision);
  return {
    id: textOf(value["id"]),
    boot: textOf(value["boot"]),
    t: numberOf(value["t"]),
    troubles: troubles.slice(0, TROUBLES_SHOWN),
    channelTroubles,
  };
}

function causeOf(cause: unknown, state: unknown): string {
  return textOf(cause, textOf(state, "not well"), limits.jsonText);
}
