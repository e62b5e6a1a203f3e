/** What all drivers of polled sensors have in common: their description, their action, their life. */
import * as Type from "typebox";
import type { TSchema } from "typebox";
import { throwIfAborted } from "../aborted.ts";
import { actionRunner, describeActions, jsonSchema, type ActionTable } from "../action.ts";
import { channelAt } from "../channel-lookup.ts";
import type { ChannelDescription, JsonValue, StreamDescription } from "../description.ts";
import type { DriverContext, DriverInstance } from "../driver.ts";
import { healthOf } from "../health.ts";
import type { PollOptions } from "../polling/poll-options.ts";
import { SensorPoller, type PolledSource } from "../polling/sensor-poller.ts";

export interface PolledSensor {
  readonly name: string;
  readonly title: string | undefined;
  readonly unit: string | undefined;
  /** Of its values; left out: numbers. */
  readonly schema?: TSchema;
  /** Left out: measurement. */
  readonly kind?: "measurement" | "state";
  readonly options: PollOptions;
  readonly details: Readonly<Record<string, JsonValue>>;
}

export type SensorReader = Pick<PolledSource, "read" | "enter">;

const actions = Object.freeze({
  read: {
    title: "Read",
    description: "Reads the value now.",
    args: [],
    result: Type.Object({
      sensor: Type.String(),
      value: Type.Unsafe<JsonValue>({ description: "As the stream has it" }),
      unit: Type.Optional(Type.String()),
      t: Type.Number({ unit: "ms" }),
      quality: Type.Optional(Type.String({ description: "Left out: good" })),
      cause: Type.Optional(Type.String()),
    }),
    safety: "read",
    role: "viewer",
  },
} as const satisfies ActionTable);

export function describePolled(sensor: PolledSensor): ChannelDescription {
  const { name, title, unit, details, options } = sensor;
  const schema = jsonSchema(sensor.schema ?? Type.Number());
  return {
    name,
    aliases: [],
    ...(title === undefined ? {} : { title }),
    role: "sensor",
    details: { ...details, interval: options.interval },
    value: { schema, ...(unit === undefined ? {} : { unit }) },
    actions: describeActions(actions),
    streams: streamsOf(sensor),
  };
}

function streamsOf({ name, title, unit, kind, schema, options }: PolledSensor): Record<string, StreamDescription> {
  const common = {
    ...(unit === undefined ? {} : { unit }),
    ...(title === undefined ? {} : { title }),
  };
  const { window, interval } = options;
  const own = { schema: jsonSchema(schema ?? Type.Number()), ...common, interval, kind: kind ?? "measurement" };
  const summary = { schema: jsonSchema(Type.Number()), ...common, interval: window?.over ?? 0, kind: "measurement" };
  return {
    ...(window?.only ? {} : { [name]: own }),
    ...Object.fromEntries((window?.of ?? []).map((what) => [`${name}_${what}`, { ...summary, kind: "measurement" }])),
  };
}

/** Opens them all: the first reads are under way when it resolves. A sensor that is not there is a matter of its readings. */
export async function openPolled<Sensor extends PolledSensor>(
  sensors: readonly Sensor[],
  ctx: DriverContext,
  readerOf: (sensor: Sensor) => SensorReader,
): Promise<DriverInstance> {
  throwIfAborted(ctx.signal, "Opening the sensors");
  const channels = sensors.map((sensor) => {
    const { name, options } = sensor;
    const poller = new SensorPoller({ name, options, ...readerOf(sensor) }, ctx);
    return { name, aliases: [], sensor, poller };
  });
  for (const { poller } of channels) poller.start();
  const run = actionRunner<typeof actions, (typeof channels)[number]>(actions, {
    read: async ({ name, sensor: { unit }, poller }) => {
      const { value, quality, cause } = await poller.read();
      return {
        sensor: name,
        value,
        ...(unit === undefined ? {} : { unit }),
        t: ctx.clock.wall(),
        ...(quality === undefined ? {} : { quality }),
        ...(cause === undefined ? {} : { cause }),
      };
    },
  });
  return {
    invoke: async (action, address, args) => run(action, channelAt(channels, address), args),
    health: () => healthOf(Object.fromEntries(channels.map(({ name, poller }) => [name, poller.health]))),
    close: async () => {
      await Promise.all(channels.map(async ({ poller }) => poller.stop()));
    },
  };
}
