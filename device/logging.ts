import { pino, type Logger } from "pino";
import type { Log } from "../drivers/driver.ts";
import type { LogSink } from "./log-sink.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** JSON lines into `sink`. */
export function createLogger(level: LogLevel, board: string, sink: LogSink): Logger {
  return pino({ level, base: { board }, timestamp: pino.stdTimeFunctions.isoTime }, sink);
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
