/**
 * Owns what sessions want to be published when they are gone (spec, session testaments), in two ordered buckets each. This
 * router resumes no sessions, so that detached and destroyed happen together, in that order. It publishes nothing itself.
 */
import type { Publish } from "@pinion/wamp";
import type { Permission } from "./broker.ts";
import type { Member } from "./member.ts";

export const TESTAMENT_SCOPES = ["detached", "destroyed"] as const;
export type TestamentScope = (typeof TESTAMENT_SCOPES)[number];

export interface Testament {
  readonly publication: Publish;
  /** As it was given when the testament was left. */
  readonly permission: Permission;
  /** Roughly what it takes of memory. */
  readonly octets: number;
}

interface Buckets {
  readonly detached: Testament[];
  readonly destroyed: Testament[];
}

export class Testaments<P> {
  readonly #buckets = new Map<Member<P>, Buckets>();

  add(member: Member<P>, scope: TestamentScope, testament: Testament): void {
    const buckets = this.#buckets.get(member) ?? { detached: [], destroyed: [] };
    buckets[scope].push(testament);
    this.#buckets.set(member, buckets);
  }

  flush(member: Member<P>, scope: TestamentScope): void {
    const buckets = this.#buckets.get(member);
    if (buckets === undefined) return;
    buckets[scope].length = 0;
    if (buckets.detached.length + buckets.destroyed.length === 0) this.#buckets.delete(member);
  }

  /** All that a session has left, in the order in which it is to be published. */
  of(member: Member<P>): readonly Testament[] {
    const { detached, destroyed } = this.#buckets.get(member) ?? { detached: [], destroyed: [] };
    return [...detached, ...destroyed];
  }

  /** The same, and forgets it. */
  take(member: Member<P>): readonly Testament[] {
    const testaments = this.of(member);
    this.#buckets.delete(member);
    return testaments;
  }
}
