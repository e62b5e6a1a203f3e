import type { AbortSignalLike } from "./driver.ts";
import { DriverError } from "./driver-error.ts";

/** @throws DriverError `aborted` when the signal has fired. */
export function throwIfAborted(signal: Pick<AbortSignalLike, "aborted">, what: string): void {
  if (signal.aborted) throw new DriverError("aborted", `${what} was stopped before it was done`);
}
