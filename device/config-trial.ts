/**
 * Which configuration is in force: the file, or one that was applied since and confirmed, or one on trial. One on trial gets a single
 * start: when that ends unconfirmed, by whatever cause, the next start has the one before back. Owns `config/` in the state directory:
 *
 *   board.yaml     applied and confirmed; in force while the file that it took the place of stays as it was
 *   trial.yaml     applied, not confirmed; `begun` beside it once it had its start
 *   reverted.yaml  the last one that was taken back, `reason` beside it
 *
 * A file here ends with a line that says which file it took the place of, and who applied it.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { textOf, type ConfigSource } from "./config-source.ts";

export interface AppliedBy {
  /** The file that it took the place of, and the SHA-256 of what that held. */
  readonly named: string;
  readonly base: string;
  /** The WAMP session; 0: by hand. */
  readonly session: number;
}

export interface InForce {
  readonly file: string;
  readonly source: "file" | "applied" | "trial";
}

const MARK = /\n# pinion-applied: (\{[^\n]*\})\n$/;

export class ConfigTrial {
  /** The file that a person edits. */
  readonly named: string;
  readonly #folder: string | undefined;

  constructor(named: string, stateFolder: string | undefined) {
    this.named = resolve(named);
    this.#folder = stateFolder === undefined ? undefined : join(stateFolder, "config");
  }

  /** What a start runs: of one on trial only the first. */
  begin(): InForce {
    if (this.isPending && existsSync(this.#at("begun"))) this.revert("the board started anew before it was confirmed");
    else if (this.isPending && !this.#fits("trial.yaml")) this.revert(`${this.named} was changed after it was applied`);
    else if (this.isPending) {
      try {
        writeFileSync(this.#at("begun"), "", { flag: "wx" });
        this.#sync();
        return { file: this.#at("trial.yaml"), source: "trial" };
      } catch (error) {
        this.revert(`its start could not be noted: ${String(error)}`);
      }
    }
    return this.settled();
  }

  /** What runs, or ran last: for looking at it, and for the safe levels of its outputs. */
  present(): InForce {
    const hasBegun = this.isPending && existsSync(this.#at("begun"));
    return hasBegun ? { file: this.#at("trial.yaml"), source: "trial" } : this.settled();
  }

  /** Without one on trial. */
  settled(): InForce {
    if (this.#folder !== undefined && this.#fits("board.yaml"))
      return { file: this.#at("board.yaml"), source: "applied" };
    return { file: this.named, source: "file" };
  }

  /** There is one on trial, of this very file. */
  get isPending(): boolean {
    return this.#folder !== undefined && markOf(read(this.#at("trial.yaml")))?.named === this.named;
  }

  get hasBegun(): boolean {
    return this.isPending && existsSync(this.#at("begun"));
  }

  get appliedBy(): AppliedBy | undefined {
    return markOf(read(this.#at("trial.yaml")));
  }

  /** Why the last one was taken back. */
  get reverted(): string | undefined {
    return this.#folder === undefined ? undefined : read(this.#at("reason"))?.trim();
  }

  /** The next start tries it. */
  apply(text: string, session: number): void {
    const by: AppliedBy = { named: this.named, base: this.#base(), session };
    if (this.#folder === undefined) throw new Error("there is no state directory");
    mkdirSync(this.#folder, { recursive: true, mode: 0o750 });
    for (const old of ["begun", "reason"]) rmSync(this.#at(old), { force: true });
    this.#write("trial.yaml", `${withoutMark(text).replace(/\n*$/, "")}\n# pinion-applied: ${JSON.stringify(by)}\n`);
  }

  confirm(): void {
    const before = this.#at("previous.yaml");
    rmSync(before, { force: true });
    if (existsSync(this.#at("board.yaml"))) linkSync(this.#at("board.yaml"), before);
    renameSync(this.#at("trial.yaml"), this.#at("board.yaml"));
    this.#sync();
    rmSync(this.#at("begun"), { force: true });
  }

  /** Never throws: one that had its start has no second one, also if this disk takes nothing. */
  revert(reason: string): void {
    for (const step of [
      () => this.#write("reason", `${reason}\n`),
      () => renameSync(this.#at("trial.yaml"), this.#at("reverted.yaml")),
      () => this.#sync(),
    ]) {
      try {
        step();
      } catch {
        // going back matters more than saying why
      }
    }
    if (!existsSync(this.#at("trial.yaml"))) rmSync(this.#at("begun"), { force: true });
  }

  /** What it says, in the place of the file that a person edits: what it names is relative to that one. */
  sourceOf({ file, source }: InForce): ConfigSource {
    return source === "file" ? { file } : { file: this.named, text: withoutMark(read(file) ?? "") };
  }

  textOf(inForce: InForce): string {
    return textOf(this.sourceOf(inForce));
  }

  #fits(name: string): boolean {
    const mark = markOf(read(this.#at(name)));
    return mark?.named === this.named && mark.base === this.#base();
  }

  #base(): string {
    return createHash("sha256")
      .update(read(this.named) ?? "")
      .digest("hex");
  }

  #write(name: string, text: string): void {
    const draft = this.#at(`${name}.new`);
    const file = openSync(draft, "w", 0o640);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, this.#at(name));
    this.#sync();
  }

  #sync(): void {
    const folder = openSync(this.#folder ?? ".", "r");
    fsyncSync(folder);
    closeSync(folder);
  }

  #at(name: string): string {
    return join(this.#folder ?? "/nonexistent", name);
  }
}

function withoutMark(text: string): string {
  return text.replace(MARK, "\n");
}

function markOf(text: string | undefined): AppliedBy | undefined {
  const json = text === undefined ? undefined : MARK.exec(text)?.[1];
  if (json === undefined) return undefined;
  try {
    const { named, base, session } = JSON.parse(json) as Partial<AppliedBy>; // each of the three is checked
    const isMark = typeof named === "string" && typeof base === "string" && typeof session === "number";
    return isMark ? { named, base, session } : undefined;
  } catch {
    return undefined; // not ours
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
