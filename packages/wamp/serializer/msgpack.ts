import type { Dict } from "../message.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackDecoder } from "./msgpack-value.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import { makeSerializer } from "./wire-serializer.ts";

/** WAMP in MessagePack (version 5: text as str, binary as bin). */
export const msgpack = makeSerializer({
  name: "msgpack",
  rawSocketCode: 2,
  binary: true,
  makeReader: () => new MsgpackReader(),
  makeWriter: () => new MsgpackWriter(),
  decodePayload(bytes, elements) {
    const decoder = new MsgpackDecoder(bytes);
    const args = decoder.value() as unknown[]; // scanned as a list
    return { args, kwargs: elements === 1 ? {} : (decoder.value() as Dict) }; // scanned as a dict
  },
});
