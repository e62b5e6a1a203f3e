import { parseNmeaSentence } from "nmea-simple";
import type { JsonValue } from "../description.ts";

/** `$` or `!`, printable characters, and the check sum, which the standard calls optional and a cable does not. */
const SENTENCE = /^[$!][A-Z0-9]{4,8},[ -~]{0,200}\*[0-9A-Fa-f]{2}$/;

/** The fields of a sentence by name; undefined for a wrong check sum, and for what is no known sentence. */
export function nmeaSentence(text: string): Readonly<Record<string, JsonValue>> | undefined {
  if (!SENTENCE.test(text)) return undefined;
  try {
    // numbers, texts and dates by the library's own types; a date becomes its ISO text on the way through JSON
    const packet = JSON.parse(JSON.stringify(parseNmeaSentence(text))) as Record<string, JsonValue>;
    // a receiver without a fix leaves fields empty, which are told as NaN, and so as null
    return Object.fromEntries(Object.entries(packet).filter(([, value]) => value !== null));
  } catch {
    return undefined;
  }
}
