/** Material that lies beside the project on some machines: test vectors and the virtual board. */
import { existsSync } from "node:fs";
import { join } from "node:path";

const folder = process.env["PINION_SHARED"] ?? join(import.meta.dirname, "../../../shared");

/** The path of a shared file or folder, or undefined where it is not there. PINION_SHARED says where to look. */
export function shared(path: string): string | undefined {
  const full = join(folder, path);
  return existsSync(full) ? full : undefined;
}
