import { pino, type Logger } from "pino";
import type { Log } from "../drivers/driver.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Octets of log lines that may wait for a reader that has stalled; what comes after is dropped, the board goes on. */
const MOST_WAITING = 1_048_576;

/**
 * JSON lines on standard output. Written behind the caller's back, because nobody who reads the log slowly may hold up a
 * pump, and completed at the end of the process. A reader that is gone ends the log, not the board.
 */
export function createLogger(level: LogLevel, board: string): Logger {
  return pino(
    { level, base: { board }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 1, sync: false, maxLength: MOST_WAITING }),
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
