import { isUri } from "@pinion/wamp";
import { CommandFailure, ExitStatus } from "./exit-status.ts";

/** An argument of a shell as a value: JSON where it is JSON, the text itself otherwise. */
export function parseArgument(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // any value is fine
  } catch {
    return text;
  }
}

/** The object given with --kwargs. @throws CommandFailure `usage`. */
export function parseKwargs(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  const value = parseArgument(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>; // an object of JSON, checked on the line above
  }
  throw new CommandFailure(ExitStatus.usage, `--kwargs takes a JSON object such as '{"unit":"V"}', not ${text}`);
}

/** Refused before anything is connected. @throws CommandFailure `usage`. */
export function checkedUri(what: string, text: string): string {
  if (isUri(text)) return text;
  const words = `${JSON.stringify(text)} is no ${what}: it has to be words joined by single dots, such as device.gpio.set`;
  throw new CommandFailure(ExitStatus.usage, words);
}

/** A value as JSON. Binary goes as base64 in `{"$binary": ...}`, big integers as digits, so that nothing fails to print. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) => {
    if (item instanceof Uint8Array) return { $binary: Buffer.from(item).toString("base64") };
    return typeof item === "bigint" ? item.toString() : item;
  });
  // JSON leaves these as they are, and some terminals obey them.
  return (text ?? "null").replaceAll(/[\u007f-\u009f]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
}
