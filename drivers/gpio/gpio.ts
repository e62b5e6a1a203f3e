/** Pins of a GPIO chip as outputs and inputs. */
import * as Type from "typebox";
import { actionRunner, describeActions, jsonSchema } from "../action.ts";
import { throwIfAborted } from "../aborted.ts";
import type { Level } from "../board.ts";
import { channelAt } from "../channel-lookup.ts";
import type { ChannelDescription, JsonValue } from "../description.ts";
import { DriverError } from "../driver-error.ts";
import { defineDriver, type Caller, type Claim, type DriverContext, type DriverInstance } from "../driver.ts";
import { durationText, milliseconds, type Duration } from "../duration.ts";
import { healthOf } from "../health.ts";
import { startPolling } from "../polling.ts";
import { listed } from "../words.ts";
import { AuditRing } from "./audit-ring.ts";
import { buttonSchema, gpioActions, gpioDriverActions, levelSchema } from "./gpio-actions.ts";
import { checkIntervalOf, gpioConfigSchema, gpioIssues, pinsOf, type GpioConfig } from "./gpio-config.ts";
import type { InputPin, OutputPin } from "./gpio-config.ts";
import type { InputChannel } from "./input-channel.ts";
import type { LinkLost } from "./link-lost.ts";
import { OutputChannel } from "./output-channel.ts";
import type { Terms } from "./output-terms.ts";
import type { PwmChannel, PwmOutput } from "./pwm-channel.ts";
import { describePwm, pwmClaim, pwmRunner } from "./pwm-actions.ts";
import { pwmOutputsOf } from "./pwm-config.ts";
import { pinAliases } from "./pin-name.ts";

type Pin = OutputChannel | InputChannel;
type Channel = Pin | PwmChannel;

const OUTPUT_ACTIONS = ["set", "get", "toggle", "pulse", "blink", "pwm", "renew"] as const;

const isPwm = (channel: Channel): channel is PwmChannel => !("direction" in channel.pin);
const isInput = (channel: Channel): channel is InputChannel =>
  "direction" in channel.pin && channel.pin.direction === "in";
const isOutput = (channel: Channel): channel is OutputChannel | PwmChannel => !isInput(channel);

/** What a call is about, and whose it is. */
interface Call {
  readonly channel: Pin;
  readonly caller: Caller | undefined;
}

export const gpio = defineDriver({
  kind: "gpio",
  title: "GPIO pins",
  configSchema: gpioConfigSchema,
  issues: gpioIssues,
  describe: (config) => ({
    kind: "gpio",
    actions: describeActions(gpioDriverActions),
    channels: [...pinsOf(config).map(describePin), ...pwmOutputsOf(config).map(describePwm)],
  }),
  plan: (config) => {
    const [pins, pwms] = [pinsOf(config), pwmOutputsOf(config)];
    const outputs = [...pins.filter((one) => one.direction === "out"), ...pwms];
    return [...pins.map(claimOf), ...pwms.map(pwmClaim), ...outputs.flatMap(interlockClaim)];
  },
  outputsOnly: (config) => {
    const outputs = Object.entries(config.pins).filter(([, { direction }]) => direction === "out");
    const drives = outputs.length > 0 || pwmOutputsOf(config).length > 0;
    return !drives ? undefined : { ...config, checkInterval: 0, pins: Object.fromEntries(outputs) };
  },
  open,
});

function claimOf({ name, chip, pin, needs }: OutputPin | InputPin): Claim {
  const claim = { type: "gpio-line", line: pin.line, owner: name } as const;
  return { ...claim, ...(chip === undefined ? {} : { chip }), ...(needs.length === 0 ? {} : { needs }) };
}

/** Of a group only one may be on where all are at their safe level. */
function interlockClaim({ name, safe, interlock: group }: OutputPin | PwmOutput): readonly Claim[] {
  return group === undefined || safe === 0 ? [] : [{ type: "interlock", group, owner: name }];
}

function describePin(config: OutputPin | InputPin): ChannelDescription {
  const { name, title, pin, chip, direction, activeLow } = config;
  const schema = jsonSchema(levelSchema);
  const special =
    direction === "out"
      ? {
          safe: config.safe,
          initial: config.keep ? "keep" : "safe",
          maxPulse: config.maxPulse,
          ...rulesOf(config),
        }
      : {
          debounce: config.debounce,
          edge: config.edge,
          ...(config.kernelDebounce === 0 ? {} : { kernelDebounce: config.kernelDebounce }),
        };
  const pull = config.pull === undefined ? {} : { pull: config.pull };
  // What is published of one edge only says nothing of the level after it.
  const kind = config.direction === "in" && config.edge !== "both" ? "event" : "state";
  return {
    name,
    aliases: pinAliases(pin),
    ...(title === undefined ? {} : { title }),
    role: direction === "out" ? "output" : "input",
    details: {
      chip: chip ?? null,
      line: pin.line,
      header: pin.header ?? null,
      direction,
      activeLow,
      ...pull,
      ...special,
    },
    value: { schema },
    actions: describeActions(gpioActions, actionsOf(config)),
    streams: { [name]: { schema, kind, ...(title === undefined ? {} : { title }) }, ...moreStreams(config) },
  };
}

function actionsOf(config: OutputPin | InputPin): readonly (keyof typeof gpioActions)[] {
  if (config.direction === "out") return OUTPUT_ACTIONS;
  return config.counter === undefined ? ["get"] : ["get", "count", "reset_count"];
}

function moreStreams(config: OutputPin | InputPin): ChannelDescription["streams"] {
  if (config.direction === "out") return {};
  const { button, counter, name, title = name } = config;
  const pressed = { schema: jsonSchema(buttonSchema), kind: "event", title: `${title}: presses` } as const;
  const { unit, interval = 0 } = counter ?? {};
  const measured = { schema: jsonSchema(Type.Number()), kind: "measurement", interval } as const;
  return {
    ...(button === undefined ? {} : { [button.stream]: pressed }),
    ...(counter === undefined
      ? {}
      : { [counter.stream]: { ...measured, title: `${title}: count`, ...(unit === undefined ? {} : { unit }) } }),
  };
}

/** Only what is not the default: a person reads this. */
function rulesOf({ drive, minOn, minOff, maxOn, interlock, tags, onLinkLost }: OutputPin): Record<string, JsonValue> {
  return {
    ...(drive === undefined ? {} : { drive }),
    ...(minOn === 0 ? {} : { minOn }),
    ...(minOff === 0 ? {} : { minOff }),
    ...(maxOn === undefined ? {} : { maxOn }),
    ...(interlock === undefined ? {} : { interlock }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(onLinkLost === undefined ? {} : { onLinkLost: linkLostWords(onLinkLost) }),
  };
}

const linkLostWords = ({ after }: LinkLost): string => (after === 0 ? "safe" : `safe-after ${durationText(after)}`);

/** Of inputs and of hardware PWM only those who have some load the code. */
async function channelsOf(config: GpioConfig, ctx: DriverContext, audit: AuditRing): Promise<readonly Channel[]> {
  const beside = ({ interlock }: { readonly interlock: string | undefined }) => ({
    audit,
    interlock: interlock === undefined ? undefined : ctx.interlock(interlock),
  });
  const pins: Pin[] = [];
  for (const pin of pinsOf(config)) {
    if (pin.direction === "out") pins.push(new OutputChannel(pin, ctx, beside(pin)));
    else pins.push(new (await import("./input-channel.ts")).InputChannel(pin, ctx));
  }
  const pwms: PwmChannel[] = [];
  for (const one of pwmOutputsOf(config))
    pwms.push(new (await import("./pwm-channel.ts")).PwmChannel(one, ctx, beside(one)));
  return [...pins, ...pwms];
}

async function open(config: GpioConfig, ctx: DriverContext): Promise<DriverInstance> {
  const pins = pinsOf(config);
  const audit = ctx.remembered("audit", () => new AuditRing());
  const channels = await channelsOf(config, ctx, audit);
  const closeAll = async (): Promise<void> => closeOutputsFirst(channels);
  try {
    await openAll(channels, ctx);
  } catch (error) {
    await closeAll().catch(() => undefined); // it is logged; why the open failed matters more
    throw error;
  }
  const interval = checkIntervalOf(config);
  const polling =
    interval === 0
      ? undefined
      : startPolling(ctx, interval, async () => {
          for (const channel of channels) await channel.check();
        });
  const outputs = channels.filter(isOutput);
  const run = outputRunner(channels);
  const described = [
    ...pins.map(({ name, pin }) => ({ name, aliases: pinAliases(pin) })),
    ...pwmOutputsOf(config).map(({ name }) => ({ name, aliases: [] })),
  ];
  const runOwn = auditRunner(audit, described);
  return {
    invoke: async (action, address, args, caller) => {
      if (Object.hasOwn(gpioDriverActions, action)) return runOwn(action, undefined, args);
      const { name } = channelAt(described, address);
      const channel = channels.find(({ pin }) => pin.name === name);
      if (channel === undefined) throw new DriverError("unknown_channel", `There is no channel ${name}`);
      return isPwm(channel) ? pwmRunner(action, { channel, caller }, args) : run(action, { channel, caller }, args);
    },
    callerLeft: (id) => {
      for (const output of outputs) output.callerLeft(id);
    },
    linkChanged: (up) => {
      for (const output of outputs) output.linkChanged(up);
    },
    health: () => healthOf(Object.fromEntries(channels.map((one) => [one.pin.name, one.health]))),
    close: async () => {
      // The pins first: the check must not hold up an output's way to safety.
      try {
        await closeAll();
      } finally {
        await polling?.stop();
      }
    },
  };
}

function auditRunner(audit: AuditRing, described: readonly Pick<ChannelDescription, "name" | "aliases">[]) {
  return actionRunner<typeof gpioDriverActions, undefined>(gpioDriverActions, {
    audit: async (_, pin, limit = 50) => [
      ...audit.last(limit, pin === undefined ? undefined : channelAt(described, pin).name),
    ],
  });
}

function outputRunner(channels: readonly Channel[]) {
  const level = (value: boolean | Level | undefined): Level | undefined =>
    value === undefined ? undefined : levelOf(value);
  const terms = (caller: Caller | undefined, lease: Duration | undefined, key: string | undefined): Terms => ({
    caller,
    lease: lease === undefined ? undefined : milliseconds(lease),
    key,
  });
  return actionRunner<typeof gpioActions, Call>(gpioActions, {
    set: async ({ channel, caller }, value, lease, key) =>
      outputOf(channel, channels).set(levelOf(value), terms(caller, lease, key)),
    get: async ({ channel }) => channel.get(),
    toggle: async ({ channel, caller }, lease, key) => outputOf(channel, channels).toggle(terms(caller, lease, key)),
    pulse: async ({ channel, caller }, duration, value, key) =>
      outputOf(channel, channels).pulse(milliseconds(duration), level(value), terms(caller, undefined, key)),
    blink: async ({ channel, caller }, on, off, ...[count, lease, key]) =>
      outputOf(channel, channels).blink(
        { on: milliseconds(on), off: milliseconds(off ?? on), ...(count === undefined ? {} : { count }) },
        terms(caller, lease, key),
      ),
    pwm: async ({ channel, caller }, duty, frequency, ...[lease, key]) =>
      outputOf(channel, channels).pwm(duty, frequency ?? 1, terms(caller, lease, key)),
    count: async ({ channel }) => inputOf(channel).count(),
    reset_count: async ({ channel }, count) => inputOf(channel).resetCount(count ?? 0),
    renew: async ({ channel, caller }, lease) => outputOf(channel, channels).renew(milliseconds(lease), caller),
  });
}

/**
 * One pin that does not work leaves the others working: it is tried again on its own. When the configuration is at fault,
 * or no pin works at all, the open fails.
 */
async function openAll(channels: readonly Channel[], ctx: DriverContext): Promise<void> {
  const failures: DriverError[] = [];
  for (const channel of channels) {
    throwIfAborted(ctx.signal, "Opening the GPIO pins");
    const failure = await channel.open();
    if (failure?.code === "bad_config") throw failure;
    if (failure) failures.push(failure);
  }
  throwIfAborted(ctx.signal, "Opening the GPIO pins");
  const [first] = failures;
  if (first && failures.length === channels.length) throw first;
}

/** Outputs first: they are what must not be left as they are. */
async function closeOutputsFirst(channels: readonly Channel[]): Promise<void> {
  const outputs = channels.filter(isOutput);
  const ends = await Promise.allSettled(outputs.map(async (one) => one.close()));
  await Promise.allSettled(channels.map(async (one) => one.close()));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

function outputOf(channel: Pin, all: readonly Channel[]): OutputChannel {
  if (channel instanceof OutputChannel) return channel;
  const outputs = all.filter((one) => one instanceof OutputChannel).map(({ pin }) => pin.name);
  throw new DriverError("not_an_output", `${channel.pin.name} is an input`, {
    cure: `Outputs here: ${listed(outputs)}. Or change its direction in the configuration.`,
  });
}

function inputOf(channel: Pin): InputChannel {
  if (isInput(channel)) return channel;
  throw new DriverError("unknown_action", `${channel.pin.name} is an output and counts nothing`, {
    cure: "Choose an input that has a counter.",
  });
}

const levelOf = (value: boolean | Level): Level => (value === true || value === 1 ? 1 : 0);
