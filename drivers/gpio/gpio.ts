/** Pins of a GPIO chip as outputs and inputs. */
import { actionRunner, describeActions, jsonSchema } from "../action.ts";
import { throwIfAborted } from "../aborted.ts";
import type { Level } from "../board.ts";
import { channelAt } from "../channel-lookup.ts";
import type { ChannelDescription } from "../description.ts";
import { DriverError } from "../driver-error.ts";
import { defineDriver, type Claim, type DriverContext, type DriverInstance } from "../driver.ts";
import { milliseconds } from "../duration.ts";
import { healthOf } from "../health.ts";
import { startPolling } from "../polling.ts";
import { listed } from "../words.ts";
import { gpioActions, levelSchema } from "./gpio-actions.ts";
import { checkIntervalOf, gpioConfigSchema, gpioIssues, pinsOf, type GpioConfig } from "./gpio-config.ts";
import type { InputPin, OutputPin } from "./gpio-config.ts";
import { InputChannel } from "./input-channel.ts";
import { OutputChannel } from "./output-channel.ts";
import { pinAliases } from "./pin-name.ts";

type Channel = OutputChannel | InputChannel;

export const gpio = defineDriver({
  kind: "gpio",
  title: "GPIO pins",
  configSchema: gpioConfigSchema,
  issues: gpioIssues,
  describe: (config) => ({ kind: "gpio", channels: pinsOf(config).map(describePin) }),
  plan: (config) => pinsOf(config).map(claimOf),
  open,
});

function claimOf({ name, chip, pin, needs }: OutputPin | InputPin): Claim {
  const claim = { type: "gpio-line", line: pin.line, owner: name } as const;
  return { ...claim, ...(chip === undefined ? {} : { chip }), ...(needs.length === 0 ? {} : { needs }) };
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
          ...(config.drive === undefined ? {} : { drive: config.drive }),
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
    actions: describeActions(gpioActions, direction === "out" ? ["set", "get", "toggle", "pulse"] : ["get"]),
    streams: { [name]: { schema, kind, ...(title === undefined ? {} : { title }) } },
  };
}

async function open(config: GpioConfig, ctx: DriverContext): Promise<DriverInstance> {
  const pins = pinsOf(config);
  const channels = pins.map((pin) =>
    pin.direction === "out" ? new OutputChannel(pin, ctx) : new InputChannel(pin, ctx),
  );
  const closeAll = async (): Promise<void> => {
    // Outputs first: they are what must not be left as they are.
    const outputs = channels.filter((one) => one instanceof OutputChannel);
    const ends = await Promise.allSettled(outputs.map(async (one) => one.close()));
    await Promise.allSettled(channels.map(async (one) => one.close()));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  };
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
  const run = actionRunner<typeof gpioActions, Channel>(gpioActions, {
    set: async (channel, value) => outputOf(channel, channels).set(levelOf(value)),
    get: async (channel) => channel.get(),
    toggle: async (channel) => outputOf(channel, channels).toggle(),
    pulse: async (channel, duration, value) =>
      outputOf(channel, channels).pulse(milliseconds(duration), value === undefined ? undefined : levelOf(value)),
  });
  const described = pins.map(({ name, pin }) => ({ name, aliases: pinAliases(pin) }));
  return {
    invoke: async (action, address, args) => {
      const { name } = channelAt(described, address);
      const channel = channels.find(({ pin }) => pin.name === name);
      if (channel === undefined) throw new DriverError("unknown_channel", `There is no channel ${name}`);
      return run(action, channel, args);
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

function outputOf(channel: Channel, all: readonly Channel[]): OutputChannel {
  if (channel instanceof OutputChannel) return channel;
  const outputs = all.filter((one) => one instanceof OutputChannel).map(({ pin }) => pin.name);
  throw new DriverError("not_an_output", `${channel.pin.name} is an input`, {
    cure: `Outputs here: ${listed(outputs)}. Or change its direction in the configuration.`,
  });
}

const levelOf = (value: boolean | Level): Level => (value === true || value === 1 ? 1 : 0);
