/**
 * The board's log: JSON lines as pino writes them, which the bridge logs with, so that one reader takes both. Our own few lines, as pino
 * and what it brings are 35 KB that each board would load.
 */
import { inspect } from "node:util";
import type { Log } from "../drivers/driver.ts";
import type { LogSink } from "./log-sink.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

const LEVELS: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

export interface Logger {
  readonly level: LogLevel;
  /** Stands in each line. */
  readonly board: string;
  readonly sink: Pick<LogSink, "write">;
}

/** The logger of one part, in the shape that drivers and the runtime know. Never throws, whatever the details are. */
export function logFor({ level: least, board, sink }: Logger, part: string): Log {
  const at = (level: LogLevel): Log[LogLevel] => {
    if (LEVELS[level] < LEVELS[least]) return () => undefined;
    return (msg, details) => {
      const own = { level: LEVELS[level], time: new Date().toISOString(), board, part };
      sink.write(`${lineOf({ ...own, ...details, ...own, msg }, details)}\n`);
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** What JSON cannot hold (a circle, a BigInt) is told in words. */
function lineOf(record: Readonly<Record<string, unknown>>, details: object | undefined): string {
  try {
    return JSON.stringify(record, inWords);
  } catch {
    const { level, time, board, part, msg } = record;
    return JSON.stringify({ level, time, board, part, details: inspect(details, { breakLength: Infinity }), msg });
  }
}

/** Of an error JSON would say nothing at all. */
function inWords(_key: string, value: unknown): unknown {
  return value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value;
}
