/** Text files in memory: a flat map of absolute paths; directories are what the paths imply. */
import { DriverError, type Files } from "../board.ts";

export type MockContent = string | (() => string) | DriverError;

export class MockFiles implements Files {
  readonly #files = new Map<string, MockContent>();

  /** A function is asked at each read; an error is thrown at each read. */
  set(path: string, content: MockContent): void {
    this.#files.set(path, content);
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  async readText(path: string): Promise<string> {
    const content = this.#files.get(path);
    if (content === undefined) throw new DriverError("no_such_device", `There is no file ${path}`);
    if (content instanceof DriverError) throw content;
    return typeof content === "string" ? content : content();
  }

  async list(dir: string): Promise<readonly string[]> {
    const below = [...this.#files.keys()].filter((path) => path.startsWith(`${dir}/`));
    if (below.length === 0) throw new DriverError("no_such_device", `There is no directory ${dir}`);
    return [...new Set(below.map((path) => path.slice(dir.length + 1).split("/")[0] ?? ""))].toSorted();
  }

  realpath(path: string): Promise<string> {
    return Promise.resolve(path);
  }
}
