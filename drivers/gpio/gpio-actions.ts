import * as Type from "typebox";
import type { ActionTable } from "../action.ts";
import { durationSchema } from "../duration.ts";
import { FASTEST } from "./output-shapes.ts";

export const levelSchema = Type.Union([Type.Literal(0), Type.Literal(1)]);

const wantedLevel = Type.Union([Type.Literal(0), Type.Literal(1), Type.Boolean()], { allowed: "0, 1, true or false" });

const countSchema = Type.Object({
  pin: Type.String(),
  count: Type.Integer(),
  value: Type.Number({ description: "The count times the factor" }),
  lossless: Type.Union([Type.Boolean(), Type.Null()], {
    description: "Whether the kernel numbers the edges, so that none is lost; null before the first one",
  }),
  missed: Type.Integer({ description: "Edges that must have been there and were not counted: at least so many" }),
  kept: Type.Boolean({ description: "Whether the count outlives the process" }),
});

/** Shorter turns are PWM's. */
const blinkTime = durationSchema({ min: 50 });

export const dutySchema = Type.Number({ minimum: 0, maximum: 1, description: "0 to 1" });

export const wallTime = Type.Number({ description: "ms since 1970", unit: "ms" });

export const buttonSchema = Type.Enum(["press", "hold", "double"]);

export const leaseArgument = {
  name: "lease",
  description:
    "The output goes back to its safe level after so long, or as soon as the caller's session is seen to leave, unless it is renewed; left out: for good",
  schema: durationSchema({ min: 100, max: 86_400_000 }),
  unit: "ms",
  optional: true,
} as const;

export const keyArgument = {
  name: "idempotencyKey",
  description: "Of the caller's choice: the same call with the same key is answered again, not done again (10 min)",
  schema: Type.String({ minLength: 1, maxLength: 128 }),
  optional: true,
} as const;

export const leaseSchema = Type.Object({
  duration: Type.Number({ unit: "ms" }),
  endsWithCaller: Type.Boolean({ description: "Whether the router told who calls, so that leaving ends it" }),
});

const receipt = {
  pin: Type.String({ description: "The channel's name" }),
  requested: levelSchema,
  readBack: Type.Union([Type.Literal(0), Type.Literal(1)], { description: "What the hardware reports afterwards" }),
  previous: Type.Union([Type.Literal(0), Type.Literal(1)], { description: "What it reported before" }),
  t: wallTime,
  lease: Type.Optional(leaseSchema),
  repeated: Type.Optional(Type.Boolean({ description: "This call was done before, under the same idempotency key" })),
};

/** What `set` and `toggle` answer. */
const receiptSchema = Type.Object(receipt);

export const gpioActions = Object.freeze({
  set: {
    title: "Set",
    description: "Sets an output and reads it back. Ends whatever runs on it by itself.",
    args: [
      { name: "value", description: "The logical level", schema: wantedLevel, optional: false },
      leaseArgument,
      keyArgument,
    ],
    result: receiptSchema,
    safety: "idempotent",
    role: "operator",
  },
  get: {
    title: "Get",
    description: "Reads the level from the hardware.",
    args: [],
    result: Type.Object({ pin: Type.String(), value: levelSchema, t: wallTime }),
    safety: "read",
    role: "viewer",
  },
  toggle: {
    title: "Toggle",
    description:
      "Sets an output to the opposite of what the hardware reports. Ends whatever runs on it by itself. With an idempotency key a retry is harmless.",
    args: [leaseArgument, keyArgument],
    result: receiptSchema,
    safety: "hazardous",
    role: "operator",
  },
  pulse: {
    title: "Pulse",
    description:
      "Sets an output for a while. Afterwards it goes back to the level it had, or to its safe level if it had that one already; a set in between ends the pulse.",
    args: [
      { name: "duration", description: "How long", schema: durationSchema({ min: 1 }), unit: "ms", optional: false },
      {
        name: "value",
        description: "The level during the pulse; left out, the opposite of the safe level",
        schema: wantedLevel,
        optional: true,
      },
      keyArgument,
    ],
    result: Type.Object({
      ...receipt,
      duration: Type.Number({ unit: "ms" }),
      endsWith: Type.Union([Type.Literal(0), Type.Literal(1)], { description: "The level after the pulse" }),
    }),
    safety: "momentary",
    role: "operator",
  },
  blink: {
    title: "Blink",
    description: "Switches an output on and off by turns. Ends at the safe level; a set in between ends it.",
    args: [
      { name: "on", description: "How long on", schema: blinkTime, unit: "ms", optional: false },
      {
        name: "off",
        description: "How long off; left out, as long as on",
        schema: blinkTime,
        unit: "ms",
        optional: true,
      },
      {
        name: "count",
        description: "How often; left out, until something else is asked for",
        schema: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
        optional: true,
      },
      leaseArgument,
      keyArgument,
    ],
    result: Type.Object({
      ...receipt,
      on: Type.Number({ unit: "ms" }),
      off: Type.Number({ unit: "ms" }),
      count: Type.Union([Type.Integer(), Type.Null()]),
      endsWith: levelSchema,
    }),
    safety: "momentary",
    role: "operator",
  },
  pwm: {
    title: "PWM",
    description:
      "Dims by switching on and off, by timers of the process: each edge may be some milliseconds late, so it is for heaters and lamps, not for motors or servos. A duty of 0 or 1 sets the output.",
    args: [
      { name: "duty", description: "Share of the time on", schema: dutySchema, optional: false },
      {
        name: "frequency",
        description: "Left out: 1 Hz",
        schema: Type.Number({ minimum: 0.01, maximum: FASTEST }),
        unit: "Hz",
        optional: true,
      },
      leaseArgument,
      keyArgument,
    ],
    result: Type.Object({
      ...receipt,
      duty: Type.Number(),
      frequency: Type.Number({ unit: "Hz" }),
      mode: Type.Literal("software"),
    }),
    safety: "idempotent",
    role: "operator",
  },
  renew: {
    title: "Renew lease",
    description:
      "Puts off the end of the lease on an output, without touching the line. The lease is then the caller's.",
    args: [{ ...leaseArgument, description: "From now on", optional: false }],
    result: Type.Object({ pin: Type.String(), lease: leaseSchema }),
    safety: "idempotent",
    role: "operator",
  },
  count: {
    title: "Count",
    description: "Says how many edges were counted, and whether some may be missing.",
    args: [],
    result: countSchema,
    safety: "read",
    role: "viewer",
  },
  reset_count: {
    title: "Reset count",
    description: "Lets the count go on from here.",
    args: [
      {
        name: "count",
        description: "Left out: 0",
        schema: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
        optional: true,
      },
    ],
    result: countSchema,
    safety: "idempotent",
    role: "operator",
  },
} as const satisfies ActionTable);

/** Of the driver as a whole. */
export const gpioDriverActions = Object.freeze({
  audit: {
    title: "Audit",
    description:
      "Who moved which output, and why, newest first: the last 256 moves since the start. PWM's and blink's own steps are not listed.",
    args: [
      {
        name: "pin",
        description: "Of one pin only; left out: of all",
        schema: Type.Union([Type.String({ maxLength: 80 }), Type.Integer()]),
        optional: true,
      },
      {
        name: "limit",
        description: "How many at most; left out: 50",
        schema: Type.Integer({ minimum: 1, maximum: 256 }),
        optional: true,
      },
    ],
    result: Type.Array(
      Type.Object({
        t: wallTime,
        mono: Type.Number({ unit: "ms", description: "Monotonic clock of the board" }),
        pin: Type.String(),
        action: Type.Union([Type.String(), Type.Null()]),
        why: Type.String({ description: "call, or the rule that moved it" }),
        requested: Type.Number({ description: "A level, or the duty of hardware PWM" }),
        readBack: Type.Number(),
        caller: Type.Union([
          Type.Object({
            id: Type.String(),
            authid: Type.Union([Type.String(), Type.Null()]),
            role: Type.Union([Type.String(), Type.Null()]),
          }),
          Type.Null(),
        ]),
      }),
    ),
    safety: "read",
    role: "operator",
  },
} as const satisfies ActionTable);
