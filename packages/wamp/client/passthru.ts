/**
 * Opaque payloads (spec "Payload Passthru Mode"): packed before they are sent and unpacked when they come, so that the router
 * passes on one binary value and never looks inside. What is encrypted is sealed and opened by the application, which alone
 * has the keys. It must not know who calls or publishes.
 */
import { ApplicationError, ProtocolViolation, UsageError } from "../errors.ts";
import { toId, type RequestId } from "../id.ts";
import type { Dict } from "../message.ts";
import { payloadOf, type Payload } from "../payload.ts";
import { hasFeature, type RouterRole } from "../roles.ts";
import { type SerializerName, serializers } from "../serializer/index.ts";
import type { ClientSession } from "./client-session.ts";
import type { Part } from "./further-parts.ts";

/** How a payload travels past the router. */
export interface Ppt {
  /** `wamp`, `mqtt`, or a name of one's own that begins with `x_`. */
  readonly scheme: string;
  /**
   * `json`, `msgpack` or `cbor`: Args and KwArgs are packed into one binary value, and unpacked by the receiver. `native`
   * (default) or any other: they travel as they are given.
   */
  readonly serializer?: string | undefined;
  /** Of what the application has encrypted itself: then there is one argument, a Uint8Array, and it arrives as it is. */
  readonly cipher?: string | undefined;
  readonly keyid?: string | undefined;
}

/** The options that announce such a payload. @throws UsageError `invalid_option` */
export function passthruOptions(ppt: Ppt | undefined): Dict {
  if (ppt === undefined) return {};
  const { scheme, serializer, cipher, keyid } = ppt;
  if (scheme !== "wamp" && scheme !== "mqtt" && !/^x_./.test(scheme)) {
    throw new UsageError("invalid_option", `ppt.scheme is wamp, mqtt or begins with x_, not ${JSON.stringify(scheme)}`);
  }
  return { ppt_scheme: scheme, ppt_serializer: serializer, ppt_cipher: cipher, ppt_keyid: keyid };
}

/** @throws UsageError `invalid_option` for a payload that its cipher does not allow, `not_serializable`. */
export function sealedPayload(ppt: Ppt | undefined, { args, kwargs }: Part): Payload {
  if (ppt === undefined) return payloadOf(args, kwargs);
  if (ppt.cipher !== undefined) {
    if (args.length === 1 && args[0] instanceof Uint8Array && Object.keys(kwargs).length === 0) return payloadOf(args);
    throw new UsageError(
      "invalid_option",
      "with ppt.cipher the payload is one Uint8Array, encrypted by the application",
    );
  }
  const name = packing(ppt.serializer);
  return name === undefined ? payloadOf(args, kwargs) : payloadOf([pack(name, { args, kwargs })]);
}

/** @throws UsageError `invalid_option` if this router does not pass opaque payloads on. */
export function checkPassthru(ppt: Ppt | undefined, session: ClientSession, role: RouterRole): void {
  if (ppt === undefined || hasFeature(session.joined?.details ?? {}, role, "payload_passthru_mode")) return;
  throw new UsageError("invalid_option", "the router does not announce payload_passthru_mode: send without ppt");
}

/** What a message really carries. @throws ApplicationError `wamp.error.invalid_payload` if it cannot be unpacked. */
export function openedPayload(details: Dict, { args, kwargs }: Payload): Part {
  const name = packing(details["ppt_serializer"]);
  const [octets] = args;
  const isOpaque = typeof details["ppt_scheme"] === "string" && details["ppt_scheme"] !== "";
  if (!isOpaque || name === undefined || (details["ppt_cipher"] ?? null) !== null) return { args, kwargs };
  const content = octets instanceof Uint8Array && args.length === 1 ? unpack(name, octets) : undefined;
  if (content !== undefined) return content;
  throw new ApplicationError("wamp.error.invalid_payload", [`this is no opaque payload in ${name}`]);
}

function packing(serializer: unknown): SerializerName | undefined {
  return serializer === "json" || serializer === "msgpack" || serializer === "cbor" ? serializer : undefined;
}

const CARRIER = { type: "YIELD", request: toId<RequestId>(1), options: {} } as const;

/* The value inside the argument list of a message, whose beginning and end are always the same octets. */
function frameOf(name: SerializerName): { readonly before: Uint8Array; readonly after: Uint8Array } {
  const whole = serializers[name].marshal({ ...CARRIER, payload: payloadOf([null]) });
  const [content, after] = name === "json" ? [4, 2] : [1, 0];
  const end = whole.length - after;
  return { before: whole.slice(0, end - content), after: whole.slice(end) };
}

function pack(name: SerializerName, { args, kwargs }: Part): Uint8Array {
  const { before, after } = frameOf(name);
  const whole = serializers[name].marshal({ ...CARRIER, payload: payloadOf([{ args, kwargs }]) });
  return whole.slice(before.length, whole.length - after.length);
}

/** Undefined if the octets are no `{ args, kwargs }`; either may be left out. */
function unpack(name: SerializerName, octets: Uint8Array): Part | undefined {
  const { before, after } = frameOf(name);
  const whole = new Uint8Array(before.length + octets.length + after.length);
  whole.set(before);
  whole.set(octets, before.length);
  whole.set(after, before.length + octets.length);
  try {
    const message = serializers[name].parse(whole);
    return message.type === "YIELD" && message.payload.elements === 1 ? partOf(message.payload.args) : undefined;
  } catch (fault) {
    if (fault instanceof ProtocolViolation) return undefined;
    throw fault;
  }
}

function partOf([content, ...more]: readonly unknown[]): Part | undefined {
  if (!isDict(content) || more.length > 0) return undefined;
  const { args = [], kwargs = {} } = content;
  return Array.isArray(args) && isDict(kwargs) ? { args, kwargs } : undefined;
}

function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
