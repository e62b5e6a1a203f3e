/** Which topics are subscribed to in a realm, and by whom (spec, subscription meta API). */
import { ApplicationError, ErrorUri } from "@pinion/wamp";
import type { Broker } from "./broker.ts";
import { idsByMatch } from "./ids-by-match.ts";
import type { MetaProcedures } from "./meta-api.ts";
import type { MetaArguments } from "./meta-arguments.ts";
import { subscriptionDetails } from "./subscription-details.ts";
import type { Subscription } from "./subscription.ts";

export function subscriptionProcedures<P>(broker: Broker<P>): MetaProcedures<P> {
  const named = (given: MetaArguments): Subscription<P> => {
    const id = given.id(0, "subscription");
    const subscription = broker.byId(id);
    if (subscription) return subscription;
    throw new ApplicationError(ErrorUri.noSuchSubscription, [`there is no subscription ${id} in this realm`]);
  };
  return {
    "wamp.subscription.list": () => [idsByMatch(broker)],
    "wamp.subscription.lookup": ({ given }) => [broker.lookup(given.match(1), given.string(0, "topic"))?.id ?? null],
    "wamp.subscription.match": ({ given }) => {
      const ids = broker.matching(given.string(0, "topic")).map(({ id }) => id);
      return [ids.length === 0 ? null : ids];
    },
    "wamp.subscription.get": ({ given }) => [subscriptionDetails(named(given))],
    "wamp.subscription.list_subscribers": ({ given }) => [Array.from(named(given).members.values(), ({ id }) => id)],
    "wamp.subscription.count_subscribers": ({ given }) => [named(given).members.size],
    "wamp.subscription.remove_subscriber": ({ given, out }) => {
      const subscription = named(given);
      const id = given.id(1, "subscriber");
      const reason = given.keywordString("reason");
      const subscriber = subscription.members.get(id);
      if (subscriber === undefined) {
        const words = `session ${id} is no subscriber of subscription ${subscription.id}`;
        throw new ApplicationError(ErrorUri.noSuchSession, [words]);
      }
      broker.revoke(subscription, { from: subscriber, reason }, out);
      return [];
    },
  };
}
