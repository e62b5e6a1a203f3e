/*
 * Octets -> message, by the table. The envelope is decoded and checked; Args and KwArgs are checked for well-formedness and
 * kept as they came. Knows no serialization: it asks a WireReader for one element after the other.
 */
import { ErrorUri } from "./error-uri.ts";
import { ProtocolViolation } from "./errors.ts";
import { isId, type RequestId } from "./id.ts";
import type { Dict, Message } from "./message.ts";
import { type ElementKind, errorMayAnswer, messageTable, type Shape, shapeByCode } from "./message-table.ts";
import { faultIn, withoutNulls } from "./option-rules.ts";
import { noPayload, type Payload, type PayloadCodec, payloadOf, receivedPayload } from "./payload.ts";
import { NO_DICT, type ParseLimits, type WireReader } from "./serializer/wire.ts";
import { isUri, type Match } from "./uri.ts";

interface Parts {
  readonly reader: WireReader;
  readonly codec: PayloadCodec;
  readonly limits: ParseLimits;
  readonly room: number | undefined;
}

/**
 * @throws ProtocolViolation for anything that is not one WAMP message. If only the URI of a request is wrong, its
 * `reason` is `wamp.error.invalid_uri` and `request` tells what to answer with ERROR.
 */
export function parse(bytes: Uint8Array, { reader, codec, limits, room }: Parts): Message {
  try {
    reader.open(bytes, limits);
    const shape = readShape(reader);
    const draft: Draft = { type: shape.type };
    readElements(reader, shape, draft);
    if (shape.payload) draft["payload"] = readPayload(bytes, draft, { reader, codec, shape, room });
    if (reader.next()) throw new ProtocolViolation(`${shape.type} has too many elements`);
    if (draft["invalidUri"] === true) throw invalidUri(shape, draft);
    return draft as unknown as Message; // every element was read and checked as the table says for this type
  } finally {
    reader.release();
  }
}

const INVOCATION_CODE = messageTable.INVOCATION.code;

type Draft = { type: Message["type"] } & Record<string, unknown>;

function readShape(reader: WireReader): Shape {
  if (!reader.next()) throw new ProtocolViolation("an empty list is not a message");
  const code = reader.integer();
  const shape = shapeByCode(code);
  if (!shape) throw new ProtocolViolation(`there is no message of code ${code}`);
  return shape;
}

function readElements(reader: WireReader, shape: Shape, draft: Draft): void {
  for (const [field, kind] of shape.elements) {
    if (!reader.next()) throw new ProtocolViolation(`${shape.type} lacks its element ${field}`);
    draft[field] = readElement(reader, kind, draft);
  }
  if (shape.elements[0]?.[1] === "request-or-zero") readRevocation(reader, draft);
}

function readElement(reader: WireReader, kind: ElementKind, draft: Draft): unknown {
  switch (kind) {
    case "id":
      return checkedId(reader.integer(), draft);
    case "request-or-zero": {
      const value = reader.integer();
      return value === 0 ? 0 : checkedId(value, draft);
    }
    case "request-type": {
      const code = reader.integer();
      if (errorMayAnswer(code, "client") || errorMayAnswer(code, "router")) return code;
      throw new ProtocolViolation(`ERROR cannot answer a message of code ${code}`);
    }
    case "string":
      return reader.string();
    case "dict":
      return readDict(reader, draft);
    case "uri":
      return readUri(reader, draft);
    case "pattern":
      break;
  }
  return readPattern(reader, draft);
}

function checkedId(value: number, draft: Draft): number {
  if (!isId(value)) throw new ProtocolViolation(`${draft.type} holds a number that is no id (integer 1 to 2^53)`);
  return value;
}

function readDict(reader: WireReader, draft: Draft): Dict {
  const received = reader.dict();
  if (received === NO_DICT && draft.type !== "HELLO" && draft.type !== "WELCOME") return received;
  const fault = faultIn(draft.type, received);
  if (fault !== undefined) throw new ProtocolViolation(`${draft.type}: ${fault}`);
  return withoutNulls(draft.type, received);
}

function readUri(reader: WireReader, draft: Draft): string {
  const uri = reader.uri();
  if (uri === undefined) draft["invalidUri"] = true;
  return uri ?? "";
}

/* Options come before the URI on the wire, so the policy is known by now. */
function readPattern(reader: WireReader, draft: Draft): string {
  const { match } = draft["options"] as { match?: Match }; // readDict has checked match against the three words
  if (match === undefined || match === "exact") return readUri(reader, draft);
  const pattern = reader.string();
  if (!isUri(pattern, match)) draft["invalidUri"] = true;
  return pattern;
}

/* [35, request] and [67, request] answer a request; with request 0 a Details dict says what was revoked. */
function readRevocation(reader: WireReader, draft: Draft): void {
  if (reader.next()) draft["details"] = readDict(reader, draft);
  else if (draft["request"] === 0) throw new ProtocolViolation(`${draft.type} of request 0 must say what was revoked`);
}

/*
 * From a client Args null is refused (spec: Args is [] when KwArgs follow, never null; Crossbar aborts on it too). Routers that
 * write it are lived with, and KwArgs null is what several peers write for "none". Neither is ever forwarded.
 */
function readPayload(
  bytes: Uint8Array,
  draft: Draft,
  { reader, codec, shape, room }: Omit<Parts, "limits"> & { readonly shape: Shape },
): Payload {
  if (!reader.next()) return noPayload;
  const start = reader.position;
  const hasArgs = reader.skipList();
  if (!hasArgs && isOfClient(draft, shape)) {
    throw new ProtocolViolation(`${draft.type}: Args must be a list, not null`);
  }
  const end = reader.position;
  const front = room === undefined ? 0 : start + room;
  if (!reader.next() || !reader.skipDict()) {
    return hasArgs ? receivedPayload(bytes.subarray(start, end), codec, 1, front) : noPayload;
  }
  const both = bytes.subarray(start, reader.position);
  return hasArgs ? receivedPayload(both, codec, 2, front) : payloadOf([], codec.decode(both, 2).kwargs);
}

/* ERROR goes both ways, but each answers requests of its own. ABORT ends everything, whatever else is wrong with it. */
function isOfClient({ requestType }: Draft, { type, from }: Shape): boolean {
  return from === "client" || (type === "ERROR" && requestType === INVOCATION_CODE);
}

function invalidUri(shape: Shape, draft: Draft): ProtocolViolation {
  const message = `${shape.type} names something that is not a URI`;
  if (!shape.request) return new ProtocolViolation(message, shape.type === "HELLO" ? ErrorUri.invalidUri : undefined);
  const { acknowledge } = draft["options"] as { acknowledge?: boolean }; // every request with a URI has options, checked
  const request = {
    type: shape.code,
    id: draft["request"] as RequestId, // read as an id
    reply: shape.type !== "PUBLISH" || acknowledge === true,
  };
  return new ProtocolViolation(message, ErrorUri.invalidUri, request);
}
