/** A board's own procedures, by the board's id, whichever naming it has. */
import { ApplicationError, ErrorUri } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import { CommandFailure, ExitStatus } from "./exit-status.ts";

/** ms for a board to say who it is. */
const ANSWER_LIMIT = 15_000;

/** What its procedures begin with: `device.pump_house.` or, alone in its realm, `device.`. */
export async function boardPrefix(client: Client, id: string): Promise<string> {
  for (const prefix of [`device.${id}.`, "device."]) {
    try {
      const { args } = await client.call(`${prefix}describe`, [], {}, { timeout: ANSWER_LIMIT });
      if (idOf(args[0]) === id) return prefix;
    } catch (error) {
      if (!(error instanceof ApplicationError) || error.uri !== ErrorUri.noSuchProcedure) throw error;
    }
  }
  const words = `there is no board ${id} in this realm: is it on, and is that its device.id? \`pinion call device.describe\``;
  throw new CommandFailure(ExitStatus.applicationError, words);
}

function idOf(description: unknown): unknown {
  return typeof description === "object" && description !== null && "id" in description ? description.id : undefined;
}

/** A call of a procedure that a board does not offer, in words that say what it takes. */
export async function callBoard(client: Client, uri: string, args: readonly unknown[], kwargs = {}): Promise<unknown> {
  try {
    return (await client.call(uri, args, kwargs, { timeout: 120_000 })).args[0];
  } catch (error) {
    if (!(error instanceof ApplicationError) || error.uri !== ErrorUri.noSuchProcedure) throw error;
    const cure = uri.includes(".update.")
      ? "it takes releases over the router when it runs as a service and its configuration has update.publicKey"
      : "it offers that when it runs as a service";
    throw new CommandFailure(ExitStatus.applicationError, `the board does not offer ${uri}: ${cure}`, { cause: error });
  }
}
