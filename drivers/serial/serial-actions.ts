import * as Type from "typebox";
import type { ActionTable } from "../action.ts";
import { durationSchema } from "../duration.ts";

const LONGEST_WRITE = 65_536;

/** Binary as it comes out of MessagePack, CBOR or WAMP's JSON convention; JSON Schema has no word for it. */
const bytesSchema = Type.Refine(
  Type.Unsafe<Uint8Array>({ title: "bytes", allowed: `up to ${String(LONGEST_WRITE)} bytes` }),
  (value) => value instanceof Uint8Array && value.length <= LONGEST_WRITE,
);

const data = {
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
} as const;

const port = Type.String({ description: "The channel's name" });
const t = Type.Number({ description: "ms since 1970", unit: "ms" });
const line = (description: string) => Type.Boolean({ description });

export const portActions = Object.freeze({
  write: {
    title: "Write",
    description: "Sends text in the port's encoding, or bytes, as they are: no line ending is added.",
    args: [data],
    result: Type.Object({
      port: Type.String({ description: "The channel's name" }),
      octets: Type.Integer({ minimum: 0, unit: "bytes" }),
      t: Type.Number({ description: "ms since 1970, when the system had taken them", unit: "ms" }),
    }),
    safety: "hazardous",
    role: "operator",
  },
  request: {
    title: "Request",
    description: "Sends, and answers the first frame after it that matches. One at a time; no write comes in between.",
    args: [
      data,
      {
        name: "match",
        description: "Regular expression that the answer matches; left out: any frame",
        schema: Type.String({ minLength: 1, maxLength: 512 }),
        optional: true,
      },
      {
        name: "timeout",
        description: "How long to wait; default: the port's requestTimeout",
        schema: durationSchema({ min: 10, max: 600_000 }),
        unit: "ms",
        optional: true,
      },
    ],
    result: Type.Object({ port, answer: Type.String({ description: "The frame, in the port's encoding" }), t }),
    safety: "hazardous",
    role: "operator",
  },
  break: {
    title: "Break",
    description: "Holds the line in the state of a break; what is written meanwhile waits.",
    args: [
      {
        name: "duration",
        description: "How long; default 250ms",
        schema: durationSchema({ min: 1, max: 5000 }),
        unit: "ms",
        optional: true,
      },
    ],
    result: Type.Object({ port, duration: Type.Number({ unit: "ms" }), t }),
    safety: "momentary",
    role: "operator",
  },
  modem: {
    title: "Modem lines",
    description: "The lines that the far end drives.",
    args: [],
    result: Type.Object({
      port,
      cts: line("Clear to send"),
      dsr: line("Data set ready"),
      dcd: line("Carrier detected"),
      t,
    }),
    safety: "read",
    role: "viewer",
  },
  set_modem: {
    title: "Set modem lines",
    description: "Drives DTR and RTS; null leaves one as it is. Many boards restart on DTR.",
    args: [
      {
        name: "dtr",
        description: "Data terminal ready",
        schema: Type.Union([Type.Boolean(), Type.Null()]),
        optional: true,
      },
      {
        name: "rts",
        description: "Request to send",
        schema: Type.Union([Type.Boolean(), Type.Null()]),
        optional: true,
      },
    ],
    result: Type.Object({ port, dtr: Type.Optional(Type.Boolean()), rts: Type.Optional(Type.Boolean()), t }),
    safety: "idempotent",
    role: "operator",
  },
  baud: {
    title: "Set speed",
    description: "Changes the speed of the line, until the port is opened anew.",
    args: [
      {
        name: "baudRate",
        description: "Speed",
        schema: Type.Integer({ minimum: 50, maximum: 4_000_000 }),
        unit: "baud",
        optional: false,
      },
    ],
    result: Type.Object({ port, baudRate: Type.Integer({ unit: "baud" }), t }),
    safety: "idempotent",
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
