/**
 * The release that runs: whether it is on trial, and when it has proved itself. The launcher (deploy/service/run) said which one it
 * is, and takes it back unless it is confirmed here. Notices too when another one was put in place, by whomever.
 */
import { closeSync, fsyncSync, openSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Log, Timers } from "../drivers/driver.ts";

/** ms between two looks, and between two tries to confirm. */
const EVERY = 2_000;
const AGAIN = 60_000;

export interface ReleaseReport {
  readonly version: string;
  /** The package's own program, or one of the releases beside it. */
  readonly from: "package" | "release";
  /** Not confirmed yet. */
  readonly onTrial: boolean;
  /** The one that was taken back last, and why. */
  readonly rolledBack?: { readonly version: string; readonly reason: string };
  /** Why the release that should run does not. */
  readonly fault?: string;
}

export interface ReleaseContext {
  /** The state directory. */
  readonly root: string;
  readonly version: string;
  /** What the launcher chose; "" for the package's own. */
  readonly launched: string;
  readonly fault: string | undefined;
  /** ms that it has to be up. */
  readonly probation: number;
  readonly timers: Timers;
  readonly log: Log;
  /** Whether there was a session since the start. */
  readonly hasJoined: () => boolean;
  readonly onConfirmed: () => void;
  /** Another release is to run: the board has to start anew. */
  readonly onSwitched: (version: string) => void;
}

export class ReleaseLife {
  readonly #context: ReleaseContext;
  readonly #current: string;
  #age = 0;
  #joined = false;
  #confirmedAt = Number.NEGATIVE_INFINITY;

  constructor(context: ReleaseContext) {
    this.#context = context;
    this.#current = this.#linked();
  }

  start(): void {
    // says to who updates by hand that the router can be reached from here
    rmSync(this.#at("joined"), { force: true });
    const { log } = this.#context;
    const { version, onTrial, rolledBack } = this.report();
    if (onTrial)
      log.warn(
        `release ${version} is on trial: it has to run for ${this.#context.probation / 1_000} s and to join the router`,
      );
    if (rolledBack !== undefined) log.error(`release ${rolledBack.version} was taken back: ${rolledBack.reason}`);
    this.#later();
  }

  report(): ReleaseReport {
    const { launched, version, fault } = this.#context;
    const back = read(this.#at("rolled-back/version"));
    const reason = read(this.#at("rolled-back/reason")) ?? "the launcher did not say why";
    return {
      version,
      from: launched === "" ? "package" : "release",
      onTrial: this.#isOnTrial(),
      ...(back === undefined ? {} : { rolledBack: { version: back, reason } }),
      ...(fault === undefined || fault === "" ? {} : { fault }),
    };
  }

  /** The end of a release on trial, for whoever is told of it later. */
  failed(words: string): void {
    if (!this.#isOnTrial()) return;
    try {
      writeFileSync(this.#at("trial/reason"), `it ended: ${words.slice(0, 1_000)}\n`);
    } catch {
      // the launcher has words of its own
    }
  }

  #later(): void {
    this.#context.timers.after(EVERY, () => {
      this.#age += EVERY;
      this.#look();
      this.#later();
    });
  }

  #look(): void {
    const { hasJoined, onSwitched, log, probation } = this.#context;
    try {
      if (!this.#joined && hasJoined()) {
        this.#joined = true;
        writeFileSync(this.#at("joined"), "");
      }
      if (this.#joined && this.#age >= probation && this.#age - this.#confirmedAt > AGAIN) this.#confirm();
    } catch (error) {
      log.error(`the release cannot be confirmed: ${String(error)}`);
    }
    const now = this.#linked();
    if (now !== this.#current) onSwitched(now);
  }

  #confirm(): void {
    // once a minute is enough, should the disk not take it
    this.#confirmedAt = this.#age;
    if (!this.#isOnTrial()) return;
    const { root, log, version, onConfirmed } = this.#context;
    rmSync(this.#at("passed"), { recursive: true, force: true });
    renameSync(this.#at("trial"), this.#at("passed"));
    const folder = openSync(root, "r");
    fsyncSync(folder);
    closeSync(folder);
    rmSync(this.#at("passed"), { recursive: true, force: true });
    log.info(`release ${version} has proved itself`);
    onConfirmed();
  }

  #isOnTrial(): boolean {
    const { launched } = this.#context;
    return launched !== "" && read(this.#at("trial/version")) === launched;
  }

  #linked(): string {
    try {
      return readlinkSync(this.#at("releases/current"));
    } catch {
      return ""; // none: the package's own
    }
  }

  #at(path: string): string {
    return join(this.#context.root, path);
  }
}

/** The first 1,000 characters; undefined where there is no such file. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim().slice(0, 1_000);
  } catch {
    return undefined;
  }
}
