import type { Dict } from "../message.ts";
import { CborReader } from "./cbor-reader.ts";
import { CborDecoder } from "./cbor-value.ts";
import { CborWriter } from "./cbor-writer.ts";
import { makeSerializer } from "./wire-serializer.ts";

/** WAMP in CBOR (RFC 8949). */
export const cbor = makeSerializer({
  name: "cbor",
  rawSocketCode: 3,
  binary: true,
  makeReader: () => new CborReader(),
  makeWriter: () => new CborWriter(),
  decodePayload(bytes, elements) {
    const decoder = new CborDecoder(bytes);
    const args = decoder.value() as unknown[]; // scanned as a list
    return { args, kwargs: elements === 1 ? {} : (decoder.value() as Dict) }; // scanned as a dict
  },
});
