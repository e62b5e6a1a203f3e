/**
 * Who calls this board, as far as the router tells, and who of them has left: what drivers lend to a caller ends with the
 * caller's session. Owns the callers of late; knows nothing of what they asked for.
 */
import { ApplicationError, ErrorUri, type Dict } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import type { Caller, Log } from "../drivers/driver.ts";

/** Callers that are remembered; one beyond them is not asked after when the link was down. */
const MOST = 256;
const ON_LEAVE = "wamp.session.on_leave";

export interface CallersContext {
  readonly client: Pick<Client, "subscribe" | "call">;
  readonly log: Log;
  /** For good: the id is never given to anybody else. */
  readonly onLeft: (id: string) => void;
}

export class Callers {
  readonly #context: CallersContext;
  readonly #seen = new Set<string>();
  readonly #gone = new Set<string>();

  constructor(context: CallersContext) {
    this.#context = context;
  }

  /** Tells the client to listen for sessions that leave, now and after each join. */
  declare(): void {
    const { client, log } = this.#context;
    client
      .subscribe(ON_LEAVE, ({ args }) => this.#left(idOf(args[0])))
      .catch((error: unknown) => {
        if (!(error instanceof ApplicationError)) return; // the board ends before it has joined
        log.warn(
          `${ON_LEAVE} cannot be subscribed to: leases end by their time only; allow it to this board's role (${String(error)})`,
        );
      });
  }

  /** The caller of an invocation; undefined where the router does not disclose it. */
  of({ caller, caller_authid: authid, caller_authrole: role }: Dict): Caller | undefined {
    const id = idOf(caller);
    if (id === undefined) return undefined;
    this.#seen.delete(id);
    this.#seen.add(id);
    trim(this.#seen);
    return {
      id,
      ...(typeof authid === "string" ? { authid } : {}),
      ...(typeof role === "string" ? { role } : {}),
    };
  }

  /** A call of theirs is done: if they left while it ran, what it lent out ends now. */
  done({ id }: Caller): void {
    if (this.#gone.has(id)) this.#context.onLeft(id);
  }

  /** After a join: whoever left meanwhile was not announced here. */
  async verify(): Promise<void> {
    const { client } = this.#context;
    for (const id of this.#seen) {
      try {
        await client.call("wamp.session.get", [Number(id)]);
      } catch (error) {
        if (!(error instanceof ApplicationError)) return; // the link is gone again
        if (error.uri === ErrorUri.noSuchSession) this.#left(id);
        else return; // this router does not tell
      }
    }
  }

  #left(id: string | undefined): void {
    if (id === undefined || !this.#seen.delete(id)) return;
    this.#gone.add(id);
    trim(this.#gone);
    this.#context.onLeft(id);
  }
}

function trim(ids: Set<string>): void {
  for (const oldest of ids) {
    if (ids.size <= MOST) return;
    ids.delete(oldest);
  }
}

const idOf = (session: unknown): string | undefined =>
  typeof session === "number" || typeof session === "bigint" ? String(session) : undefined;
