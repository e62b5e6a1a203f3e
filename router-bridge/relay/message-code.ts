import type { SerializerName } from "@pinion/wamp/serializer";

/** The codes at which a relay looks up; all other messages pass by unread. */
export const MessageCode = { welcome: 2, abort: 3, goodbye: 6 } as const;

/** The numeric type of a serialized message, read from its first octets; undefined if they are no WAMP message. */
export function messageCode(octets: Uint8Array, serializer: SerializerName): number | undefined {
  const first = octets[0] ?? 0;
  if (serializer === "json") return jsonCode(octets);
  if (serializer === "msgpack") return smallInteger(octets, msgpackListHeader(first), { literal: 0x7f, prefix: 0xcc });
  return smallInteger(octets, cborListHeader(first), { literal: 0x17, prefix: 0x18 });
}

function jsonCode(octets: Uint8Array): number | undefined {
  let at = skipSpace(octets, 0);
  if (octets[at] !== 0x5b) return undefined;
  at = skipSpace(octets, at + 1);
  let code: number | undefined;
  for (let digit = octets[at]; digit !== undefined && digit >= 0x30 && digit <= 0x39; digit = octets[++at]) {
    code = (code ?? 0) * 10 + digit - 0x30;
    if (code > 0xff) return undefined;
  }
  return code;
}

function skipSpace(octets: Uint8Array, from: number): number {
  let at = from;
  for (let octet = octets[at]; octet === 0x20 || octet === 0x09 || octet === 0x0a || octet === 0x0d;) {
    octet = octets[++at];
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

/** An unsigned integer of one octet: as it is up to `literal`, or after the `prefix`. */
function smallInteger(
  octets: Uint8Array,
  at: number,
  kind: { readonly literal: number; readonly prefix: number },
): number | undefined {
  const octet = octets[at];
  if (at === 0 || octet === undefined) return undefined;
  return octet <= kind.literal ? octet : octet === kind.prefix ? octets[at + 1] : undefined;
}
