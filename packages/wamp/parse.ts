/*
 * Octets -> message, by the table; the messages that come by the hundred thousand field by field, as the table has them. The
 * envelope is decoded and checked; Args and KwArgs are checked for well-formedness and kept as they came. Knows no
 * serialization: it asks a WireReader for one element after the other.
 */
import { ErrorUri } from "./error-uri.ts";
import { ProtocolViolation } from "./errors.ts";
import { isId, type PublicationId, type RegistrationId, type RequestId, type SubscriptionId } from "./id.ts";
import type { Dict, Message } from "./message.ts";
import { type ElementKind, errorMayAnswer, messageTable, type Shape, shapeByCode } from "./message-table.ts";
import { faultIn, withoutNulls } from "./option-rules.ts";
import { noPayload, type Payload, type PayloadCodec, payloadOf, receivedPayload } from "./payload.ts";
import { NO_DICT, type ParseLimits, type WireReader } from "./serializer/wire.ts";
import { isUri, type Match, type Uri } from "./uri.ts";

const INVOCATION_CODE = messageTable.INVOCATION.code;
const NO_BYTES = new Uint8Array(0);

type Draft = { type: Message["type"] } & Record<string, unknown>;

/** Reads the messages of one serialization, one at a time; holds the octets of the one it is in the middle of, and nothing after. */
export class MessageParser {
  readonly #reader: WireReader;
  readonly #codec: PayloadCodec;
  #bytes: Uint8Array = NO_BYTES;
  #room: number | undefined;
  #shape: Shape = messageTable.HELLO;
  #isUriInvalid = false;

  constructor(reader: WireReader, codec: PayloadCodec) {
    this.#reader = reader;
    this.#codec = codec;
  }

  /**
   * `limits` and `room` as Serializer has them.
   * @throws ProtocolViolation for anything that is not one WAMP message. If only the URI of a request is wrong, its
   * `reason` is `wamp.error.invalid_uri` and `request` tells what to answer with ERROR.
   */
  parse(bytes: Uint8Array, limits: ParseLimits, room: number | undefined): Message {
    const reader = this.#reader;
    this.#bytes = bytes;
    this.#room = room;
    this.#isUriInvalid = false;
    try {
      reader.open(bytes, limits);
      this.#shape = this.#readShape();
      const message = this.#readMessage();
      if (reader.next()) throw new ProtocolViolation(`${message.type} has too many elements`);
      if (this.#isUriInvalid) throw invalidUri(this.#shape, message);
      return message;
    } finally {
      reader.release();
      this.#bytes = NO_BYTES;
    }
  }

  #readShape(): Shape {
    const reader = this.#reader;
    if (!reader.next()) throw new ProtocolViolation("an empty list is not a message");
    const code = reader.integer();
    const shape = shapeByCode(code);
    if (!shape) throw new ProtocolViolation(`there is no message of code ${code}`);
    return shape;
  }

  /* An object made in one piece is made several times faster than one to which the table's fields are added by name. */
  #readMessage(): Message {
    switch (this.#shape.type) {
      case "PUBLISH": {
        const request = this.#id<RequestId>("request");
        const options = this.#dict("options");
        const topic = this.#uri("topic");
        return { type: "PUBLISH", request, options, topic, payload: this.#payload() };
      }
      case "EVENT": {
        const subscription = this.#id<SubscriptionId>("subscription");
        const publication = this.#id<PublicationId>("publication");
        const details = this.#dict("details");
        return { type: "EVENT", subscription, publication, details, payload: this.#payload() };
      }
      case "CALL": {
        const request = this.#id<RequestId>("request");
        const options = this.#dict("options");
        const procedure = this.#uri("procedure");
        return { type: "CALL", request, options, procedure, payload: this.#payload() };
      }
      case "INVOCATION": {
        const request = this.#id<RequestId>("request");
        const registration = this.#id<RegistrationId>("registration");
        const details = this.#dict("details");
        return { type: "INVOCATION", request, registration, details, payload: this.#payload() };
      }
      case "YIELD": {
        const request = this.#id<RequestId>("request");
        const options = this.#dict("options");
        return { type: "YIELD", request, options, payload: this.#payload() };
      }
      case "RESULT": {
        const request = this.#id<RequestId>("request");
        const details = this.#dict("details");
        return { type: "RESULT", request, details, payload: this.#payload() };
      }
      default:
        return this.#readByTable();
    }
  }

  #readByTable(): Message {
    const shape = this.#shape;
    const draft: Draft = { type: shape.type };
    for (const [field, kind] of shape.elements) {
      this.#expect(field);
      draft[field] = this.#readElement(kind, draft);
    }
    if (shape.elements[0]?.[1] === "request-or-zero") this.#readRevocation(draft);
    if (shape.payload) draft["payload"] = this.#payload(draft["requestType"]);
    return draft as unknown as Message; // every element was read and checked as the table says for this type
  }

  #expect(field: string): void {
    if (!this.#reader.next()) throw new ProtocolViolation(`${this.#shape.type} lacks its element ${field}`);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says of which scope the id is
  #id<I extends number>(field: string): I {
    this.#expect(field);
    return this.#checkedId(this.#reader.integer()) as I; // checked
  }

  #dict(field: string): Dict {
    this.#expect(field);
    return this.#readDict();
  }

  #uri(field: string): Uri {
    this.#expect(field);
    return this.#readUri();
  }

  #readElement(kind: ElementKind, draft: Draft): unknown {
    switch (kind) {
      case "id":
        return this.#checkedId(this.#reader.integer());
      case "request-or-zero": {
        const value = this.#reader.integer();
        return value === 0 ? 0 : this.#checkedId(value);
      }
      case "request-type": {
        const code = this.#reader.integer();
        if (errorMayAnswer(code, "client") || errorMayAnswer(code, "router")) return code;
        throw new ProtocolViolation(`ERROR cannot answer a message of code ${code}`);
      }
      case "string":
        return this.#reader.string();
      case "dict":
        return this.#readDict();
      case "uri":
        return this.#readUri();
      case "pattern":
        break;
    }
    return this.#readPattern(draft);
  }

  #checkedId(value: number): number {
    if (isId(value)) return value;
    throw new ProtocolViolation(`${this.#shape.type} holds a number that is no id (integer 1 to 2^53)`);
  }

  #readDict(): Dict {
    const received = this.#reader.dict();
    const { type } = this.#shape;
    if (received === NO_DICT && type !== "HELLO" && type !== "WELCOME") return received;
    const fault = faultIn(type, received);
    if (fault !== undefined) throw new ProtocolViolation(`${type}: ${fault}`);
    return withoutNulls(type, received);
  }

  #readUri(): Uri {
    const uri = this.#reader.uri();
    if (uri === undefined) this.#isUriInvalid = true;
    return (uri ?? "") as Uri; // nobody sees the message if it is none
  }

  /* Options come before the URI on the wire, so the policy is known by now. */
  #readPattern(draft: Draft): string {
    const { match } = draft["options"] as { match?: Match }; // readDict has checked match against the three words
    if (match === undefined || match === "exact") return this.#readUri();
    const pattern = this.#reader.string();
    if (!isUri(pattern, match)) this.#isUriInvalid = true;
    return pattern;
  }

  /* [35, request] and [67, request] answer a request; with request 0 a Details dict says what was revoked. */
  #readRevocation(draft: Draft): void {
    if (this.#reader.next()) draft["details"] = this.#readDict();
    else if (draft["request"] === 0)
      throw new ProtocolViolation(`${draft.type} of request 0 must say what was revoked`);
  }

  /*
   * From a client Args null is refused (spec: Args is [] when KwArgs follow, never null; Crossbar aborts on it too). Routers that
   * write it are lived with, and KwArgs null is what several peers write for "none". Neither is ever forwarded.
   */
  #payload(requestType?: unknown): Payload {
    const reader = this.#reader;
    if (!reader.next()) return noPayload;
    const codec = this.#codec;
    const start = reader.position;
    const hasArgs = reader.skipList();
    if (!hasArgs && isOfClient(requestType, this.#shape)) {
      throw new ProtocolViolation(`${this.#shape.type}: Args must be a list, not null`);
    }
    let end = reader.position;
    const hasBoth = reader.next() && reader.skipDict();
    if (hasBoth) end = reader.position;
    if (!hasArgs) return hasBoth ? payloadOf([], codec.decode(this.#bytes.subarray(start, end), 2).kwargs) : noPayload;
    const front = this.#room === undefined ? 0 : start + this.#room;
    return receivedPayload({ message: this.#bytes, from: start, to: end, front, elements: hasBoth ? 2 : 1 }, codec);
  }
}

/* ERROR goes both ways, but each answers requests of its own. ABORT ends everything, whatever else is wrong with it. */
function isOfClient(requestType: unknown, { type, from }: Shape): boolean {
  return from === "client" || (type === "ERROR" && requestType === INVOCATION_CODE);
}

function invalidUri(shape: Shape, message: Message): ProtocolViolation {
  const words = `${shape.type} names something that is not a URI`;
  if (!shape.request) return new ProtocolViolation(words, shape.type === "HELLO" ? ErrorUri.invalidUri : undefined);
  // every request with a URI has a request id and options, both checked
  const { request, options } = message as unknown as { request: RequestId; options: { acknowledge?: boolean } };
  const reply = shape.type !== "PUBLISH" || options.acknowledge === true;
  return new ProtocolViolation(words, ErrorUri.invalidUri, { type: shape.code, id: request, reply });
}
