import type { Dict, Payload, PublicationId, SessionId, Uri } from "@pinion/wamp";
import type { Member } from "./member.ts";
import type { Audience } from "./publish-options.ts";

/** A publication that outlives its delivery: retained, or in a history. It keeps no session alive. */
export interface KeptEvent {
  readonly topic: Uri;
  readonly publication: PublicationId;
  /** EVENT.Details without the topic. */
  readonly details: Dict;
  /** Pins no more memory than its own. */
  readonly payload: Payload;
  /** Roughly what it takes of memory. */
  readonly octets: number;
  /** Absent if every subscriber may receive. */
  readonly audience: Audience | undefined;
  /** The publisher's session, if it excluded itself. */
  readonly excluded: SessionId | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Whether this session would have been sent the event, had it been subscribed then. */
export function mayReceive<P>({ audience, excluded }: KeptEvent, member: Member<P>): boolean {
  return member.id !== excluded && (audience?.includes(member) ?? true);
}
