import { Type } from "typebox";
import type { ActionTable } from "../action.ts";

const LONGEST_WRITE = 65_536;

/** Binary as it comes out of MessagePack, CBOR or WAMP's JSON convention; JSON Schema has no word for it. */
const bytesSchema = Type.Refine(
  Type.Unsafe<Uint8Array>({ title: "bytes", allowed: `up to ${String(LONGEST_WRITE)} bytes` }),
  (value) => value instanceof Uint8Array && value.length <= LONGEST_WRITE,
);

export const portActions = Object.freeze({
  write: {
    title: "Write",
    description: "Sends text in the port's encoding, or bytes, as they are: no line ending is added.",
    args: [
      {
        name: "data",
        description: "Text, a list of byte values, or binary; at most 65536 bytes",
        schema: Type.Union(
          [
            Type.String({ maxLength: LONGEST_WRITE }),
            Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), { maxItems: LONGEST_WRITE }),
            bytesSchema,
          ],
          { allowed: `text, a list of numbers from 0 to 255, or binary, of at most ${String(LONGEST_WRITE)} bytes` },
        ),
        optional: false,
      },
    ],
    result: Type.Object({
      port: Type.String({ description: "The channel's name" }),
      octets: Type.Integer({ minimum: 0, unit: "bytes" }),
      t: Type.Number({ description: "ms since 1970, when the system had taken them", unit: "ms" }),
    }),
    safety: "hazardous",
    role: "operator",
  },
} as const satisfies ActionTable);

export const serialActions = Object.freeze({
  list: {
    title: "List ports",
    description: "The serial ports that the system knows now, and which of them are configured under which name.",
    args: [],
    result: Type.Array(
      Type.Object({
        path: Type.String(),
        byId: Type.Array(Type.String()),
        manufacturer: Type.Optional(Type.String()),
        serialNumber: Type.Optional(Type.String()),
        vendorId: Type.Optional(Type.String()),
        productId: Type.Optional(Type.String()),
        configured: Type.Union([Type.String(), Type.Null()], { description: "The channel that uses it" }),
      }),
    ),
    safety: "read",
    role: "viewer",
  },
} as const satisfies ActionTable);
