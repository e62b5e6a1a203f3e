import { DriverError, type DriverErrorCode } from "../board.ts";

const CODES: Readonly<Record<string, DriverErrorCode>> = {
  ENOENT: "no_such_device",
  ENODEV: "no_such_device",
  ENXIO: "no_such_device",
  ENOTDIR: "no_such_device",
  EACCES: "no_permission",
  EPERM: "no_permission",
  EBUSY: "busy",
  ETIMEDOUT: "timeout",
};

/** The system's code (ENOENT, ...) of anything thrown. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What the system reports, as a DriverError that says what it was about. A DriverError passes through. */
export function driverErrorOf(thrown: unknown, what: string): DriverError {
  if (thrown instanceof DriverError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new DriverError(CODES[systemCode(thrown) ?? ""] ?? "io", `${what}: ${reason}`, { cause: thrown });
}
