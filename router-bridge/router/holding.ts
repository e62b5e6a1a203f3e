/**
 * Owns the sessions whose next request waits for an answer from outside: the request itself, what was learned about it, and,
 * in order and bounded, what the session sent after it. No other session waits with them. It must not know who is asked.
 */
import { keptPayload, payloadOf, ProtocolViolation, type Message } from "@pinion/wamp";
import type { Decision } from "./authorizer.ts";
import type { Delivery } from "./delivery.ts";
import type { HookOutcome } from "./hook-verdict.ts";
import { LIMIT_EXCEEDED, type Limits } from "./limits.ts";
import type { Member } from "./member.ts";
import type { Suspension, Withdraw } from "./suspension.ts";

/** What is known about a request that waited. */
export interface Held {
  /** The request as it came. */
  readonly message: Message;
  /** What the dynamic authorizer said, by what it was asked. */
  readonly decisions: Map<string, Decision>;
  /** What its hook said. */
  outcome: HookOutcome | undefined;
}

interface Waiting<P> extends Held {
  readonly parked: Parked[];
  octets: number;
  /** Set while the answer is awaited. */
  asking: boolean;
  withdraw: Withdraw<P>;
}

/** How messages go on; both keep what goes wrong to the session it goes wrong in. */
export interface Road<P> {
  /** A request that was accepted before. */
  again(member: Member<P>, message: Message, out: Delivery<P>[]): void;
  /** A message that nobody has looked at yet. */
  receive(member: Member<P>, message: Parked, out: Delivery<P>[]): void;
}

/** A message, or what was wrong with one. */
type Parked = Message | ProtocolViolation;

/** Roughly what a message takes besides its payload and its options. */
const ENVELOPE_OCTETS = 100;

export class Holding<P> {
  readonly #limits: Limits;
  readonly #road: Road<P>;
  readonly #waiting = new Map<Member<P>, Waiting<P>>();

  constructor(limits: Limits, road: Road<P>) {
    this.#limits = limits;
    this.#road = road;
  }

  /** Makes a session wait for the answer to `suspension`, or for a further one if it has waited before. */
  hold(member: Member<P>, message: Message, suspension: Suspension<P>, out: Delivery<P>[]): void {
    const waiting = this.#waiting.get(member) ?? this.#begin(member, message);
    waiting.asking = true;
    waiting.outcome ??= suspension.outcome;
    let asks = true;
    const resume = (later: Delivery<P>[]): void => {
      if (!asks) return;
      asks = false;
      this.#resume(member, waiting, later);
    };
    const withdraw = suspension.begin(waiting, resume, out);
    // an answer that came at once may have led to another question, which is then the one to withdraw
    if (!asks) return;
    waiting.withdraw = (later) => {
      asks = false;
      withdraw(later);
    };
  }

  /**
   * Keeps a message behind those that wait. False for what need not wait: a callee's answers, and the cancellation of a call that
   * is on its way. @throws ProtocolViolation with a limit's name when the session has sent too much meanwhile.
   */
  park(member: Member<P>, message: Parked): boolean {
    const waiting = this.#waiting.get(member);
    if (waiting === undefined || overtakes(member, message)) return false;
    const { parkedMessagesPerSession, parkedOctetsPerSession } = this.#limits;
    const { kept, octets } = keptMessage(message);
    waiting.octets += octets;
    if (waiting.parked.length < parkedMessagesPerSession && waiting.octets <= parkedOctetsPerSession) {
      waiting.parked.push(kept);
      return true;
    }
    const words = `more than ${parkedMessagesPerSession} messages, or ${parkedOctetsPerSession} octets, were sent while a request waited for permission`;
    throw new ProtocolViolation(words, LIMIT_EXCEEDED);
  }

  /** Forgets a session that ended. */
  leave(member: Member<P>, out: Delivery<P>[]): void {
    const waiting = this.#waiting.get(member);
    if (waiting === undefined) return;
    this.#waiting.delete(member);
    member.held = undefined;
    waiting.withdraw(out);
  }

  #begin(member: Member<P>, message: Message): Waiting<P> {
    const waiting: Waiting<P> = {
      message: "payload" in message ? { ...message, payload: keptPayload(message.payload).payload } : message,
      decisions: new Map(),
      outcome: undefined,
      parked: [],
      octets: 0,
      asking: true,
      withdraw: () => undefined,
    };
    this.#waiting.set(member, waiting);
    member.held = waiting;
    return waiting;
  }

  #resume(member: Member<P>, waiting: Waiting<P>, out: Delivery<P>[]): void {
    waiting.asking = false;
    waiting.withdraw = () => undefined;
    this.#road.again(member, waiting.message, out);
    if (waiting.asking || this.#waiting.get(member) !== waiting) return;
    this.#waiting.delete(member);
    member.held = undefined;
    this.#drain(member, waiting, out);
  }

  /** Goes on with what was sent meanwhile, until the session has to wait again. */
  #drain(member: Member<P>, { parked }: Waiting<P>, out: Delivery<P>[]): void {
    for (let i = 0; i < parked.length; i += 1) {
      const message = parked[i];
      if (message === undefined || member.session.state !== "established") return;
      this.#road.receive(member, message, out);
      const next = this.#waiting.get(member);
      if (next === undefined) continue;
      for (const later of parked.slice(i + 1)) {
        next.parked.push(later);
        next.octets += keptMessage(later).octets;
      }
      return;
    }
  }
}

/** The answers of a callee: whoever is asked may be waiting for just these. And the end of a call that has begun. */
function overtakes<P>(member: Member<P>, message: Parked): boolean {
  if (message instanceof ProtocolViolation) return false;
  if (message.type === "YIELD" || message.type === "ERROR" || message.type === "ABORT") return true;
  return message.type === "CANCEL" && member.calls.has(message.request);
}

/** The same message without a hold on the chunk of input that it came in. */
function keptMessage(message: Parked): { readonly kept: Parked; readonly octets: number } {
  if (message instanceof ProtocolViolation) return { kept: message, octets: ENVELOPE_OCTETS };
  const options = "options" in message ? keptPayload(payloadOf([message.options])).octets : 0;
  if (!("payload" in message)) return { kept: message, octets: ENVELOPE_OCTETS + options };
  const { payload, octets } = keptPayload(message.payload);
  return { kept: { ...message, payload }, octets: ENVELOPE_OCTETS + options + octets };
}
