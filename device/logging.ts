import { pino, type Logger } from "pino";
import type { Log } from "../drivers/driver.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** JSON lines on standard output, written before the call returns: what was logged before an exit is there. */
export function createLogger(level: LogLevel, board: string): Logger {
  return pino(
    { level, base: { board }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 1, sync: true }),
  );
}

/** The logger of one part, in the shape that drivers and the runtime know. */
export function logFor(logger: Logger, part: string): Log {
  const child = logger.child({ part });
  return {
    debug: (message, details = {}) => child.debug(details, message),
    info: (message, details = {}) => child.info(details, message),
    warn: (message, details = {}) => child.warn(details, message),
    error: (message, details = {}) => child.error(details, message),
  };
}
