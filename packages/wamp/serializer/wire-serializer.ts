/*
 * Builds a Serializer from the parts of a format. One reader serves all messages of a format, and as many writers as are ever
 * busy at once: a payload is encoded while its message is written. Writers are kept, because each begins with a slab of its own.
 */
import { marshal } from "../marshal.ts";
import type { Dict, Message } from "../message.ts";
import { MessageParser } from "../parse.ts";
import type { PayloadCodec } from "../payload.ts";
import type { Serializer, SerializerName } from "./serializer.ts";
import { writeDict, writeList } from "./value-writer.ts";
import { PARSE_LIMITS, type ParseLimits, type WireReader, type WireWriter } from "./wire.ts";

export interface Format {
  readonly name: SerializerName;
  readonly rawSocketCode: 1 | 2 | 3;
  readonly binary: boolean;
  makeReader(): WireReader;
  makeWriter(): WireWriter;
  /** Values of octets that a reader of this format has accepted. */
  decodePayload(bytes: Uint8Array, elements: 1 | 2): { args: readonly unknown[]; kwargs: Dict };
}

export function makeSerializer(format: Format): Serializer {
  const free: WireWriter[] = [];

  function giveBack(writer: WireWriter): void {
    // what a failure left in it
    writer.reset();
    free.push(writer);
  }

  function write(message: Message, withRoom: boolean): Uint8Array {
    const writer = free.pop() ?? format.makeWriter();
    try {
      marshal(message, writer, codec);
      return writer.take(withRoom);
    } finally {
      giveBack(writer);
    }
  }

  const codec: PayloadCodec = {
    name: format.name,
    encode: (args, kwargs, elements) => {
      const writer = free.pop() ?? format.makeWriter();
      try {
        if (elements > 0) writeList(writer, args);
        if (elements > 1) {
          writer.separate();
          writeDict(writer, kwargs);
        }
        // it is remembered as long as the payload: not with a slab around it
        return writer.take(false).slice();
      } finally {
        giveBack(writer);
      }
    },
    decode: (bytes, elements) => (elements === 0 ? { args: [], kwargs: {} } : format.decodePayload(bytes, elements)),
  };

  const parser = new MessageParser(format.makeReader(), codec);
  return Object.freeze({
    name: format.name,
    rawSocketCode: format.rawSocketCode,
    subprotocol: `wamp.2.${format.name}`,
    binary: format.binary,
    parse: (bytes: Uint8Array, limits: ParseLimits = PARSE_LIMITS, room?: number) => parser.parse(bytes, limits, room),
    marshal: (message: Message) => write(message, false),
    marshalWithRoom: (message: Message) => write(message, true),
  });
}
