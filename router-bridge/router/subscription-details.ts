/** What is told about subscriptions (spec, subscription meta API). */
import { toUri, type Dict } from "@pinion/wamp";
import type { Subscription } from "./subscription.ts";

export const SUBSCRIPTION_ON_CREATE = toUri("wamp.subscription.on_create");
export const SUBSCRIPTION_ON_SUBSCRIBE = toUri("wamp.subscription.on_subscribe");
export const SUBSCRIPTION_ON_UNSUBSCRIBE = toUri("wamp.subscription.on_unsubscribe");
export const SUBSCRIPTION_ON_DELETE = toUri("wamp.subscription.on_delete");

export function subscriptionDetails<P>({ id, created, topic, match }: Subscription<P>): Dict {
  return { id, created: new Date(created).toISOString(), uri: topic, match };
}
