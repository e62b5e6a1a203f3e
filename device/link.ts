/**
 * What is known about the session: its state and since when, what the router refuses, and who is in the way. Watches the
 * client; decides nothing about it. When another callee holds this board's procedures it asks the realm who that is.
 */
import { ApplicationError, ErrorUri } from "@pinion/wamp";
import type { Client, ClientStatus } from "@pinion/wamp/client";
import type { Clock, Log, Timers } from "../drivers/driver.ts";
import type { LinkReport } from "./health.ts";
import type { Naming } from "./naming.ts";
import { otherBoards } from "./other-boards.ts";
import { roleCure } from "./role-cure.ts";

export interface LinkContext {
  readonly client: Pick<Client, "onState" | "status" | "session" | "publish" | "subscribe">;
  readonly naming: Naming;
  readonly boot: string;
  readonly url: string;
  readonly realm: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** The session is ready: everything declared is restored, or refused. */
  readonly onReady: () => void;
  /** The session that was ready is so no longer. */
  readonly onLost: () => void;
  /** What the board can offer has changed. */
  readonly onChange: () => void;
}

export class Link {
  readonly #context: LinkContext;
  #status: ClientStatus;
  #since: number;
  #sessions = 0;
  #refused: readonly string[] = [];
  #collision: string | undefined;
  #askedIn = 0;
  #denied: string | undefined;

  constructor(context: LinkContext) {
    this.#context = context;
    this.#status = context.client.status;
    this.#since = context.clock.wall();
    context.client.onState((status) => this.#changed(status));
  }

  /** Procedures that somebody else holds. */
  get refused(): ReadonlySet<string> {
    return new Set(this.#refused);
  }

  get collision(): string | undefined {
    return this.#collision;
  }

  report(): LinkReport {
    const { url, realm } = this.#context;
    const { state, cause } = this.#status;
    return {
      state,
      ...(cause === undefined ? {} : { cause }),
      since: this.#since,
      url,
      realm,
      sessions: this.#sessions,
      refused: this.#refused,
      ...(this.#collision === undefined ? {} : { collision: this.#collision }),
      ...(this.#denied === undefined ? {} : { denied: this.#denied }),
    };
  }

  #changed(status: ClientStatus): void {
    const before = this.#status;
    this.#status = status;
    const { log, clock } = this.#context;
    const refused = status.unrestored.filter(({ kind, error }) => kind === "registration" && isTaken(error));
    const was = this.#refused.length;
    this.#refused = refused.map(({ uri }) => uri);
    if (status.state !== before.state) {
      this.#since = clock.wall();
      if (status.state === "ready") this.#ready();
      else if (before.state === "ready") {
        log.warn(`the session is gone: ${status.cause ?? status.state}`);
        this.#context.onLost();
      } else if (status.state === "waiting") {
        log.warn(`no session: ${withCure(status.cause ?? "unknown cause")}`, {
          retryIn: status.retryIn,
          attempt: status.attempt,
        });
      }
    }
    if (status.state !== "ready") return;
    if (this.#refused.length > 0) void this.#ask();
    else this.#clear();
    if (this.#refused.length !== was) this.#context.onChange();
  }

  #ready(): void {
    this.#sessions += 1;
    this.#context.log.info("the session is ready", { url: this.#context.url, realm: this.#context.realm });
    this.#context.onReady();
  }

  /** The procedures that the account may not offer, for good as long as the router says so; told once until that changes. */
  deny(uris: readonly string[]): void {
    const words = uris.length === 0 ? undefined : this.#deniedWords(uris);
    if (words !== undefined && words !== this.#denied) this.#context.log.error(words);
    this.#denied = words;
  }

  #deniedWords(uris: readonly string[]): string {
    const { client, naming } = this.#context;
    const details = client.session?.details ?? {};
    const who = `${String(details["authid"])}, role ${String(details["authrole"])}`;
    return `${who}, may not register ${some(uris)} at this router: nobody can call them. ${roleCure(details, naming)}`;
  }

  #clear(): void {
    if (this.#collision === undefined) return;
    this.#collision = undefined;
    this.#context.log.info("the procedures are this board's again");
  }

  /**
   * Who is it? A live board answers; this board's own ghost (a dead session the router still keeps) does not. Asked once
   * a session: every board of the realm answers, so it must not become a habit.
   */
  async #ask(): Promise<void> {
    const session = this.#sessions;
    if (this.#askedIn === session) return;
    this.#askedIn = session;
    this.#collision ??= this.#words([]);
    const { client, naming, boot, timers, log, onChange } = this.#context;
    const others = await otherBoards(client, { naming, boot }, timers);
    if (this.#refused.length === 0 || session !== this.#sessions) return;
    this.#collision = this.#words(others);
    log.error(this.#collision, { refused: this.#refused });
    onChange();
  }

  #words(others: readonly string[]): string {
    const { naming } = this.#context;
    const holder =
      others.length === 0
        ? "a session that does not say which board it is"
        : `the board ${others.map((id) => `'${id}'`).join(" or ")}`;
    const cure =
      naming.mode === "single"
        ? "set device.naming: fleet on each board of this realm, or give this one another router.realm"
        : `set another device.id than '${naming.id}' on one of them`;
    const ghost =
      others.length === 0
        ? "; if it is this board's own lost connection, the router lets go of it and nothing need be done"
        : "";
    return `${some(this.#refused)} of this realm belong to ${holder}: ${cure}${ghost}. This board keeps trying.`;
  }
}

/** What the router says of a realm it does not have is true, but not what to do. */
function withCure(cause: string): string {
  return cause.includes(ErrorUri.noSuchRealm)
    ? `${cause}; set router.realm to one that the router has, or add it there`
    : cause;
}

function some(uris: readonly string[]): string {
  const more = uris.length > 3 ? ` and ${String(uris.length - 3)} more` : "";
  return `${uris.slice(0, 3).join(", ")}${more}`;
}

function isTaken(error: Error): boolean {
  return error instanceof ApplicationError && error.uri === ErrorUri.procedureAlreadyExists;
}
