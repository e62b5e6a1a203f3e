/**
 * The registrations and subscriptions that a client wants, whatever session it has. Owns their order, their handlers,
 * and the ids of the present session. Knows neither connections nor calls. Several handlers on one topic and match
 * share one subscription. Nothing a handler throws leaves this file except through `onError`.
 */
import { UsageError } from "../errors.ts";
import type { RegistrationId, SubscriptionId } from "../id.ts";
import type { Dict, Event } from "../message.ts";
import type { Match, Uri } from "../uri.ts";
import type { ClientSession, Revocation } from "./client-session.ts";
import type { Unrestored } from "./client-status.ts";
import type {
  EventGap,
  EventHandler,
  InvocationHandler,
  ReceivedEvent,
  Registration,
  RegisterOptions,
  SubscribeOptions,
  Subscription,
} from "./conversation-options.ts";
import { Declaration, type DeclarationContext, type DeclarationSpec } from "./declaration.ts";
import { Restoring } from "./restoring.ts";
import { hasFeature } from "../roles.ts";
import { openedPayload } from "./passthru.ts";
import { checkUri, wireOptions } from "./wire-options.ts";

export interface DeclaredStateContext extends Omit<DeclarationContext, "onSettled"> {
  readonly restoreTimeout: number;
  readonly limit: number;
  onUnrestoredChanged(): void;
  onError(error: unknown, where: string): void;
}

const PATTERN_FEATURE = {
  registration: ["dealer", "pattern_based_registration"],
  subscription: ["broker", "pattern_based_subscription"],
} as const;

type RegistrationEntry = { kind: "registration"; declaration: Declaration; handler: InvocationHandler };
type Slot = { readonly handle: EventHandler; readonly onGap: SubscribeOptions["onGap"] };
type SubscriptionEntry = { kind: "subscription"; declaration: Declaration; handlers: Set<Slot> };
type Entry = RegistrationEntry | SubscriptionEntry;

export class DeclaredState {
  readonly #context: DeclaredStateContext;
  readonly #entries = new Map<string, Entry>();
  readonly #byId = { registration: new Map<number, Entry>(), subscription: new Map<number, Entry>() };
  readonly #failed = new Set<Declaration>();
  /** Patterns that were doubted aloud: once is enough, whatever the number of sessions. */
  readonly #doubted = new WeakSet<Declaration>();
  #session: ClientSession | undefined;
  #restoring: Restoring | undefined;

  constructor(context: DeclaredStateContext) {
    this.#context = context;
  }

  get unrestored(): readonly Unrestored[] {
    return Array.from(this.#failed, ({ spec, error }) => {
      const { kind, uri, match } = spec;
      return { kind, uri, match, error: error ?? new Error("not restored") };
    });
  }

  async register(procedure: string, handler: InvocationHandler, options: RegisterOptions): Promise<Registration> {
    const match = options.match ?? "exact";
    const uri = checkUri("procedure", procedure, match);
    const { invoke, discloseCaller, concurrency, forwardTimeout } = options;
    if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency >= 0)) {
      throw new UsageError("invalid_option", `concurrency must be a whole number from 0, not ${String(concurrency)}`);
    }
    const wire = wireOptions(options.options, {
      match: match === "exact" ? undefined : match,
      invoke,
      disclose_caller: discloseCaller,
      concurrency,
      forward_timeout: forwardTimeout,
    });
    refuseAborted(options.signal);
    const spec: DeclarationSpec = {
      kind: "registration",
      uri,
      match,
      options: wire,
      retryTaken: options.whenTaken === "retry",
      force: options.force,
    };
    const entry = this.#registrationEntry(spec, handler);
    const { declaration } = entry;
    await this.#untilHeld(declaration, options.signal, () => void declaration.withdraw());
    return {
      procedure: uri,
      match,
      get id() {
        return declaration.id as RegistrationId | undefined; // a REGISTERED gave it
      },
      unregister: () => this.#withdraw(declaration),
    };
  }

  async subscribe(topic: string, handler: EventHandler, options: SubscribeOptions): Promise<Subscription> {
    const match = options.match ?? "exact";
    const uri = checkUri("topic", topic, match);
    const wire = wireOptions(options.options, {
      match: match === "exact" ? undefined : match,
      get_retained: options.getRetained,
    });
    refuseAborted(options.signal);
    const spec: DeclarationSpec = { kind: "subscription", uri, match, options: wire, retryTaken: false };
    const entry = this.#subscriptionEntry(spec);
    const { declaration, handlers } = entry;
    const slot: Slot = { handle: handler, onGap: options.onGap };
    handlers.add(slot);
    const leave = async (): Promise<void> => {
      if (handlers.delete(slot) && handlers.size === 0) await this.#withdraw(declaration);
    };
    await this.#untilHeld(declaration, options.signal, () => void leave());
    return {
      topic: uri,
      match,
      get id() {
        return declaration.id as SubscriptionId | undefined; // a SUBSCRIBED gave it
      },
      unsubscribe: leave,
    };
  }

  /** Asks for everything on a new session, in order; `onRestored` follows unless the session ends before. */
  restore(session: ClientSession, onRestored: () => void): void {
    this.#session = session;
    const restoring = new Restoring(this.#context.timers, this.#context.restoreTimeout, () => {
      this.#restoring = undefined;
      onRestored();
    });
    this.#restoring = restoring;
    restoring.start(
      session,
      [...this.#entries.values()].map((entry) => entry.declaration),
    );
  }

  /** The session ended. */
  lost(): void {
    this.#restoring?.cancel();
    this.#restoring = undefined;
    this.#session = undefined;
    this.#byId.registration.clear();
    this.#byId.subscription.clear();
    for (const { declaration } of this.#entries.values()) declaration.lost();
  }

  /** The client closed: nothing is wanted any more, and whoever still waits gets `error`. */
  close(error: Error): void {
    for (const { declaration } of this.#entries.values()) declaration.close(error);
  }

  revoked(revocation: Revocation): void {
    const { kind, id, reason } = revocation;
    const entry = this.#byId[kind].get(id);
    this.#byId[kind].delete(id);
    entry?.declaration.revoked(reason);
  }

  /** Who answers an invocation of `registration`; undefined when it is not offered (any more). */
  callee(registration: RegistrationId): { uri: string; handler: InvocationHandler } | undefined {
    const entry = this.#byId.registration.get(registration);
    if (entry?.kind !== "registration") return undefined;
    return { uri: entry.declaration.spec.uri, handler: entry.handler };
  }

  /** Hands an EVENT to its handlers. One for an unknown subscription was on its way while it was ended: ignored. */
  dispatch(message: Event): void {
    const entry = this.#byId.subscription.get(message.subscription);
    if (entry?.kind !== "subscription") return;
    const { uri } = entry.declaration.spec;
    const where = `handler of the events of ${uri}`;
    try {
      const event = receivedEvent(message, uri);
      const gap = gapBefore(event, uri);
      const slots = [...entry.handlers];
      for (const slot of slots) {
        if (gap !== undefined && entry.handlers.has(slot)) this.#tellGap(slot, gap);
        if (entry.handlers.has(slot)) this.#handle(slot.handle, event, where);
      }
    } catch (error) {
      this.#context.onError(error, `payload of an event of ${uri}`);
    }
  }

  #tellGap({ onGap }: Slot, gap: EventGap): void {
    try {
      onGap?.(gap);
    } catch (error) {
      this.#context.onError(error, `handler of a gap in the events of ${gap.topic}`);
    }
  }

  #handle(handler: EventHandler, event: ReceivedEvent, where: string): void {
    try {
      const done = handler(event);
      if (done !== undefined) Promise.resolve(done).catch((error: unknown) => this.#context.onError(error, where));
    } catch (error) {
      this.#context.onError(error, where);
    }
  }

  #registrationEntry(spec: DeclarationSpec, handler: InvocationHandler): Entry {
    const known = this.#entries.get(keyOf(spec));
    if (known?.kind === "registration") {
      if (!known.declaration.unwanted || !sameOptions(known.declaration, spec)) {
        throw new UsageError("already_registered", `this client registers ${spec.uri} (${spec.match}) already`);
      }
      known.handler = handler;
      known.declaration.wantAgain();
      return known;
    }
    const entry: Entry = { kind: "registration", declaration: this.#declaration(spec), handler };
    this.#add(spec, entry);
    return entry;
  }

  #subscriptionEntry(spec: DeclarationSpec): SubscriptionEntry {
    const known = this.#entries.get(keyOf(spec));
    if (known?.kind === "subscription") {
      if (!sameOptions(known.declaration, spec)) {
        const text = `this client subscribes to ${spec.uri} (${spec.match}) already, with other options`;
        throw new UsageError("invalid_option", text);
      }
      known.declaration.wantAgain();
      return known;
    }
    const entry: SubscriptionEntry = {
      kind: "subscription",
      declaration: this.#declaration(spec),
      handlers: new Set(),
    };
    this.#add(spec, entry);
    return entry;
  }

  #declaration(spec: DeclarationSpec): Declaration {
    const context = { ...this.#context, onSettled: (declaration: Declaration) => this.#settled(declaration) };
    return new Declaration(spec, context);
  }

  #add(spec: DeclarationSpec, entry: Entry): void {
    const { limit } = this.#context;
    if (this.#entries.size >= limit) {
      throw new UsageError("limit_exceeded", `a client declares at most ${limit} registrations and subscriptions`);
    }
    this.#entries.set(keyOf(spec), entry);
    if (!this.#session) return;
    if (this.#restoring) this.#restoring.add(this.#session, entry.declaration);
    else entry.declaration.ask(this.#session);
  }

  #settled(declaration: Declaration): void {
    const { spec, phase, id } = declaration;
    const entry = this.#entries.get(keyOf(spec));
    if (entry?.declaration === declaration) {
      if (phase === "held" && id !== undefined) this.#byId[spec.kind].set(id, entry);
      if (phase === "dropped") this.#entries.delete(keyOf(spec));
    }
    if (phase === "held") this.#doubt(declaration);
    this.#restoring?.settled(declaration);
    if (phase === "failed") this.#failed.add(declaration);
    const changed = phase === "failed" || this.#failed.delete(declaration);
    if (changed) this.#context.onUnrestoredChanged();
  }

  /** A router without patterns takes one for a plain URI and says nothing: it would never match, in silence. */
  #doubt(declaration: Declaration): void {
    const { kind, uri, match } = declaration.spec;
    const [role, feature] = PATTERN_FEATURE[kind];
    const welcome = this.#session?.joined?.details;
    if (match === "exact" || welcome === undefined || this.#doubted.has(declaration)) return;
    if (hasFeature(welcome, role, feature)) return;
    this.#doubted.add(declaration);
    const text = `the router took '${uri}' but does not announce ${feature}: it may be no ${match} to it, and match nothing`;
    this.#context.onError(new Error(text), `${kind} of ${uri} (${match})`);
  }

  async #untilHeld(declaration: Declaration, signal: AbortSignal | undefined, leave: () => void): Promise<void> {
    try {
      await declaration.held(signal);
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #withdraw(declaration: Declaration): Promise<void> {
    if (declaration.id !== undefined) this.#byId[declaration.spec.kind].delete(declaration.id);
    await declaration.withdraw();
  }
}

function keyOf(spec: { kind: string; match: Match; uri: Uri }): string {
  return `${spec.kind} ${spec.match} ${spec.uri}`;
}

function sameOptions(declaration: Declaration, spec: DeclarationSpec): boolean {
  const { options, force } = declaration.spec;
  return JSON.stringify([options, force]) === JSON.stringify([spec.options, spec.force]);
}

function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new UsageError("aborted", "aborted before it began", { cause: signal.reason });
}

function receivedEvent(message: Event, uri: Uri): ReceivedEvent {
  const { details, payload, publication } = message;
  const topic: unknown = (details satisfies Dict)["topic"];
  const { args, kwargs } = openedPayload(details, payload);
  return { topic: typeof topic === "string" ? topic : uri, args, kwargs, details, publication };
}

function gapBefore({ details }: ReceivedEvent, topic: Uri): EventGap | undefined {
  const dropped = details["pinion_dropped"];
  return typeof dropped === "number" && dropped > 0 ? { topic, dropped } : undefined;
}
