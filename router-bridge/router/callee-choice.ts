/** Which of the callees that share a registration gets a call (spec "Shared Registration", "Call Re-Routing"). */
import type { Random } from "@pinion/wamp";
import type { Offer, Registration } from "./registration.ts";

/**
 * By the registration's policy, among those that have not as many calls as they take and that `fits` (default: all).
 * Undefined: none of them. Advances the turn of `roundrobin`, nothing else.
 */
export function chooseCallee<P>(
  registration: Registration<P>,
  random: Random,
  fits?: (offer: Offer<P>) => boolean,
): Offer<P> | undefined {
  const { offers, policy } = registration;
  const may = (offer: Offer<P>): boolean => isFree(offer) && (fits === undefined || fits(offer));
  if (policy === "last") return offers.findLast(may);
  if (policy === "random") {
    const free = offers.filter(may);
    return free[Math.floor(random() * free.length)];
  }
  const start = policy === "roundrobin" ? registration.turn : 0;
  for (let i = 0; i < offers.length; i += 1) {
    const index = (start + i) % offers.length;
    const offer = offers[index];
    if (offer === undefined || !may(offer)) continue;
    registration.turn = index + 1;
    return offer;
  }
  return undefined;
}

/** What every call needs: no closure, no loop where there is nothing to choose. */
export function onlyCallee<P>({ offers, policy }: Registration<P>): Offer<P> | undefined {
  const offer = offers[0];
  return policy === "single" && offer !== undefined && isFree(offer) ? offer : undefined;
}

function isFree<P>({ concurrency, running }: Offer<P>): boolean {
  return concurrency === 0 || running < concurrency;
}
