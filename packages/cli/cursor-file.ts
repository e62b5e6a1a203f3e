/**
 * The cursor of `subscribe --from last`, in a small file: read once, written at most twice a second and at the end. A new file is put in
 * the old one's place, so that an interruption leaves the one or the other.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { ReadingCursor } from "@pinion/wamp/client";
import { CommandFailure, ExitStatus } from "./exit-status.ts";

const SAVE_EVERY = 500;

export class CursorFile {
  readonly #file: string;
  #timer: NodeJS.Timeout | undefined;
  #saved = "";

  constructor(file: string) {
    this.#file = file;
  }

  /** `{}` where there is none yet. @throws CommandFailure for one that cannot be read. */
  read(): ReadingCursor | Record<string, never> {
    try {
      this.#saved = readFileSync(this.#file, "utf8");
      return JSON.parse(this.#saved) as ReadingCursor; // checked by the client that it is given to
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
      const words = error instanceof Error ? error.message : String(error);
      throw new CommandFailure(ExitStatus.usage, `${this.#file} holds no cursor: ${words}. Remove it to begin anew`);
    }
  }

  /** Something was printed. `failed` hears of a file that cannot be written. */
  changed(cursor: () => ReadingCursor, failed: (error: unknown) => void): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      try {
        this.save(cursor());
      } catch (error) {
        failed(error);
      }
    }, SAVE_EVERY);
  }

  /** @throws CommandFailure when it cannot be written: numbers would be printed twice. */
  save(cursor: ReadingCursor): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = `${JSON.stringify(cursor)}\n`;
    if (text === this.#saved) return;
    const beside = `${this.#file}.${String(process.pid)}.new`;
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      writeFileSync(beside, text, { mode: 0o600, flush: true });
      renameSync(beside, this.#file);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new CommandFailure(
        ExitStatus.usage,
        `the cursor cannot be kept: ${words}. Name another file with --cursor`,
      );
    }
    this.#saved = text;
  }
}

/** One for each router, realm and pattern, where programs keep their state. */
export function defaultCursorFile(...parts: readonly string[]): string {
  const base = process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state");
  const name = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
  return join(base, "pinion", `cursor-${name}.json`);
}
