import type { Client, Subscription } from "@pinion/wamp/client";
import type { Timers } from "../drivers/driver.ts";
import { ANNOUNCE, DISCOVER, type Naming } from "./naming.ts";

/** ms that other boards may take to answer `device.discover`. */
export const ANSWER_TIME = 2_000;
/** Ids kept of those that answer. */
const MOST = 16;

/** Who asks. */
interface Asker {
  readonly naming: Naming;
  readonly boot: string;
}

/**
 * The ids of the other boards of the realm whose names are the asker's: those that announce themselves within ANSWER_TIME
 * of being asked, all but the one of this `boot`. A dead session that the router still keeps does not answer. Never rejects; empty without a link.
 */
export async function otherBoards(
  client: Pick<Client, "subscribe" | "publish">,
  asker: Asker,
  timers: Timers,
): Promise<readonly string[]> {
  const others = new Set<string>();
  const abort = new AbortController();
  let subscription: Subscription | undefined;
  const ask = async (): Promise<void> => {
    const take = ({ args }: { readonly args: readonly unknown[] }): void => {
      const id = idOf(args[0], asker);
      if (id !== undefined && others.size < MOST) others.add(id);
    };
    try {
      subscription = await client.subscribe(ANNOUNCE, take, { signal: abort.signal });
      await client.publish(DISCOVER);
    } catch {
      // no link, or not allowed to ask: then nobody is known
    }
  };
  void ask();
  await new Promise<void>((resolve) => void timers.after(ANSWER_TIME, resolve));
  abort.abort();
  try {
    await subscription?.unsubscribe();
  } catch {
    // the session is gone, and the subscription with it
  }
  return [...others].toSorted();
}

/** Cut to a length fit for a log: it comes from whoever may publish. */
function idOf(description: unknown, { naming, boot }: Asker): string | undefined {
  if (typeof description !== "object" || description === null) return undefined;
  if (!("id" in description) || !("boot" in description) || description.boot === boot) return undefined;
  if (!("naming" in description) || description.naming !== naming.mode) return undefined;
  if (naming.mode === "fleet" && description.id !== naming.id) return undefined;
  return typeof description.id === "string" ? description.id.slice(0, 64) : undefined;
}
