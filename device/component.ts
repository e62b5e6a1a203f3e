/**
 * The board as a WAMP component: its drivers' actions become procedures, their readings events, its description an answer
 * to whoever asks. Owns what is declared to the session and whether calls are still taken. Never opens, closes or moves
 * anything by itself: a session that comes or goes reaches no driver through here.
 */
import { ApplicationError, ErrorUri } from "@pinion/wamp";
import type { Client, Invocation } from "@pinion/wamp/client";
import type { Timers } from "../drivers/driver.ts";
import type { Log } from "../drivers/driver.ts";
import { proceduresOf, type Procedure } from "./actions.ts";
import { Callers } from "./callers.ts";
import { Announcing } from "./announcing.ts";
import { describeBoard, type BoardDescription, type BoardIdentity } from "./board-description.ts";
import type { ClockReport, Health } from "./health.ts";
import { answerHistory } from "./history.ts";
import type { ClockStep } from "./journal/boot-clocks.ts";
import type { Link } from "./link.ts";
import { ANNOUNCE, DISCOVER, type FieldName, type Naming } from "./naming.ts";
import type { Delivering } from "./delivering.ts";
import type { Readings } from "./readings.ts";
import type { SupervisedDriver } from "./supervised-driver.ts";

export interface ComponentContext {
  readonly client: Pick<Client, "register" | "subscribe" | "publish" | "call" | "session">;
  readonly link: Link;
  readonly naming: Naming;
  readonly identity: BoardIdentity;
  readonly drivers: readonly SupervisedDriver[];
  readonly readings: Readings;
  readonly delivering: Delivering;
  readonly timers: Timers;
  readonly log: Log;
  /** Procedures of the board itself that not every board has. */
  readonly further: FieldProcedures;
  health(): Health;
  clockReport(): ClockReport;
  /** Of a boot whose readings are kept. */
  stepsOf(boot: string): readonly ClockStep[];
}

/** ms after which a session's refusals are taken to be all. */
const SETTLED = 500;

interface Denied {
  readonly handler: (invocation: Invocation) => unknown;
  readonly session: Client["session"];
}

export type FieldProcedures = Readonly<Partial<Record<FieldName, (invocation: Invocation) => unknown>>>;

export class Component {
  readonly #context: ComponentContext;
  readonly #announcing: Announcing;
  readonly #callers: Callers;
  /** What the account may not offer, and the session that said so. */
  readonly #denied = new Map<string, Denied>();
  #cancelTelling: () => void = () => undefined;
  #stopping = false;

  constructor(context: ComponentContext) {
    this.#context = context;
    const { client, log, drivers } = context;
    const onLeft = (id: string): void => {
      for (const driver of drivers) driver.callerLeft(id);
    };
    this.#callers = new Callers({ client, log, onLeft });
    this.#announcing = new Announcing(context.timers, () => this.#announce());
  }

  /** Tells the client what this board offers, for every session to come. Returns at once. */
  declare(): void {
    const { naming, drivers, client } = this.#context;
    this.#register(naming.own("describe"), () => this.describe());
    this.#register(naming.own("health"), () => this.#context.health());
    const { identity, readings, delivering } = this.#context;
    const past = {
      naming,
      boot: identity.boot,
      streams: readings.streams,
      delivering,
      clock: () => this.#context.clockReport(),
      stepsOf: (boot: string) => this.#context.stepsOf(boot),
    };
    this.#register(naming.own("history"), (invocation) => answerHistory(past, invocation));
    for (const [name, handler] of Object.entries(this.#context.further)) {
      this.#register(naming.own(name as FieldName), handler); // a key of FieldProcedures
    }
    for (const procedure of proceduresOf(drivers, naming)) this.#offer(procedure);
    this.#callers.declare();
    client
      .subscribe(DISCOVER, () => this.#announcing.request())
      .catch((error: unknown) => this.#undeclared(`subscription of ${DISCOVER}`, error));
  }

  /** Everything declared is restored: whoever listens gets the board and the present state of what has one. */
  ready(): void {
    const { delivering, readings } = this.#context;
    delivering.ready(readings.last("state"));
    void this.#callers.verify();
    this.#announcing.request();
    // what this account might not do it may do by now: its role was changed, or it is another one's router
    const earlier = [...this.#denied].filter(([, { session }]) => session !== this.#context.client.session);
    if (earlier.length === 0) return;
    for (const [uri, { handler }] of earlier) {
      this.#denied.delete(uri);
      this.#register(uri, handler);
    }
    this.#tellDenied();
  }

  /** What the description says has changed: a driver's state, or what the router lets this board offer. */
  changed(): void {
    this.#announcing.request();
  }

  describe(): BoardDescription {
    const { identity, naming, drivers, link, readings } = this.#context;
    const { refused, collision } = link;
    return describeBoard({ identity, naming, drivers, refused, collision, last: readings.last() });
  }

  /** From now on every call is refused: nothing may move an output on its way to its safe level. */
  stop(): void {
    this.#stopping = true;
    this.#cancelTelling();
    this.#announcing.stop();
  }

  #offer({ uri, kind, action, invoke }: Procedure): void {
    this.#register(uri, async ({ args, kwargs, details }) => {
      const caller = this.#callers.of(details);
      try {
        const answer = await invoke({ args, kwargs, caller });
        if (caller !== undefined) this.#callers.done(caller);
        return answer;
      } catch (error) {
        if (!(error instanceof ApplicationError)) {
          this.#context.log.error(`driver ${kind}: ${action} threw what no driver may throw: ${String(error)}`);
        }
        throw error;
      }
    });
  }

  #register(uri: string, handler: (invocation: Invocation) => unknown): void {
    const { client, naming } = this.#context;
    const guarded = (invocation: Invocation): unknown => {
      if (!this.#stopping) return handler(invocation);
      const words = "The board is shutting down. Try again after the restart.";
      throw new ApplicationError("pinion.error.closed", [words], { code: "closed" });
    };
    // a principal named as the board is this board: only then is who holds its procedures its own ghost
    const force = { authid: naming.id };
    client.register(uri, guarded, { whenTaken: "retry", force, discloseCaller: true }).catch((error: unknown) => {
      if (error instanceof ApplicationError && error.uri === ErrorUri.notAuthorized) {
        this.#denied.set(uri, { handler, session: client.session });
        this.#tellDenied();
      } else this.#undeclared(`registration of ${uri}`, error);
    });
  }

  /** All that a session refuses in one sentence, a moment after its first refusal. */
  #tellDenied(): void {
    this.#cancelTelling();
    this.#cancelTelling = this.#context.timers.after(SETTLED, () => {
      if (!this.#stopping) this.#context.link.deny([...this.#denied.keys()]);
    });
  }

  /** The router refuses it for good (not because it is taken), or the client was closed before it ever held it. */
  #undeclared(what: string, error: unknown): void {
    if (this.#stopping) return;
    this.#context.log.error(`the ${what} failed: ${error instanceof Error ? error.message : String(error)}`);
  }

  #announce(): void {
    const { client, log } = this.#context;
    if (client.session === undefined) return; // the next session's `ready` announces
    client.publish(ANNOUNCE, [this.describe()]).catch((error: unknown) => {
      log.warn(`the board could not announce itself: ${String(error)}`);
    });
  }
}
