/**
 * One topic or pattern with its subscribers, who share the subscription id. It owns the lists that publications are
 * delivered to: built when they are asked for after a change and never changed once handed out, so that publishing to the
 * same subscribers allocates nothing for them.
 */
import type { Match, SubscriptionId, Uri } from "@pinion/wamp";
import { IdTable } from "./id-table.ts";
import type { Member } from "./member.ts";

export class Subscription<P> {
  readonly id: SubscriptionId;
  readonly topic: Uri;
  readonly match: Match;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** By session id, in the order in which they came. */
  readonly members = new IdTable<Member<P>>();
  #everyone: readonly P[] | undefined;
  #withoutOne: readonly P[] | undefined;
  #theOne: Member<P> | undefined;

  constructor(identity: { id: SubscriptionId; topic: Uri; match: Match; created: number }) {
    this.id = identity.id;
    this.topic = identity.topic;
    this.match = identity.match;
    this.created = identity.created;
  }

  add(member: Member<P>): void {
    this.members.set(member.id, member);
    this.#forgetLists();
  }

  remove(member: Member<P>): void {
    this.members.delete(member.id);
    this.#forgetLists();
  }

  /** All subscribers, in the order in which they came. */
  peers(): readonly P[] {
    return (this.#everyone ??= Array.from(this.members.values(), (member) => member.peer));
  }

  /** All subscribers but one; the list for the last one asked about is kept. */
  peersWithout(member: Member<P>): readonly P[] {
    if (!this.members.has(member.id)) return this.peers();
    if (this.#withoutOne === undefined || this.#theOne !== member) {
      this.#theOne = member;
      this.#withoutOne = this.peers().filter((peer) => peer !== member.peer);
    }
    return this.#withoutOne;
  }

  #forgetLists(): void {
    this.#everyone = undefined;
    this.#withoutOne = undefined;
    this.#theOne = undefined;
  }
}
