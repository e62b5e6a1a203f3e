/*
 * Message -> octets, by the table; the messages that go by the hundred thousand field by field, as the table has them. Knows no
 * serialization: it hands a WireWriter one element after the other.
 */
import type { Dict, Message } from "./message.ts";
import { type ElementKind, messageTable } from "./message-table.ts";
import type { Payload, PayloadCodec } from "./payload.ts";
import type { WireWriter } from "./serializer/wire.ts";
import { writeDict } from "./serializer/value-writer.ts";

const { PUBLISH, EVENT, CALL, INVOCATION, YIELD, RESULT } = messageTable;

/**
 * Writes one message to a writer that holds nothing.
 * @throws UsageError `not_serializable` when the message holds a value that no serializer carries.
 */
export function marshal(message: Message, writer: WireWriter, codec: PayloadCodec): void {
  switch (message.type) {
    case "PUBLISH":
      begin(writer, PUBLISH.code, 4 + message.payload.elements);
      integer(writer, message.request);
      dict(writer, message.options);
      string(writer, message.topic);
      return end(writer, message.payload, codec);
    case "EVENT":
      begin(writer, EVENT.code, 4 + message.payload.elements);
      integer(writer, message.subscription);
      integer(writer, message.publication);
      dict(writer, message.details);
      return end(writer, message.payload, codec);
    case "CALL":
      begin(writer, CALL.code, 4 + message.payload.elements);
      integer(writer, message.request);
      dict(writer, message.options);
      string(writer, message.procedure);
      return end(writer, message.payload, codec);
    case "INVOCATION":
      begin(writer, INVOCATION.code, 4 + message.payload.elements);
      integer(writer, message.request);
      integer(writer, message.registration);
      dict(writer, message.details);
      return end(writer, message.payload, codec);
    case "YIELD":
      begin(writer, YIELD.code, 3 + message.payload.elements);
      integer(writer, message.request);
      dict(writer, message.options);
      return end(writer, message.payload, codec);
    case "RESULT":
      begin(writer, RESULT.code, 3 + message.payload.elements);
      integer(writer, message.request);
      dict(writer, message.details);
      return end(writer, message.payload, codec);
    default:
      marshalByTable(message, writer, codec);
  }
}

function marshalByTable(message: Message, writer: WireWriter, codec: PayloadCodec): void {
  const shape = messageTable[message.type];
  const fields = message as unknown as Readonly<Record<string, unknown>>; // read by the names that the table gives its type
  const payload = shape.payload ? (fields["payload"] as Payload) : undefined; // messages with payload: true have one
  const revocation = fields["details"] !== undefined && shape.elements[0]?.[1] === "request-or-zero";
  begin(writer, shape.code, 1 + shape.elements.length + (revocation ? 1 : 0) + (payload?.elements ?? 0));
  for (const [field, kind] of shape.elements) writeElement(writer, kind, fields[field]);
  if (revocation) dict(writer, fields["details"] as Dict); // the only other field of these two messages
  end(writer, payload, codec);
}

function begin(writer: WireWriter, code: number, count: number): void {
  writer.beginList(count);
  writer.integer(code);
}

function end(writer: WireWriter, payload: Payload | undefined, codec: PayloadCodec): void {
  if (payload !== undefined && payload.elements > 0) {
    writer.separate();
    payload.splice(codec, writer);
  }
  writer.endList();
}

function integer(writer: WireWriter, value: number): void {
  writer.separate();
  writer.integer(value);
}

function string(writer: WireWriter, value: string): void {
  writer.separate();
  writer.string(value);
}

function dict(writer: WireWriter, value: Dict): void {
  writer.separate();
  if (!isEmpty(value)) return writeDict(writer, value);
  writer.beginDict(0);
  writer.endDict();
}

function isEmpty(dict: Dict): boolean {
  for (const key in dict) return key === undefined;
  return true;
}

function writeElement(writer: WireWriter, kind: ElementKind, value: unknown): void {
  switch (kind) {
    case "id":
    case "request-or-zero":
    case "request-type":
      return integer(writer, value as number); // the three numeric kinds
    case "uri":
    case "pattern":
    case "string":
      return string(writer, value as string); // the three textual kinds
    case "dict":
      return dict(writer, value as Dict); // the last kind
  }
}
