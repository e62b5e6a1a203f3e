/**
 * What is asked of a board over the router about its release and its configuration. Who may ask is the router's to say; what comes
 * in is checked here. Owns the update that is under way.
 */
import { inflateRawSync } from "node:zlib";
import type { BoardConfig, ReadBoardConfig } from "../board-config.ts";
import type { ConfigTrial } from "../config-trial.ts";
import type { FieldName } from "../naming.ts";
import type { ReleaseReport } from "../release-life.ts";
import { planChange, type ConfigPlan } from "./config-change.ts";
import { MAX_PIECE } from "./incoming.ts";
import { Refused } from "@pinion/client/release";
import { Updates, type UpdatesContext } from "./updates.ts";

/** Octets of a configuration that comes over the router. */
const MAX_CONFIG = 262_144;

export interface DeskContext {
  readonly updates: UpdatesContext;
  readonly trial: ConfigTrial;
  readonly board: BoardConfig;
  readonly readBoard: (text: string) => Promise<ReadBoardConfig>;
  readonly release: () => ReleaseReport;
  /** The board ends, to be started anew: once the answer is on its way. */
  readonly restart: (why: string) => void;
}

export interface Asked {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** The caller's session; undefined where the router does not tell. */
  readonly session: number | undefined;
}

export class FieldDesk {
  readonly #context: DeskContext;
  readonly #updates: Updates;

  constructor(context: DeskContext) {
    this.#context = context;
    this.#updates = new Updates(context.updates);
  }

  /** @throws Refused */
  async answer(name: FieldName, asked: Asked): Promise<unknown> {
    const [part = "", action = ""] = name.split(".");
    return part === "update" ? this.#update(action, asked) : this.#config(action, asked);
  }

  async #update(action: string, { args, kwargs }: Asked): Promise<unknown> {
    const { release, restart } = this.#context;
    const [first, second, third] = args;
    switch (action) {
      case "begin":
        return this.#updates.begin(octets(first, "manifest"), octets(second, "signature"));
      case "write": {
        if (typeof first !== "string") throw wrong("sha256", "a text");
        if (typeof second !== "number") throw wrong("offset", "a number");
        return this.#updates.write(first, second, piece(octets(third, "octets"), kwargs["deflated"] === true));
      }
      case "finish": {
        const version = await this.#updates.finish(true);
        restart(`release ${version} was put in place`);
        return { version };
      }
      case "abort":
        return this.#updates.abort();
      default:
        return release();
    }
  }

  async #config(action: string, { args, session }: Asked): Promise<unknown> {
    const { trial, restart } = this.#context;
    switch (action) {
      case "plan":
        return this.#plan(args[0]);
      case "apply": {
        const plan = await this.#plan(args[0]);
        if (trial.isPending) throw new Refused("busy", "one is on trial already", "confirm or revert that one first");
        trial.apply(String(args[0]), session ?? 0);
        restart("a configuration was applied");
        return plan;
      }
      case "confirm":
        this.#confirm(session);
        return null;
      case "revert":
        if (!trial.isPending) throw notPending();
        trial.revert("somebody asked for it");
        restart("the configuration was taken back");
        return null;
      default: {
        const inForce = trial.present();
        return { text: trial.textOf(inForce), source: inForce.source, reverted: trial.reverted ?? null };
      }
    }
  }

  async #plan(text: unknown): Promise<ConfigPlan> {
    if (typeof text !== "string" || text.length > MAX_CONFIG) throw wrong("text", `at most ${MAX_CONFIG} characters`);
    return planChange(this.#context.board, await this.#context.readBoard(text));
  }

  /** By somebody who came to this board after it had started with it: so it can still be reached. */
  #confirm(session: number | undefined): void {
    const { trial } = this.#context;
    if (!trial.hasBegun) throw notPending();
    if (session !== undefined && session === trial.appliedBy?.session) {
      throw new Refused("same_session", "this session has applied it", "confirm it from a new session");
    }
    trial.confirm();
  }
}

function notPending(): Refused {
  return new Refused("nothing_pending", "no configuration is on trial", "apply one first; it may have been taken back");
}

function octets(value: unknown, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw wrong(what, "octets");
}

function piece(sent: Uint8Array, isDeflated: boolean): Uint8Array {
  if (!isDeflated) return sent;
  try {
    return inflateRawSync(sent, { maxOutputLength: MAX_PIECE });
  } catch (cause) {
    throw new Refused("corrupt", "the piece does not inflate, or to too much", "send it again", { cause });
  }
}

function wrong(argument: string, allowed: string): Refused {
  return new Refused("bad_artefact", `the argument ${argument} has to be ${allowed}`, "see device/README.md");
}
