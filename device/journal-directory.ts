import { join } from "node:path";

/** The folder that is written, or one beside what else outlives the process. */
export function journalDirectory(written: string | undefined, stateDir: string | undefined): string | undefined {
  if (written !== undefined) return written;
  const [first = ""] = stateDir?.split(":") ?? [];
  return first === "" ? undefined : join(first, "journal");
}
