/** Channels of hardware PWM in the configuration. */
import * as Type from "typebox";
import type { Static } from "typebox";
import { named } from "../named.ts";
import { linkLostSchema, parseLinkLost } from "./link-lost.ts";
import { interlockSchema, tagsSchema } from "./output-options.ts";
import type { PwmOutput } from "./pwm-channel.ts";

const FREQUENCY = 1000;

const pwmSchema = Type.Object(
  {
    chip: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0, maximum: 255 }), Type.String({ minLength: 1, maxLength: 64 })], {
        description:
          "Number or name of the chip (pwmchip0), or of the device behind it (1f00098000.pwm), which is the same at each boot; left out: the only one",
      }),
    ),
    channel: Type.Integer({ minimum: 0, maximum: 255, description: "Channel of the chip" }),
    frequency: Type.Optional(
      Type.Number({
        default: FREQUENCY,
        minimum: 1,
        maximum: 1_000_000,
        unit: "Hz",
        description: "Where a caller names none",
      }),
    ),
    safe: Type.Optional(
      Type.Number({
        default: 0,
        minimum: 0,
        maximum: 1,
        description: "The duty at start, after a fault and at the end; for an interlock any duty but 0 is on",
      }),
    ),
    interlock: Type.Optional(interlockSchema),
    tags: Type.Optional(tagsSchema),
    onLinkLost: Type.Optional(linkLostSchema),
    title: Type.Optional(Type.String({ maxLength: 80, description: "For people" })),
  },
  { additionalProperties: false },
);

export const pwmSectionSchema = named(pwmSchema, {
  description: "Channels of hardware PWM by name; a pin that leads one is not listed in pins",
});

/** The channels of hardware PWM, every default filled in. */
export function pwmOutputsOf({ pwm = {} }: { readonly pwm?: Static<typeof pwmSectionSchema> }): readonly PwmOutput[] {
  return Object.entries(pwm).map(
    ([name, { title, chip, channel, frequency = FREQUENCY, safe = 0, interlock, tags = [], onLinkLost = "hold" }]) => ({
      name,
      title,
      chip,
      channel,
      frequency,
      safe,
      interlock,
      tags,
      onLinkLost: parseLinkLost(onLinkLost) ?? undefined,
    }),
  );
}
