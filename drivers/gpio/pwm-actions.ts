/** What can be asked of a channel of hardware PWM, and how it is described. */
import * as Type from "typebox";
import { actionRunner, describeActions, jsonSchema, type ActionTable } from "../action.ts";
import type { ChannelDescription } from "../description.ts";
import type { Caller, Claim } from "../driver.ts";
import { milliseconds } from "../duration.ts";
import { dutySchema, gpioActions, keyArgument, leaseArgument, leaseSchema, wallTime } from "./gpio-actions.ts";
import type { PwmChannel, PwmOutput } from "./pwm-channel.ts";

const state = {
  pin: Type.String({ description: "The channel's name" }),
  duty: Type.Number({ description: "As the hardware reports it" }),
  frequency: Type.Number({ unit: "Hz", description: "As the hardware reports it" }),
  t: wallTime,
};

const pwmActions = Object.freeze({
  pwm: {
    title: "PWM",
    description: "Sets duty and frequency of a channel of hardware PWM, and reads them back.",
    args: [
      { name: "duty", description: "Share of the time on", schema: dutySchema, optional: false },
      {
        name: "frequency",
        description: "Left out: the configured one",
        schema: Type.Number({ minimum: 1, maximum: 1_000_000 }),
        unit: "Hz",
        optional: true,
      },
      leaseArgument,
      keyArgument,
    ],
    result: Type.Object({
      ...state,
      mode: Type.Literal("hardware"),
      lease: Type.Optional(leaseSchema),
      repeated: Type.Optional(Type.Boolean()),
    }),
    safety: "idempotent",
    role: "operator",
  },
  get: {
    title: "Get",
    description: "Reads duty and frequency from the hardware.",
    args: [],
    result: Type.Object(state),
    safety: "read",
    role: "viewer",
  },
  renew: gpioActions.renew,
} as const satisfies ActionTable);

export function describePwm(output: PwmOutput): ChannelDescription {
  const { name, title, chip, channel, frequency, safe, interlock, tags } = output;
  const rules = { ...(interlock === undefined ? {} : { interlock }), ...(tags.length === 0 ? {} : { tags }) };
  const schema = jsonSchema(dutySchema);
  return {
    name,
    aliases: [],
    ...(title === undefined ? {} : { title }),
    role: "output",
    details: { pwm: "hardware", chip: chip ?? null, channel, frequency, safe, ...rules },
    value: { schema },
    actions: describeActions(pwmActions),
    streams: { [name]: { schema, kind: "state", ...(title === undefined ? {} : { title }) } },
  };
}

export function pwmClaim({ name, chip, channel }: PwmOutput): Claim {
  return { type: "pwm-channel", ...(chip === undefined ? {} : { chip }), channel, owner: name };
}

export interface PwmCall {
  readonly channel: PwmChannel;
  readonly caller: Caller | undefined;
}

export const pwmRunner = actionRunner<typeof pwmActions, PwmCall>(pwmActions, {
  pwm: async ({ channel, caller }, duty, frequency, ...[lease, key]) =>
    channel.pwm(duty, frequency, { caller, lease: lease === undefined ? undefined : milliseconds(lease), key }),
  get: async ({ channel }) => channel.get(),
  renew: async ({ channel, caller }, lease) => channel.renew(milliseconds(lease), caller),
});
