/*
 * JSON text, already scanned, -> values. Two things JSON.parse does not do: a string that begins with U+0000 is binary
 * (spec "Binary conversion of JSON Strings"), and integers beyond 2^53 stay exact where they fit 64 bit. Both are rare, and a
 * glance at the text tells, so most payloads take the platform's parser.
 */
import { decodeBase64 } from "./base64.ts";
import { exact, setKey } from "./received-value.ts";

const NEEDS_CARE = /\\u0000|\d{16}/;
const NUMBER = /-?\d+(\.\d+)?([eE][+-]?\d+)?/y;
const SPACE = /[ \n\r\t]*/y;
/** Digits of the longest 64-bit integer; anything longer is a float for every other serialization too. */
const LONGEST_INTEGER = 20;

export function decodeJson(text: string): unknown {
  if (!NEEDS_CARE.test(text)) return JSON.parse(text) as unknown;
  return new CarefulReader(text).value();
}

class CarefulReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): unknown {
    this.#take(SPACE);
    switch (this.#text.charAt(this.#at)) {
      case '"':
        return binaryOr(this.#string());
      case "[":
        return this.#list();
      case "{":
        return this.#dict();
      case "t":
        this.#at += 4;
        return true;
      case "f":
        this.#at += 5;
        return false;
      case "n":
        this.#at += 4;
        return null;
      default:
        return toNumber(this.#take(NUMBER));
    }
  }

  #list(): unknown[] {
    const items: unknown[] = [];
    while (this.#more("]")) items.push(this.value());
    return items;
  }

  #dict(): Record<string, unknown> {
    const dict: Record<string, unknown> = {};
    while (this.#more("}")) {
      this.#take(SPACE);
      const key = this.#string();
      this.#more(":");
      setKey(dict, key, this.value());
    }
    return dict;
  }

  /* Steps over the opening bracket, a comma, a colon or, answering false, the closing bracket; over an empty pair of both. */
  #more(close: string): boolean {
    this.#take(SPACE);
    if (this.#text.charAt(this.#at++) === close) return false;
    this.#take(SPACE);
    if (this.#text.charAt(this.#at) !== close) return true;
    this.#at++;
    return false;
  }

  /* Not by a regular expression: its stack would be as deep as the string is long. */
  #string(): string {
    const start = this.#at;
    let end = start;
    do end = this.#text.indexOf('"', end + 1);
    while (isEscaped(this.#text, end));
    this.#at = end + 1;
    return JSON.parse(this.#text.slice(start, this.#at)) as string; // a string literal
  }

  #take(token: RegExp): string {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}

/* Behind an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text.charAt(before - 1) === "\\") before--;
  return (at - before) % 2 === 1;
}

function toNumber(text: string): number | bigint {
  const number = Number(text);
  if (Number.isSafeInteger(number) || !Number.isInteger(number)) return number;
  if (text.length > LONGEST_INTEGER || !/^-?\d+$/.test(text)) return number;
  return exact(BigInt(text));
}

/* A string that begins with U+0000 and is no base64 is kept as a string: no sender of the conversion makes one. */
function binaryOr(text: string): string | Uint8Array {
  if (text.charCodeAt(0) !== 0) return text;
  return decodeBase64(text, 1) ?? text;
}
