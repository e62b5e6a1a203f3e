/**
 * Runs the hooks of an embedding program and does what they say. Owns the promises that are awaited, with their limits of time,
 * and the answers of calls that wait for one, in order for each caller. It awaits nothing itself: the outer room says when a
 * promise has settled.
 */
import {
  keptPayload,
  type Call,
  type ErrorMessage,
  type Payload,
  type Publish,
  type Result,
  type Subscribe,
} from "@pinion/wamp";
import type { Deadline, Deadlines, Millis } from "./deadlines.ts";
import { NO_DETAILS, RequestCode, type Asked, type Delivery } from "./delivery.ts";
import {
  changedOptions,
  changedPayload,
  changedText,
  judgementOf,
  type HookOutcome,
  type Judgement,
} from "./hook-verdict.ts";
import type { HookedCall, HookedPayload, HookedSession, HookName, Hooks } from "./hooks.ts";
import type { Member } from "./member.ts";
import type { Due, Refusal } from "./router-context.ts";
import { Suspension } from "./suspension.ts";

export interface HookOptions {
  readonly hooks: Hooks;
  /** Milliseconds for a promise to settle. */
  readonly timeout: Millis;
  /** Told of each promise: once it has settled, `Router.settle` is to be called with what became of it. */
  readonly whenSettled: (promise: PromiseLike<unknown>, wait: HookWait) => void;
  /** Told of hooks that failed. */
  readonly onFault?: ((fault: HookFault) => void) | undefined;
}

export interface HookFault {
  readonly hook: HookName;
  readonly session: HookedSession;
  readonly words: string;
}

/** A promise of a hook that has not settled. */
export interface HookWait {
  readonly kind: "hook";
  readonly hook: HookName;
}

interface Wait<P> extends HookWait {
  deadline: Deadline<Due<P>> | undefined;
  /** Undefined once nobody wants to know. */
  done: ((outcome: HookOutcome, out: Delivery<P>[]) => void) | undefined;
}

/** A call that its answer has to be seen for. */
export interface CallOrigin<P> {
  readonly member: Member<P>;
  readonly message: Call;
}

type FinalAnswer = Result | ErrorMessage;

interface Pending<P> {
  answer: FinalAnswer | undefined;
  wait: Wait<P> | undefined;
}

interface Moment<P> {
  readonly deadlines: Deadlines<Due<P>>;
  readonly moment: { readonly now: Millis };
}

export class HookRunner<P> {
  /** Whether the answers of calls have to be shown. */
  readonly watchesAnswers: boolean;
  readonly #options: HookOptions;
  readonly #hooks: Hooks;
  readonly #time: Moment<P>;
  readonly #views = new WeakMap<Member<P>, HookedSession>();
  readonly #waits = new WeakMap<HookWait, Wait<P>>();
  readonly #answers = new Map<Member<P>, Pending<P>[]>();
  #last: HookOutcome | undefined;

  constructor(options: HookOptions, time: Moment<P>) {
    this.#options = options;
    this.#hooks = options.hooks;
    this.#time = time;
    this.watchesAnswers = options.hooks.afterSuccess !== undefined || options.hooks.afterError !== undefined;
  }

  /** The CALL as it is to be made; undefined if it was refused. @throws Suspension */
  call(member: Member<P>, message: Call, out: Delivery<P>[]): Call | undefined {
    const { beforeCall } = this.#hooks;
    if (beforeCall === undefined) return message;
    const judgement = this.#judge("beforeCall", member, () => beforeCall(this.#callView({ member, message })));
    if (judgement.kind === "allow") return message;
    if (judgement.kind === "rewrite") {
      const { changes } = judgement;
      const procedure = changedText(changes, "procedure", message.procedure);
      const options = changedOptions(changes, message.options);
      return { ...message, procedure, options, payload: changedPayload(changes, message.payload) };
    }
    refuse(member, { code: RequestCode.call, request: message.request }, judgement, out);
    return undefined;
  }

  /** @throws Suspension */
  publish(member: Member<P>, message: Publish, out: Delivery<P>[]): Publish | undefined {
    const { onPublish } = this.#hooks;
    if (onPublish === undefined) return message;
    const { topic, options, payload, request } = message;
    const judgement = this.#judge("onPublish", member, () =>
      onPublish(withPayload({ session: this.#view(member), topic, options }, payload)),
    );
    if (judgement.kind === "allow") return message;
    if (judgement.kind === "rewrite") {
      const { changes } = judgement;
      const changed = { topic: changedText(changes, "topic", topic), options: changedOptions(changes, options) };
      return { ...message, ...changed, payload: changedPayload(changes, payload) };
    }
    if (options["acknowledge"] === true) refuse(member, { code: RequestCode.publish, request }, judgement, out);
    return undefined;
  }

  /** @throws Suspension */
  subscribe(member: Member<P>, message: Subscribe, out: Delivery<P>[]): Subscribe | undefined {
    const { onSubscribe } = this.#hooks;
    if (onSubscribe === undefined) return message;
    const { topic, options, request } = message;
    const judgement = this.#judge("onSubscribe", member, () =>
      onSubscribe({ session: this.#view(member), topic, options }),
    );
    if (judgement.kind === "allow") return message;
    if (judgement.kind === "rewrite") {
      const { changes } = judgement;
      return { ...message, topic: changedText(changes, "topic", topic), options: changedOptions(changes, options) };
    }
    refuse(member, { code: RequestCode.subscribe, request }, judgement, out);
    return undefined;
  }

  /** Why this session is not to be welcomed, if so. @throws Suspension */
  opening(member: Member<P>): Refusal | undefined {
    const { onSessionOpen } = this.#hooks;
    if (onSessionOpen === undefined) return undefined;
    const judgement = this.#judge("onSessionOpen", member, () => onSessionOpen(this.#view(member)));
    if (judgement.kind === "allow" || judgement.kind === "rewrite") return undefined;
    const [words] = judgement.payload.args;
    return { error: judgement.error, words: typeof words === "string" ? words : "this session is not let in" };
  }

  /** Tells that a session is gone, and forgets what it waited for. */
  closed(member: Member<P>, reason: string): void {
    for (const { wait } of this.#answers.get(member) ?? []) if (wait !== undefined) this.#forget(wait);
    this.#answers.delete(member);
    const { onSessionClose } = this.#hooks;
    if (onSessionClose === undefined || !member.welcomed) return;
    const outcome = this.#run(
      "onSessionClose",
      () => onSessionClose(this.#view(member), reason),
      (later) => {
        if (!later.ok) this.#report("onSessionClose", member, later.words);
      },
    );
    if (outcome?.ok === false) this.#report("onSessionClose", member, outcome.words);
  }

  /** Goes on with a request; what its hook said need not be asked again if it has to wait for something else. */
  passing(go: () => void): void {
    const outcome = this.#last;
    this.#last = undefined;
    try {
      go();
    } catch (fault) {
      if (fault instanceof Suspension) fault.outcome = outcome;
      throw fault;
    }
  }

  /** Shows the answer of a call, then gives it to its caller, in the order in which the calls of one caller ended. */
  answered(origin: CallOrigin<P>, answer: FinalAnswer, out: Delivery<P>[]): void {
    const { member } = origin;
    const pending: Pending<P> = { answer: undefined, wait: undefined };
    const hook = answer.type === "RESULT" ? "afterSuccess" : "afterError";
    const settle = (outcome: HookOutcome, later: Delivery<P>[]): void => {
      pending.answer = this.#changedAnswer(origin, answer, judgementOf(hook, outcome));
      pending.wait = undefined;
      this.#flush(member, later);
    };
    const queue = this.#answers.get(member) ?? [];
    queue.push(pending);
    this.#answers.set(member, queue);
    const outcome = this.#run(
      hook,
      () => this.#show(origin, answer),
      settle,
      (wait) => (pending.wait = wait),
    );
    if (outcome !== undefined) settle(outcome, out);
  }

  /** A promise has settled. */
  settle(given: HookWait, outcome: HookOutcome, out: Delivery<P>[]): void {
    const wait = this.#waits.get(given);
    const done = wait?.done;
    if (wait === undefined || done === undefined) return;
    this.#forget(wait);
    done(outcome, out);
  }

  /** A promise took too long. */
  expire(wait: HookWait, out: Delivery<P>[]): void {
    this.settle(wait, { ok: false, words: `its promise has not settled within ${this.#options.timeout} ms` }, out);
  }

  #show({ member, message }: CallOrigin<P>, answer: FinalAnswer): unknown {
    const { afterSuccess, afterError } = this.#hooks;
    const call = this.#callView({ member, message });
    if (answer.type === "RESULT") return afterSuccess?.(call, withPayload({}, answer.payload));
    return afterError?.(call, withPayload({ error: answer.error }, answer.payload));
  }

  #changedAnswer({ member, message }: CallOrigin<P>, answer: FinalAnswer, judgement: Judgement): FinalAnswer {
    if (judgement.kind === "allow") return answer;
    if (judgement.kind === "rewrite") {
      const payload = changedPayload(judgement.changes, answer.payload);
      if (answer.type === "RESULT") return { ...answer, payload };
      return { ...answer, payload, error: changedText(judgement.changes, "error", answer.error) };
    }
    if (judgement.kind === "failed") {
      this.#report(answer.type === "RESULT" ? "afterSuccess" : "afterError", member, judgement.words);
    }
    return refusal({ code: RequestCode.call, request: message.request }, judgement);
  }

  #flush(member: Member<P>, out: Delivery<P>[]): void {
    const queue = this.#answers.get(member);
    if (queue === undefined) return;
    let count = 0;
    for (const { answer } of queue) {
      if (answer === undefined) break;
      count += 1;
      out.push({ to: member.alone, message: answer });
    }
    queue.splice(0, count);
    if (queue.length === 0) this.#answers.delete(member);
  }

  /** What a hook in front of a request says. @throws Suspension if it takes its time. */
  #judge(hook: HookName, member: Member<P>, ask: () => unknown): Judgement {
    const outcome = member.held?.outcome ?? this.#outcome(hook, ask);
    this.#last = outcome;
    const judgement = judgementOf(hook, outcome);
    if (judgement.kind === "failed") this.#report(hook, member, judgement.words);
    return judgement;
  }

  #outcome(hook: HookName, ask: () => unknown): HookOutcome {
    const given = attempt(ask);
    const promise = given.ok ? asPromise(given.value) : undefined;
    if (promise === undefined) return given;
    throw new Suspension<P>((held, resume) => {
      const wait = this.#await(hook, promise, (outcome, out) => {
        held.outcome = outcome;
        resume(out);
      });
      return () => this.#forget(wait);
    });
  }

  /** The outcome, if it is there at once; otherwise `later` is told, and `waiting` what for. */
  #run(
    hook: HookName,
    ask: () => unknown,
    later: (outcome: HookOutcome, out: Delivery<P>[]) => void,
    waiting?: (wait: Wait<P>) => void,
  ): HookOutcome | undefined {
    const given = attempt(ask);
    const promise = given.ok ? asPromise(given.value) : undefined;
    if (promise === undefined) return given;
    waiting?.(this.#await(hook, promise, later));
    return undefined;
  }

  #await(
    hook: HookName,
    promise: PromiseLike<unknown>,
    done: (outcome: HookOutcome, out: Delivery<P>[]) => void,
  ): Wait<P> {
    const wait: Wait<P> = { kind: "hook", hook, deadline: undefined, done };
    const { deadlines, moment } = this.#time;
    wait.deadline = deadlines.add(moment.now + this.#options.timeout, wait);
    this.#waits.set(wait, wait);
    this.#options.whenSettled(promise, wait);
    return wait;
  }

  #forget(wait: Wait<P>): void {
    wait.done = undefined;
    if (wait.deadline !== undefined) this.#time.deadlines.remove(wait.deadline);
    wait.deadline = undefined;
  }

  #report(hook: HookName, member: Member<P>, words: string): void {
    this.#options.onFault?.({ hook, session: this.#view(member), words });
  }

  #callView({ member, message }: CallOrigin<P>): HookedCall {
    const { request, procedure, options, payload } = message;
    return withPayload({ session: this.#view(member), request, procedure, options }, payload);
  }

  #view(member: Member<P>): HookedSession {
    const known = this.#views.get(member);
    if (known !== undefined) return known;
    const { id, realm, identity, session } = member;
    const { authid, authrole, authmethod, authprovider } = identity;
    const { transport, address } = session.info;
    const view = Object.freeze({ id, realm, authid, authrole, authmethod, authprovider, transport, address });
    this.#views.set(member, view);
    return view;
  }
}

/** Gives the final answer of a call that no callee was invoked for, or that hooks are shown. */
export function answerCall<P>(
  hooks: HookRunner<P> | undefined,
  origin: CallOrigin<P>,
  answer: FinalAnswer,
  out: Delivery<P>[],
): void {
  if (hooks?.watchesAnswers === true) hooks.answered(origin, answer, out);
  else out.push({ to: origin.member.alone, message: answer });
}

/** A call without a hold on the chunk of input that it came in. */
export function keptCall(message: Call): Call {
  return { ...message, payload: keptPayload(message.payload).payload };
}

function attempt(ask: () => unknown): HookOutcome {
  try {
    return { ok: true, value: ask() };
  } catch (error) {
    return { ok: false, words: describeFault(error) };
  }
}

/** What a hook threw or its promise was rejected with, for the log. */
export function describeFault(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function asPromise(value: unknown): PromiseLike<unknown> | undefined {
  if (typeof value !== "object" || value === null || !("then" in value)) return undefined;
  return typeof value.then === "function" ? (value as PromiseLike<unknown>) : undefined; // has then: the platform asks no more
}

/** Payload that is decoded when the hook looks at it. */
function withPayload<T extends object>(fields: T, payload: Payload): T & HookedPayload {
  return Object.defineProperties(fields, {
    args: { enumerable: true, get: () => payload.args },
    kwargs: { enumerable: true, get: () => payload.kwargs },
  }) as T & HookedPayload; // both were just defined
}

type Refused = Extract<Judgement, { kind: "deny" | "failed" }>;

function refusal({ code, request }: Asked, { error, payload }: Refused): ErrorMessage {
  return { type: "ERROR", requestType: code, request, details: NO_DETAILS, error, payload };
}

function refuse<P>(member: Member<P>, asked: Asked, judgement: Refused, out: Delivery<P>[]): void {
  out.push({ to: member.alone, message: refusal(asked, judgement) });
}
