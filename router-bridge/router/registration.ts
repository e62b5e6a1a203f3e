import type { Match, RegistrationId, Uri } from "@pinion/wamp";
import type { Member } from "./member.ts";

/** A procedure that a callee offers: the answer to REGISTER. One per pair of URI and match policy. */
export interface Registration<P> {
  readonly id: RegistrationId;
  readonly procedure: Uri;
  readonly match: Match;
  readonly callee: Member<P>;
  /** The callee wants to know its callers (`disclose_caller`). */
  readonly discloseCaller: boolean;
}
