import { pino } from "pino";
import type { Log } from "./log.ts";

/** Lines of JSON on standard output. */
export function processLog(level: string): Log {
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  return {
    debug: (fields, words) => log.debug(fields, words),
    info: (fields, words) => log.info(fields, words),
    warn: (fields, words) => log.warn(fields, words),
    error: (fields, words) => log.error(fields, words),
  };
}
