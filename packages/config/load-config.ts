import { readFileSync } from "node:fs";
import type { Static, TSchema } from "typebox";
import { checkValue } from "./check-value.ts";
import { fillDefaults } from "./fill-defaults.ts";
import { Positions } from "./positions.ts";
import { keyOf, type Finding, type Problem } from "./problem.ts";
import { isRecord, type SchemaNode } from "./schema-node.ts";

/** A configuration file over this many octets is refused unread. */
export const MAX_CONFIG_OCTETS = 1_048_576;

/** The checked value, or everything that is wrong with the file. */
export type Loaded<T> = LoadedConfig<T> | { readonly ok: false; readonly problems: readonly Problem[] };

export interface LoadedConfig<T> {
  readonly ok: true;
  /** As the schema says, with its defaults filled in. */
  readonly value: T;
  /** Gives a finding of a later check (two pins alike, a file that is not there) its place in this file. */
  problem(finding: Finding): Problem;
}

/**
 * Reads a YAML (or JSON) file and checks it against `schema`. Never throws for what the file holds or for a file that
 * cannot be read: that is a problem at line 1.
 */
export function loadConfig<S extends TSchema>(file: string, schema: S): Loaded<Static<S>> {
  let octets: Buffer;
  try {
    octets = readFileSync(file);
  } catch (error) {
    return refuse(file, unreadable(file, error));
  }
  if (octets.length > MAX_CONFIG_OCTETS) {
    const found = `${String(octets.length)} octets`;
    return refuse(file, {
      found,
      allowed: `at most ${String(MAX_CONFIG_OCTETS)} octets`,
      cure: "is this the right file?",
    });
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch {
    return refuse(file, { found: "octets that are not UTF-8", allowed: "UTF-8 text", cure: "save the file as UTF-8" });
  }
  return parseConfig(text, file, schema);
}

/**
 * Checks the text of a configuration: YAML syntax first, then `schema` (defaults filled in, unknown keys refused), all
 * problems at once. An empty text is an empty mapping. `fileName` only names the place in problems.
 */
export function parseConfig<S extends TSchema>(text: string, fileName: string, schema: S): Loaded<Static<S>> {
  const positions = new Positions(text);
  const problem = (finding: Finding): Problem => {
    const { path, atKey, found, allowed, cure } = finding;
    return { file: fileName, ...positions.locate(path, atKey), key: keyOf(path), found, allowed, cure };
  };
  if (positions.faults.length > 0) {
    const problems = positions.faults.map(({ line, column, message, cure }) => ({
      file: fileName,
      line,
      column,
      key: "(syntax)",
      found: message,
      allowed: "YAML 1.2, each key once",
      cure,
    }));
    return { ok: false, problems };
  }
  let raw: unknown;
  try {
    raw = positions.value() ?? {};
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return refuse(fileName, { found, allowed: "aliases of anchors in this file", cure: "write the value out" });
  }
  const node: SchemaNode = isRecord(schema) ? schema : {};
  const value = fillDefaults(node, raw);
  const problems = checkValue(node, value).map(problem);
  if (problems.length > 0) return { ok: false, problems: problems.toSorted((a, b) => a.line - b.line) };
  return { ok: true, value: value as Static<S>, problem }; // checked on the lines above
}

function refuse(file: string, words: Pick<Problem, "found" | "allowed" | "cure">): { ok: false; problems: Problem[] } {
  return { ok: false, problems: [{ file, line: 1, column: 1, key: "(top)", ...words }] };
}

function unreadable(file: string, error: unknown): Pick<Problem, "found" | "allowed" | "cure"> {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const allowed = "a readable YAML file";
  if (code === "ENOENT") return { found: "no such file", allowed, cure: `create ${file}, or name another one` };
  if (code === "EISDIR") return { found: "a folder", allowed, cure: "name the file inside it" };
  if (code === "EACCES") return { found: "a file this user may not read", allowed, cure: `chmod or chown ${file}` };
  return { found: error instanceof Error ? error.message : String(error), allowed, cure: `check ${file}` };
}
