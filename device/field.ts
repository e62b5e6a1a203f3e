/**
 * What a board does with itself when a launcher and a service manager are there to start it anew: confirms its release, tries a
 * configuration, and offers both over the router. Without them it offers nothing of the kind, as nobody would start it again.
 */
import { nodeCrypto } from "@pinion/client";
import { ApplicationError, fromHex } from "@pinion/wamp";
import type { Invocation } from "@pinion/wamp/client";
import type { Log, Timers } from "../drivers/driver.ts";
import type { BoardConfig, ReadBoardConfig } from "./board-config.ts";
import type { FieldProcedures } from "./component.ts";
import type { ConfigTrial, InForce } from "./config-trial.ts";
import type { Health } from "./health.ts";
import type { FieldName } from "./naming.ts";
import { ReleaseLife } from "./release-life.ts";
import { Refused } from "@pinion/client/release";
import type { UpdatesContext } from "./updating/updates.ts";

export interface Launched {
  /** The state directory. */
  readonly root: string;
  readonly version: string;
  /** Of the launcher: the release it chose, "" for the package's; the package's folder; why it chose another one. */
  readonly release: string;
  readonly packageFolder: string;
  readonly packageVersion: string;
  readonly fault: string | undefined;
  /** ms that a new release has to run, and within which a new configuration has to be confirmed. */
  readonly probation: number;
  readonly confirmWithin: number;
}

export interface FieldContext extends Launched {
  readonly board: BoardConfig;
  readonly trial: ConfigTrial;
  readonly inForce: InForce;
  readonly readBoard: (text: string) => Promise<ReadBoardConfig>;
  readonly timers: Timers;
  readonly log: Log;
  readonly hasJoined: () => boolean;
  /** An event on `device.update`. */
  readonly tell: (report: unknown) => void;
  readonly restart: (why: string) => void;
}

/** ms for an answer to leave before the board ends. */
const ANSWER_TIME = 500;
const EVERY = 1_000;
const CONFIG: readonly FieldName[] = ["config.show", "config.plan", "config.apply", "config.confirm", "config.revert"];
const UPDATE: readonly FieldName[] = ["update.begin", "update.write", "update.finish", "update.abort"];

export class Field {
  readonly #context: FieldContext;
  readonly #release: ReleaseLife;
  #spent = 0;
  #restarting = false;

  constructor(context: FieldContext) {
    this.#context = context;
    const { root, version, release, fault, probation, timers, log, hasJoined } = context;
    this.#release = new ReleaseLife({
      root,
      version,
      launched: release,
      fault,
      probation,
      timers,
      log,
      hasJoined,
      onConfirmed: () => this.ready(),
      onSwitched: (now) => this.#restart(`${now === "" ? "the package" : `release ${now}`} is to run`),
    });
  }

  start(): void {
    this.#release.start();
    const { inForce, trial, log } = this.#context;
    const { reverted } = trial;
    if (inForce.source !== "file") log.warn(`the configuration is ${inForce.file} (${inForce.source})`);
    if (reverted !== undefined) log.error(`a configuration was taken back: ${reverted}`);
    this.#watch();
  }

  /** Why the process ends; a release on trial is told of by it. */
  failed(words: string): void {
    this.#release.failed(words);
  }

  health(): Pick<Health, "release" | "config"> {
    const { inForce, trial } = this.#context;
    const { reverted } = trial;
    // on trial until it is confirmed
    const source = inForce.source === "trial" && !trial.isPending ? "applied" : inForce.source;
    const config = { source, ...(reverted === undefined ? {} : { reverted }) };
    const isPlain = source === "file" && reverted === undefined;
    return { release: this.#release.report(), ...(isPlain ? {} : { config }) };
  }

  /** A session is ready, or the release has proved itself: whoever watches updates hears how it stands. */
  ready(): void {
    this.#context.tell(this.health());
  }

  procedures(): FieldProcedures {
    const takesUpdates = this.#context.board.config.update.publicKey !== undefined;
    const names: readonly FieldName[] = ["update.status", ...CONFIG, ...(takesUpdates ? UPDATE : [])];
    const desk = this.#desk();
    return Object.fromEntries(
      names.map((name) => [
        name,
        async ({ args, kwargs, details }: Invocation) => {
          const { caller } = details;
          const session = typeof caller === "number" ? caller : undefined;
          try {
            return await (await desk()).answer(name, { args, kwargs, session });
          } catch (error) {
            if (!(error instanceof Refused)) throw error;
            const { code, message: what, cure } = error;
            throw new ApplicationError(`pinion.error.${code}`, [`${what}: ${cure}`], { code, what, cure });
          }
        },
      ]),
    );
  }

  /** Loaded when it is first needed. */
  #desk() {
    const { board, trial, readBoard } = this.#context;
    const load = async () => {
      const { FieldDesk } = await import("./updating/field-desk.ts");
      return new FieldDesk({
        updates: updatesContext(this.#context, board, trial.named),
        trial,
        board,
        readBoard,
        release: () => this.#release.report(),
        restart: (why) => void this.#context.timers.after(ANSWER_TIME, () => this.#restart(why)),
      });
    };
    let desk: ReturnType<typeof load> | undefined;
    return () => (desk ??= load());
  }

  /** Somebody at the board may have applied, confirmed or taken back a configuration. */
  #watch(): void {
    const { timers, trial, inForce, log, confirmWithin } = this.#context;
    timers.after(EVERY, () => {
      this.#spent += EVERY;
      const isPending = trial.isPending;
      if (isPending && !trial.hasBegun) return this.#restart("a configuration was applied");
      if (inForce.source === "trial" && !isPending && trial.reverted !== undefined) {
        return this.#restart("the configuration was taken back");
      }
      if (inForce.source === "trial" && isPending && this.#spent >= confirmWithin) {
        trial.revert(`nobody confirmed it within ${confirmWithin / 1_000} s`);
        return this.#restart("the configuration was not confirmed");
      }
      if (inForce.source === "trial" && !isPending && this.#spent < confirmWithin)
        log.info("the configuration is confirmed");
      if (inForce.source === "trial" && !isPending) this.#spent = confirmWithin;
      this.#watch();
    });
  }

  #restart(why: string): void {
    if (this.#restarting) return;
    this.#restarting = true;
    this.#context.log.warn(`${why}: the board ends, to be started anew`);
    this.#context.restart(why);
  }
}

/** What an update is judged by. */
export function updatesContext(launched: Launched, board: BoardConfig, configFile: string): UpdatesContext {
  const { publicKey, downgrade } = board.config.update;
  const key = publicKey === undefined ? undefined : fromHex(publicKey.toLowerCase(), 32);
  return {
    root: launched.root,
    packageFolder: launched.packageFolder,
    packageVersion: launched.packageVersion,
    running: launched.version,
    target: `linux-${process.arch === "arm" ? "armv7" : process.arch}`,
    abi: process.versions.modules,
    configFile,
    downgrade,
    isSigned: key && ((message, signature) => nodeCrypto.ed25519Verify(key, message, signature)),
  };
}
