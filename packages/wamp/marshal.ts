/* Message -> octets, by the table. Knows no serialization: it hands a WireWriter one element after the other. */
import type { Dict, Message } from "./message.ts";
import { type ElementKind, messageTable } from "./message-table.ts";
import type { Payload, PayloadCodec } from "./payload.ts";
import { writeDict } from "./serializer/value-writer.ts";
import type { WireWriter } from "./serializer/wire.ts";

/** Octets of a payload from which on it is sent on where it lies: smaller ones are better off side by side with others. */
const LARGE = 16 * 1024;

/** @throws UsageError `not_serializable` when the message holds a value that no serializer carries. */
export function marshal(message: Message, writer: WireWriter, codec: PayloadCodec): Uint8Array {
  const shape = messageTable[message.type];
  const fields = message as unknown as Readonly<Record<string, unknown>>; // read by the names that the table gives its type
  const payload = shape.payload ? (fields["payload"] as Payload) : undefined; // messages with payload: true have one
  const octets = payload?.encoded(codec);
  const revocation = fields["details"] !== undefined && shape.elements[0]?.[1] === "request-or-zero";
  const elements = payload?.elements ?? 0;
  writer.reset();
  writer.beginList(1 + shape.elements.length + (revocation ? 1 : 0) + elements);
  writer.integer(shape.code);
  for (const [field, kind] of shape.elements) {
    writer.separate();
    writeElement(writer, kind, fields[field]);
  }
  if (revocation) {
    writer.separate();
    writeDict(writer, fields["details"] as Dict); // the only other field of these two messages
  }
  if (octets !== undefined && elements > 0) {
    writer.separate();
    writer.splice(octets, octets.length < LARGE ? 0 : (payload?.takeFront(codec) ?? 0));
  }
  writer.endList();
  return writer.take();
}

function writeElement(writer: WireWriter, kind: ElementKind, value: unknown): void {
  switch (kind) {
    case "id":
    case "request-or-zero":
    case "request-type":
      writer.integer(value as number); // the three numeric kinds
      break;
    case "uri":
    case "pattern":
    case "string":
      writer.string(value as string); // the three textual kinds
      break;
    case "dict":
      writeDict(writer, value as Dict); // the last kind
      break;
  }
}
