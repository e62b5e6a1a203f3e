/** What was published before (spec, event history). */
import { ApplicationError, ErrorUri, toUri, type Dict } from "@pinion/wamp";
import type { Broker } from "./broker.ts";
import type { KeptEvent } from "./kept-event.ts";
import type { MetaProcedures } from "./meta-api.ts";
import type { MetaArguments } from "./meta-arguments.ts";
import { decide, type RouterContext } from "./router-context.ts";
import type { Subscription } from "./subscription.ts";

const HISTORY_UNAVAILABLE = toUri("wamp.error.history_unavailable");
/** Events in one answer if the call sets no limit of its own. */
const USUAL_LIMIT = 1_000;

export function historyProcedures<P>(broker: Broker<P>, context: RouterContext<P>): MetaProcedures<P> {
  return {
    "wamp.subscription.get_events": ({ caller, given }) => {
      const id = given.id(0, "subscription");
      const subscription = broker.byId(id);
      if (subscription === undefined) {
        throw new ApplicationError(ErrorUri.noSuchSubscription, [`there is no subscription ${id} in this realm`]);
      }
      const { topic: uri, match } = subscription;
      const decision = decide(context, caller, "subscribe", { uri, match });
      if (!decision.allowed) throw new ApplicationError(decision.reason, [decision.words]);
      const kept = broker.history.of(subscription, context.moment.now);
      if (kept === undefined) {
        throw new ApplicationError(HISTORY_UNAVAILABLE, [`this router keeps no history of ${match} ${uri}`]);
      }
      const visible = kept.filter(({ audience }) => audience?.includes(caller) ?? true);
      return [chosen(visible, given).map((event) => described(event, subscription))];
    },
  };
}

/** Those that all filters let through, as many as are wanted. */
function chosen(events: readonly KeptEvent[], given: MetaArguments): KeptEvent[] {
  const limit = given.keywordCount("limit") ?? USUAL_LIMIT;
  const topic = given.keywordString("topic");
  const inTime = timeFilter(given);
  const found = events
    .slice(...range(events, given))
    .filter((event) => (topic === undefined || event.topic === topic) && inTime(event.at));
  if (given.keywordBoolean("reverse")) found.reverse();
  return found.slice(0, limit);
}

function timeFilter(given: MetaArguments): (at: number) => boolean {
  const from = given.keywordTime("from_time") ?? -Infinity;
  const after = given.keywordTime("after_time") ?? -Infinity;
  const before = given.keywordTime("before_time") ?? Infinity;
  const until = given.keywordTime("until_time") ?? Infinity;
  return (at) => at >= from && at > after && at < before && at <= until;
}

/** Publication ids have no order: they stand for the places of their events. */
function range(events: readonly KeptEvent[], given: MetaArguments): [number, number] {
  const place = (name: string, offset: number, fallback: number): number => {
    const publication = given.keywordId(name);
    if (publication === undefined) return fallback;
    const found = events.findIndex((event) => event.publication === publication);
    if (found >= 0) return found + offset;
    // to answer with what is left would hide that something is missing
    const words = `${name}: publication ${publication} is not in the history of this subscription, or not any more`;
    throw new ApplicationError(ErrorUri.invalidArgument, [words]);
  };
  const { length } = events;
  return [
    Math.max(place("from_publication", 0, 0), place("after_publication", 1, 0)),
    Math.min(place("before_publication", 0, length), place("until_publication", 1, length)),
  ];
}

function described<P>({ at, publication, details, topic, payload }: KeptEvent, { id, match }: Subscription<P>): Dict {
  const { args, kwargs, elements } = payload;
  return {
    timestamp: new Date(at).toISOString(),
    subscription: id,
    publication,
    details: match === "exact" ? details : { ...details, topic },
    ...(elements >= 1 && { args }),
    ...(elements === 2 && { kwargs }),
  };
}
