import { Type } from "typebox";
import type { ActionTable } from "../action.ts";
import { durationSchema } from "../duration.ts";

export const levelSchema = Type.Union([Type.Literal(0), Type.Literal(1)]);

const wantedLevel = Type.Union([Type.Literal(0), Type.Literal(1), Type.Boolean()], { allowed: "0, 1, true or false" });

const wallTime = Type.Number({ description: "ms since 1970", unit: "ms" });

const receipt = {
  pin: Type.String({ description: "The channel's name" }),
  requested: levelSchema,
  readBack: Type.Union([Type.Literal(0), Type.Literal(1)], { description: "What the hardware reports afterwards" }),
  previous: Type.Union([Type.Literal(0), Type.Literal(1)], { description: "What it reported before" }),
  t: wallTime,
};

/** What `set` and `toggle` answer. */
const receiptSchema = Type.Object(receipt);

export const gpioActions = Object.freeze({
  set: {
    title: "Set",
    description: "Sets an output and reads it back. Ends a running pulse.",
    args: [{ name: "value", description: "The logical level", schema: wantedLevel, optional: false }],
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
    description: "Sets an output to the opposite of what the hardware reports. Ends a running pulse.",
    args: [],
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
    ],
    result: Type.Object({
      ...receipt,
      duration: Type.Number({ unit: "ms" }),
      endsWith: Type.Union([Type.Literal(0), Type.Literal(1)], { description: "The level after the pulse" }),
    }),
    safety: "momentary",
    role: "operator",
  },
} as const satisfies ActionTable);
