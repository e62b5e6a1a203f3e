/** A joined session of the load: the connection and the protocol that it speaks. */
import type { Endpoint } from "./endpoint.ts";
import { Link } from "./link.ts";
import { mqttWire } from "./mqtt-wire.ts";
import { wampWire } from "./wamp-wire.ts";
import type { Wire } from "./wire.ts";

export interface Session {
  readonly link: Link;
  readonly wire: Wire;
}

export async function openSession(endpoint: Endpoint): Promise<Session> {
  const wire = endpoint.protocol === "mqtt" ? mqttWire : wampWire(endpoint);
  const link = await Link.open(endpoint);
  await wire.join(link);
  return { link, wire };
}

/** So many, so many at once. */
export async function openSessions(
  count: number,
  atOnce: number,
  open: (nth: number) => Promise<Session>,
): Promise<Session[]> {
  const sessions: Session[] = [];
  for (let at = 0; at < count; at += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, count - at) }, (_, i) => open(at + i));
    sessions.push(...(await Promise.all(some)));
  }
  return sessions;
}
