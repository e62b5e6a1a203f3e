/** Which of the callees that share a registration gets a call (spec "Shared Registration"). */
import type { Random } from "@pinion/wamp";
import type { Offer, Registration } from "./registration.ts";

/** Advances the turn of `roundrobin`, nothing else. */
export function chooseCallee<P>(registration: Registration<P>, random: Random): Offer<P> | undefined {
  const { offers, policy } = registration;
  if (offers.length === 1) {
    registration.turn = 1;
    return offers[0];
  }
  switch (policy) {
    case "single":
    case "first":
      return offers[0];
    case "last":
      return offers.at(-1);
    case "random":
      return offers[Math.floor(random() * offers.length)];
    case "roundrobin":
      break;
  }
  const index = registration.turn % offers.length;
  registration.turn = index + 1;
  return offers[index];
}
