import type { Dict } from "../message.ts";
import { JsonReader } from "./json-reader.ts";
import { decodeJson } from "./json-value.ts";
import { JsonWriter } from "./json-writer.ts";
import { decodeUtf8 } from "./utf8.ts";
import { makeSerializer } from "./wire-serializer.ts";

/** WAMP in JSON (RFC 8259), binary values as strings of U+0000 and base64. */
export const json = makeSerializer({
  name: "json",
  rawSocketCode: 1,
  binary: false,
  makeReader: () => new JsonReader(),
  makeWriter: () => new JsonWriter(),
  decodePayload(bytes, elements) {
    const text = decodeUtf8(bytes, 0, bytes.length);
    if (elements === 1) return { args: decodeJson(text) as unknown[], kwargs: {} }; // scanned as a list
    const [args, kwargs] = decodeJson(`[${text}]`) as [unknown[], Dict]; // scanned as a list and a dict
    return { args, kwargs };
  },
});
