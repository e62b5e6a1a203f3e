import type { SerializerName } from "@pinion/wamp/serializer";

/** The codes at which a relay looks up; all other messages pass by unread. */
export const MessageCode = { welcome: 2, abort: 3, goodbye: 6 } as const;

/** An unsigned integer of one octet is itself up to the first of these; else it comes after the second. */
const MSGPACK_INTEGER = [0x7f, 0xcc] as const;
const CBOR_INTEGER = [0x17, 0x18] as const;

/**
 * The numeric type of the serialized message that lies from `start` to `end`, read from its first octets; undefined if they are
 * no WAMP message.
 */
export function messageCode(
  octets: Uint8Array,
  serializer: SerializerName,
  start = 0,
  end = octets.length,
): number | undefined {
  if (serializer === "json") return jsonCode(octets, start, end);
  const first = start < end ? (octets[start] ?? 0) : 0;
  const header = serializer === "msgpack" ? msgpackListHeader(first) : cborListHeader(first);
  const at = start + header;
  if (header === 0 || at >= end) return undefined;
  const [literal, prefix] = serializer === "msgpack" ? MSGPACK_INTEGER : CBOR_INTEGER;
  const octet = octets[at] ?? 0;
  if (octet <= literal) return octet;
  return octet === prefix && at + 1 < end ? octets[at + 1] : undefined;
}

function jsonCode(octets: Uint8Array, start: number, end: number): number | undefined {
  let at = skipSpace(octets, start, end);
  if (at >= end || octets[at] !== 0x5b) return undefined;
  at = skipSpace(octets, at + 1, end);
  let code: number | undefined;
  for (; at < end; at += 1) {
    const digit = (octets[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    code = (code ?? 0) * 10 + digit;
    if (code > 0xff) return undefined;
  }
  return code;
}

function skipSpace(octets: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const octet = octets[at];
    if (octet !== 0x20 && octet !== 0x09 && octet !== 0x0a && octet !== 0x0d) break;
    at += 1;
  }
  return at;
}

/** Octets of the header of a list; 0 if the first octet begins none. */
function msgpackListHeader(first: number): number {
  if (first >= 0x90 && first <= 0x9f) return 1;
  return first === 0xdc ? 3 : first === 0xdd ? 5 : 0;
}

function cborListHeader(first: number): number {
  if ((first >= 0x80 && first <= 0x97) || first === 0x9f) return 1;
  return first === 0x98 ? 2 : first === 0x99 ? 3 : 0;
}
