/*
 * One walk over application values for every format, so that all of them carry the same values and refuse the same ones:
 * undefined in a list is null, in a dict it is left out; -0 is 0; integers go out as integers up to 64 bit; an object with
 * toJSON (Date) is what toJSON gives; Map, Set, Error and other objects that would silently become {} are refused.
 */
import { UsageError } from "../errors.ts";
import type { Dict } from "../message.ts";
import { MAX_DEPTH, type WireWriter } from "./wire.ts";

const SMALLEST = -(2n ** 63n);
const LARGEST = 2n ** 64n - 1n;

/** @throws UsageError `not_serializable`. */
export function writeDict(writer: WireWriter, dict: Dict): void {
  writeObject(writer, dict, 1);
}

/** @throws UsageError `not_serializable`. */
export function writeList(writer: WireWriter, list: readonly unknown[]): void {
  writeArray(writer, list, 1);
}

function writeValue(writer: WireWriter, value: unknown, depth: number): void {
  switch (typeof value) {
    case "string":
      writer.string(value);
      break;
    case "number":
      writeNumber(writer, value);
      break;
    case "boolean":
      writer.boolean(value);
      break;
    case "undefined":
      writer.null();
      break;
    case "bigint":
      if (value < SMALLEST || value > LARGEST) throw refused(`the integer ${value}: beyond 64 bit`);
      writer.integer(value);
      break;
    case "object":
      writeCompound(writer, value, depth);
      break;
    case "function":
    case "symbol":
      throw refused(`a ${typeof value}`);
  }
}

/* Integral numbers within 64 bit are integers on the wire: a float64 id or count is a trap in typed languages. */
function writeNumber(writer: WireWriter, value: number): void {
  if (!Number.isInteger(value) || value < -(2 ** 63) || value >= 2 ** 64) writer.float(value);
  else writer.integer(value === 0 ? 0 : value);
}

function writeCompound(writer: WireWriter, value: object | null, depth: number): void {
  if (value === null) writer.null();
  else if (Array.isArray(value)) writeArray(writer, value, depth + 1);
  else if (value instanceof Uint8Array) writer.bytes(value);
  else if (hasToJson(value)) writeJsonForm(writer, value.toJSON(), depth);
  else if (isRecord(value)) writeObject(writer, value, depth + 1);
  else throw refused(`${Object.prototype.toString.call(value)}: give a plain object, a list or a Uint8Array instead`);
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

function writeJsonForm(writer: WireWriter, form: unknown, depth: number): void {
  if (depth >= MAX_DEPTH) throw tooDeep();
  writeValue(writer, form, depth + 1);
}

/* By tag and not by prototype, so that objects of another JavaScript realm (frame, vm) count as plain too. */
function isRecord(value: object): value is Dict {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.prototype.toString.call(value) === "[object Object]";
}

function writeArray(writer: WireWriter, list: readonly unknown[], depth: number): void {
  if (depth > MAX_DEPTH) throw tooDeep();
  writer.beginList(list.length);
  for (let i = 0; i < list.length; i++) {
    if (i > 0) writer.separate();
    writeValue(writer, list[i], depth);
  }
  writer.endList();
}

function writeObject(writer: WireWriter, dict: Dict, depth: number): void {
  if (depth > MAX_DEPTH) throw tooDeep();
  let keys = Object.keys(dict);
  if (keys.some((key) => dict[key] === undefined)) keys = keys.filter((key) => dict[key] !== undefined);
  writer.beginDict(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] ?? "";
    if (i > 0) writer.separate();
    writer.key(key);
    writeValue(writer, dict[key], depth);
  }
  writer.endDict();
}

function refused(what: string): UsageError {
  return new UsageError("not_serializable", `WAMP cannot carry ${what}`);
}

function tooDeep(): UsageError {
  return refused(`lists and dicts nested deeper than ${MAX_DEPTH} levels, or in a circle`);
}
