import type { Finding } from "@pinion/config";
import { readFileSync } from "node:fs";

/** A configuration: its file, and its text where that is another one than the file has. What it names is relative to the file. */
export interface ConfigSource {
  readonly file: string;
  readonly text?: string | undefined;
  /** Where what `router` names lies; for the check of a configuration of another machine. */
  readonly placeOf?: PlaceOf | undefined;
  /** What is known to be wrong by other means than reading it. */
  readonly further?: readonly Finding[];
}

/** Undefined: it is not there yet, and will be. */
export type PlaceOf = (file: string, key: string) => string | undefined;

export function sourceOf(source: string | ConfigSource): ConfigSource {
  return typeof source === "string" ? { file: source } : source;
}

/** "" where the file cannot be read: why not is told by who reads it for good. */
export function textOf({ file, text }: ConfigSource): string {
  if (text !== undefined) return text;
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
