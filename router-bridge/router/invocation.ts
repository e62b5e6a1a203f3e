import type { Millis, Deadline } from "./deadlines.ts";
import type { Member } from "./member.ts";
import type { RequestId, Uri } from "@pinion/wamp";
import type { Registration } from "./registration.ts";
import type { Due } from "./router-context.ts";

/**
 * A call on its way: from CALL until the caller has its answer. It is in `caller.calls` and in `callee.invocations` or in
 * neither. The payload is not kept.
 */
export interface Invocation<P> {
  readonly kind: "invocation";
  readonly caller: Member<P>;
  readonly callee: Member<P>;
  /** The id of CALL, in the caller's session. */
  readonly call: RequestId;
  readonly registration: Registration<P>;
  readonly procedure: Uri;
  /** The id of INVOCATION, in the callee's session. */
  readonly request: RequestId;
  /** The caller takes progressive results and the callee can send them. */
  readonly progressive: boolean;
  /** The caller will send more of this call: further CALLs with the same id. */
  sending: boolean;
  /** More than the first part was passed on. */
  resumed: boolean;
  /** Milliseconds to the first result and between results; 0: no limit. */
  readonly timeout: Millis;
  deadline: Deadline<Due<P>> | undefined;
  /** CANCEL in mode kill was passed on; the callee's answer is still awaited. */
  killed: boolean;
}
