/** Text files in memory: a flat map of absolute paths; directories are what the paths imply. */
import { DriverError, type DiskSpace, type Files } from "../board.ts";

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

  /** All that was written, oldest first. */
  readonly written: { readonly path: string; readonly text: string }[] = [];
  /** Of every file system there is; undefined: it cannot be asked. */
  disk: DiskSpace | undefined = { total: 1000, free: 500, available: 400 };
  /** Played for each write, such as a file that changes with another. */
  onWrite: ((path: string, text: string) => void) | undefined;

  async writeText(path: string, text: string): Promise<void> {
    const content = this.#files.get(path);
    if (content === undefined) throw new DriverError("no_such_device", `There is no file ${path}`);
    if (content instanceof DriverError) throw content;
    this.written.push({ path, text });
    this.#files.set(path, text);
    this.onWrite?.(path, text);
  }

  async space(path: string): Promise<DiskSpace> {
    if (this.disk === undefined) throw new DriverError("io", `The file system of ${path} cannot be asked`);
    return this.disk;
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
