/** Made-up sensors, for trying things out. The same clock and randomness give the same readings. */
import * as Type from "typebox";
import type { Static } from "typebox";
import { throwIfAborted } from "./aborted.ts";
import { actionRunner, describeActions, type ActionTable } from "./action.ts";
import { channelAt } from "./channel-lookup.ts";
import type { ChannelDescription } from "./description.ts";
import { defineDriver, type ConfigIssue, type DriverContext, type DriverInstance } from "./driver.ts";
import { durationSchema, milliseconds } from "./duration.ts";
import { healthOf } from "./health.ts";
import { named } from "./named.ts";
import { pollIssues, pollOptions, pollProperties, type PollOptions } from "./polling/poll-options.ts";
import { SensorPoller } from "./polling/sensor-poller.ts";
import type { RawReading } from "./reading.ts";
import { describePolled } from "./sensors/polled-sensors.ts";

const INTERVAL = "10s";
const PERIOD = "1min";
const DECIMALS = 2;

const sensorSchema = Type.Object(
  {
    wave: Type.Enum(["sine", "random-walk", "sawtooth", "constant"], { description: "How the value moves" }),
    min: Type.Optional(Type.Number({ default: 0, description: "Lowest value; the value of a constant" })),
    max: Type.Optional(Type.Number({ default: 1, description: "Highest value" })),
    period: Type.Optional(
      durationSchema({
        min: 10,
        default: PERIOD,
        description: "Of sine and sawtooth; a random walk crosses its range in about this time",
      }),
    ),
    ...pollProperties(INTERVAL, 10),
    decimals: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 10, default: DECIMALS, description: "Digits after the point" }),
    ),
    unit: Type.Optional(Type.String({ maxLength: 32, description: "For people, such as °C" })),
  },
  { additionalProperties: false },
);

const configSchema = Type.Object(
  { sensors: named(sensorSchema, { description: "Sensors by name" }) },
  { additionalProperties: false },
);

type Config = Static<typeof configSchema>;

interface Sensor {
  readonly name: string;
  readonly title: string | undefined;
  readonly unit: string | undefined;
  readonly wave: Static<typeof sensorSchema>["wave"];
  readonly min: number;
  readonly max: number;
  readonly period: number;
  readonly options: PollOptions;
  readonly decimals: number;
}

const actions = Object.freeze({
  read: {
    title: "Read",
    description: "The value now.",
    args: [],
    result: Type.Object({ sensor: Type.String(), value: Type.Number(), t: Type.Number({ unit: "ms" }) }),
    safety: "read",
    role: "viewer",
  },
} as const satisfies ActionTable);

export const simulated = defineDriver({
  kind: "simulated",
  title: "Simulated sensors",
  configSchema,
  issues,
  describe: (config) => ({ kind: "simulated", channels: sensorsOf(config).map(describeSensor) }),
  plan: () => [],
  open,
});

function issues(config: Config): readonly ConfigIssue[] {
  const polling = Object.entries(config.sensors).flatMap(([name, one]) =>
    pollIssues(one, INTERVAL, `/sensors/${name}`),
  );
  const limits = sensorsOf(config)
    .filter(({ wave, min, max }) => wave !== "constant" && min >= max)
    .map(({ name, min, max }) => ({
      path: `/sensors/${name}`,
      message: `max (${String(max)}) must be greater than min (${String(min)})`,
    }));
  return [...polling, ...limits];
}

function sensorsOf({ sensors }: Config): readonly Sensor[] {
  return Object.entries(sensors).map(([name, config]) => ({
    name,
    title: config.title,
    unit: config.unit,
    wave: config.wave,
    min: config.min ?? 0,
    max: config.max ?? 1,
    period: milliseconds(config.period ?? PERIOD),
    options: pollOptions(config, INTERVAL),
    decimals: config.decimals ?? DECIMALS,
  }));
}

function describeSensor(sensor: Sensor): ChannelDescription {
  const { wave, min, max, period, options } = sensor;
  const limits = wave === "constant" ? { minimum: min, maximum: min } : { minimum: min, maximum: max };
  const schema = Type.Number(limits);
  const { value, ...rest } = describePolled({
    ...sensor,
    schema,
    details: { wave, period, interval: options.interval },
  });
  return { ...rest, ...(value === undefined ? {} : { value }), actions: describeActions(actions) };
}

/** Answers the value at a time; only the random walk remembers anything. */
function generator(
  { wave, min, max, period, options: { interval }, decimals }: Sensor,
  { clock, random }: DriverContext,
): () => number {
  const start = clock.mono();
  const scale = 10 ** decimals;
  // Rounding must not lead out of the limits that the description promises.
  const rounded = (value: number): number =>
    Math.min(Math.max(Math.round(value * scale) / scale, min), wave === "constant" ? min : max);
  const phase = (): number => ((clock.mono() - start) % period) / period;
  let walker = (min + max) / 2;
  const step = (max - min) * Math.min(1, Math.sqrt(interval / period));
  const next: Record<Sensor["wave"], () => number> = {
    constant: () => min,
    sawtooth: () => min + (max - min) * phase(),
    sine: () => min + ((max - min) * (1 + Math.sin(2 * Math.PI * phase()))) / 2,
    "random-walk": () => {
      walker = Math.min(max, Math.max(min, walker + step * (random() - 0.5)));
      return walker;
    },
  };
  return () => rounded(next[wave]());
}

async function open(config: Config, ctx: DriverContext): Promise<DriverInstance> {
  throwIfAborted(ctx.signal, "Opening the simulated sensors");
  const sensors = sensorsOf(config).map((sensor) => {
    const value = generator(sensor, ctx);
    const read = async (): Promise<RawReading> => ({ value: value(), quality: "simulated" });
    return { ...sensor, aliases: [], value, poller: new SensorPoller({ ...sensor, read }, ctx) };
  });
  for (const { poller } of sensors) poller.start();
  const run = actionRunner<typeof actions, (typeof sensors)[number]>(actions, {
    read: async ({ name, value }) => ({ sensor: name, value: value(), t: ctx.clock.wall() }),
  });
  return {
    invoke: async (action, address, args) => run(action, channelAt(sensors, address), args),
    health: () => healthOf(Object.fromEntries(sensors.map(({ name }) => [name, { state: "ok" }]))),
    close: async () => {
      await Promise.all(sensors.map(async ({ poller }) => poller.stop()));
    },
  };
}
