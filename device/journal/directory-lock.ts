/**
 * One process per journal directory. The lock is a Unix socket in the kernel's own namespace, named by what the directory is and
 * not by how it was written: it goes with the process however that ends, so no stale lock is ever in the way.
 */
import { once } from "node:events";
import { mkdir, stat } from "node:fs/promises";
import { createServer } from "node:net";

export type DirectoryLock =
  | { readonly held: true; readonly release: () => void }
  | { readonly held: false; readonly taken: boolean; readonly cause: string };

/** Makes the directory when it is missing. Never rejects. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const server = createServer((socket) => socket.destroy());
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const { dev, ino } = await stat(directory);
    server.listen({ path: `\0pinion-journal-${String(dev)}-${String(ino)}` });
    await once(server, "listening");
    server.unref();
    return { held: true, release: () => void server.close() };
  } catch (error) {
    const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    const words = error instanceof Error ? error.message : String(error);
    return { held: false, taken, cause: taken ? `another process keeps its journal in ${directory}` : words };
  }
}
