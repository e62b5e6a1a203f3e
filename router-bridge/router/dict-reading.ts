/**
 * Reads the keys that WAMP predefines from Details and Options. Absent and null are the same (some clients send null for an
 * option they do not use); anything else of a wrong type is a protocol violation: an integer is no boolean.
 */
import { ProtocolViolation, type Dict, type Match } from "@pinion/wamp";

function wrong(key: string, wanted: string, value: unknown): ProtocolViolation {
  return new ProtocolViolation(`${key} must be ${wanted}, not ${describe(value)}`);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  return Array.isArray(value) ? "a list" : typeof value;
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export function asBoolean(key: string, value: unknown): boolean {
  if (isAbsent(value)) return false;
  if (typeof value !== "boolean") throw wrong(key, "true or false", value);
  return value;
}

export function asList(key: string, value: unknown): readonly unknown[] | undefined {
  if (isAbsent(value)) return undefined;
  if (!Array.isArray(value)) throw wrong(key, "a list", value);
  const list: readonly unknown[] = value;
  return list;
}

export function asStrings(key: string, value: unknown): readonly string[] | undefined {
  const list = asList(key, value);
  if (list === undefined) return undefined;
  return list.map((item) => {
    if (typeof item !== "string") throw wrong(key, "a list of strings", item);
    return item;
  });
}

export function asIds(key: string, value: unknown): readonly number[] | undefined {
  const list = asList(key, value);
  if (list === undefined) return undefined;
  return list.map((item) => {
    if (typeof item !== "number" || !Number.isInteger(item)) throw wrong(key, "a list of session ids", item);
    return item;
  });
}

/** One of the given words; `fallback` if absent. */
export function asWord<W extends string>(key: string, value: unknown, words: readonly W[], fallback: W): W {
  if (isAbsent(value)) return fallback;
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw wrong(key, `one of ${words.join(", ")}`, value);
  return word;
}

/** A whole number from 0; 0 if absent. */
export function asCount(key: string, value: unknown): number {
  if (isAbsent(value)) return 0;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw wrong(key, "a whole number", value);
  return value;
}

export function asDict(key: string, value: unknown): Dict | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw wrong(key, "a dict", value);
  return value as Dict; // an object that is no list: the keys of a decoded dict are strings
}

export function optionalStrings(dict: Dict, key: string): readonly string[] | undefined {
  return asStrings(key, dict[key]);
}

const MATCHES: readonly Match[] = ["exact", "prefix", "wildcard"];

/** The `match` option of SUBSCRIBE and REGISTER. */
export function matchOption(options: Dict): Match {
  return asWord("match", options["match"], MATCHES, "exact");
}

/**
 * The keys that say how an opaque payload is to be read, if it is one (spec "Payload Passthru Mode"); they are passed on as they
 * are. @throws ProtocolViolation if the peer has not announced that it knows them.
 */
export function passthruOf(options: Dict, announced: boolean): Dict | undefined {
  const scheme = options["ppt_scheme"];
  if (isAbsent(scheme) || scheme === "") return undefined;
  if (!announced) {
    throw new ProtocolViolation("ppt_scheme was used, but this session did not announce payload_passthru_mode");
  }
  return Object.fromEntries(PASSTHRU_KEYS.flatMap((key) => (isAbsent(options[key]) ? [] : [[key, options[key]]])));
}

const PASSTHRU_KEYS = ["ppt_scheme", "ppt_serializer", "ppt_cipher", "ppt_keyid"] as const;
