import { UsageError, type Connector } from "@pinion/wamp";

/** A connection that ended sooner is no reason to come back to that address first: it may take connections and be no use. */
const SOUND_AFTER = 30_000;

/**
 * Several routers as one: each connect goes through the addresses, beginning with the last one that was good. Rejects with the last
 * error when none can be had. The signal ends all of it.
 */
export function failOver(connectors: readonly Connector[], now: () => number = () => performance.now()): Connector {
  let first = 0;
  let since = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    if (now() - since < SOUND_AFTER) first = (first + 1) % connectors.length;
    let last: unknown = new UsageError("invalid_option", "there is no address to connect to");
    for (let n = 0; n < connectors.length; n += 1) {
      const at = (first + n) % connectors.length;
      try {
        const transport = await connectors[at]?.(signal);
        if (transport === undefined) break;
        first = at;
        since = now();
        return transport;
      } catch (error) {
        if (signal.aborted) throw error;
        last = error;
      }
    }
    since = Number.NEGATIVE_INFINITY;
    throw last;
  };
}
