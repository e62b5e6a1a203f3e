/**
 * Answers the calls that go to the router itself (spec, meta API): a callee inside the realm. It owns the table of the
 * procedures; what each does is written in the files of their subjects. Permission is asked as for every other call.
 */
import { ApplicationError, payloadOf, type Call } from "@pinion/wamp";
import { NO_DETAILS, RequestCode, type Delivery } from "./delivery.ts";
import { answerCall } from "./hook-runner.ts";
import { MetaArguments } from "./meta-arguments.ts";
import type { Member } from "./member.ts";
import { decide, type RouterContext } from "./router-context.ts";

export interface MetaCall<P> {
  readonly caller: Member<P>;
  readonly given: MetaArguments;
  /** What the call causes, before its own RESULT. */
  readonly out: Delivery<P>[];
}

/** Gives the Args of RESULT. @throws ApplicationError, which becomes the ERROR. */
export type MetaProcedure<P> = (call: MetaCall<P>) => readonly unknown[];

export type MetaProcedures<P> = Readonly<Record<string, MetaProcedure<P>>>;

export class MetaApi<P> {
  readonly #context: RouterContext<P>;
  readonly #procedures: ReadonlyMap<string, MetaProcedure<P>>;

  constructor(context: RouterContext<P>, tables: readonly MetaProcedures<P>[]) {
    this.#context = context;
    this.#procedures = new Map(tables.flatMap((table) => Object.entries(table)));
  }

  /** Whether a call to this procedure is for `call`; all others are the dealer's. */
  serves(procedure: string): boolean {
    const may = procedure.startsWith("wamp.") || procedure.startsWith("pinion.");
    return may && this.#procedures.has(procedure);
  }

  /** `asCalled`: before a hook changed it. */
  call(caller: Member<P>, message: Call, out: Delivery<P>[], asCalled: Call): void {
    const { statistics, hooks } = this.#context;
    const { request, procedure, options, payload } = message;
    const origin = { member: caller, message: asCalled };
    try {
      const args = this.#run({ procedure, options }, { caller, given: new MetaArguments(payload), out });
      statistics.calls += 1;
      statistics.results += 1;
      const result = { type: "RESULT", request, details: NO_DETAILS, payload: payloadOf(args) } as const;
      answerCall(hooks, origin, result, out);
    } catch (fault) {
      if (!(fault instanceof ApplicationError)) throw fault;
      statistics.calls += 1;
      statistics.callErrors += 1;
      const { uri: error, args, kwargs } = fault;
      const failure = { type: "ERROR", requestType: RequestCode.call, request, details: NO_DETAILS, error } as const;
      answerCall(hooks, origin, { ...failure, payload: payloadOf(args, kwargs) }, out);
    }
  }

  #run({ procedure, options }: Pick<Call, "procedure" | "options">, call: MetaCall<P>): readonly unknown[] {
    const decision = decide(this.#context, call.caller, "call", { uri: procedure, match: "exact", options });
    if (!decision.allowed) throw new ApplicationError(decision.reason, [decision.words]);
    return this.#procedures.get(procedure)?.(call) ?? [];
  }
}
