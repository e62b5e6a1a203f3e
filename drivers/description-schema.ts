/** The shapes of what a driver answers, for those that were written without the types: a wrong one is told with its place. */
import * as Type from "typebox";
import type { TSchema } from "typebox";
import { mappingOf } from "./mapping-of.ts";
import { NAME, nameSchema } from "./named.ts";

const strict = { additionalProperties: false };
const text = Type.String({ maxLength: 4_000 });
const json = mappingOf("", Type.Unknown(), { allowed: "a JSON Schema" });
const mapping = (schema: TSchema): TSchema => mappingOf(NAME, schema);

const argument = Type.Object(
  {
    name: Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]{0,62}$" }),
    description: text,
    schema: json,
    unit: Type.Optional(text),
    optional: Type.Optional(Type.Boolean()),
  },
  strict,
);

const action = Type.Object(
  {
    title: Type.Optional(text),
    description: text,
    args: Type.Array(argument, { maxItems: 16 }),
    result: json,
    safety: Type.Enum(["read", "idempotent", "momentary", "hazardous"]),
    role: Type.Enum(["viewer", "operator"]),
  },
  strict,
);

const stream = Type.Object(
  {
    schema: json,
    unit: Type.Optional(text),
    title: Type.Optional(text),
    interval: Type.Optional(Type.Number({ minimum: 0 })),
    kind: Type.Enum(["measurement", "state", "event"]),
  },
  strict,
);

const channel = Type.Object(
  {
    name: nameSchema,
    aliases: Type.Array(Type.Union([Type.String({ maxLength: 256 }), Type.Number()]), { maxItems: 16 }),
    title: Type.Optional(text),
    role: Type.Enum(["output", "input", "sensor", "port"]),
    details: mappingOf("", Type.Unknown()),
    value: Type.Optional(Type.Object({ schema: json, unit: Type.Optional(text) }, strict)),
    actions: mapping(action),
    streams: mapping(stream),
  },
  strict,
);

/** DriverDescription. */
export const descriptionSchema: TSchema = Type.Object(
  { kind: nameSchema, actions: Type.Optional(mapping(action)), channels: Type.Array(channel, { maxItems: 256 }) },
  strict,
);

const owner = text;
const path = Type.String({ pattern: "^/", maxLength: 4_096 });

/** Claim[]. */
export const claimsSchema: TSchema = Type.Array(
  Type.Union([
    Type.Object(
      {
        type: Type.Literal("gpio-line"),
        chip: Type.Optional(text),
        line: Type.Union([Type.Integer({ minimum: 0 }), Type.String({ minLength: 1, maxLength: 64 })]),
        owner,
        needs: Type.Optional(
          Type.Array(Type.Enum(["pull", "drive", "kernel-debounce", "line-name", "numbered-edges"])),
        ),
      },
      strict,
    ),
    Type.Object(
      {
        type: Type.Literal("pwm-channel"),
        chip: Type.Optional(Type.Union([text, Type.Integer({ minimum: 0 })])),
        channel: Type.Integer({ minimum: 0 }),
        owner,
      },
      strict,
    ),
    Type.Object(
      { type: Type.Literal("serial-port"), path: Type.String({ minLength: 1, maxLength: 4_096 }), owner },
      strict,
    ),
    Type.Object(
      {
        type: Type.Literal("i2c-address"),
        bus: Type.Union([Type.Integer({ minimum: 0 }), text]),
        address: Type.Integer({ minimum: 0, maximum: 127 }),
        owner,
      },
      strict,
    ),
    Type.Object({ type: Type.Literal("file"), path, owner, write: Type.Optional(Type.Boolean()) }, strict),
    Type.Object({ type: Type.Literal("disk-space"), path, owner }, strict),
  ]),
  { maxItems: 512 },
);
