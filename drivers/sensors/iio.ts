/** Any channel of the kernel's Industrial I/O devices: climate sensors, ADCs, light, acceleration. */
import * as Type from "typebox";
import type { Static } from "typebox";
import type { Files } from "../board.ts";
import { defineDriver, type DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { named } from "../named.ts";
import { pollIssues, pollOptions, pollProperties } from "../polling/poll-options.ts";
import { listed } from "../words.ts";
import { findDevice } from "./find-device.ts";
import { kernelNumber, optionalNumber } from "./kernel-number.ts";
import { rootSchema, withoutSlash } from "./kernel-root.ts";
import { describePolled, openPolled, type PolledSensor, type SensorReader } from "./polled-sensors.ts";
import { scaled, scalingIssues, scalingProperties } from "./scaling.ts";

const ROOT = "/sys/bus/iio/devices";
const INTERVAL = "10s";

/** What people read instead of what the kernel counts in. */
const natural: Readonly<Record<string, { readonly unit: string; readonly factor: number }>> = {
  temp: { unit: "°C", factor: 0.001 },
  humidityrelative: { unit: "%", factor: 0.001 },
  pressure: { unit: "hPa", factor: 10 },
  voltage: { unit: "V", factor: 0.001 },
  altvoltage: { unit: "V", factor: 0.001 },
  current: { unit: "A", factor: 0.001 },
  power: { unit: "W", factor: 0.001 },
  energy: { unit: "J", factor: 1 },
  illuminance: { unit: "lx", factor: 1 },
  distance: { unit: "m", factor: 1 },
  accel: { unit: "m/s²", factor: 1 },
  anglvel: { unit: "rad/s", factor: 1 },
  magn: { unit: "G", factor: 1 },
  resistance: { unit: "Ω", factor: 1 },
  capacitance: { unit: "nF", factor: 1 },
  concentration: { unit: "%", factor: 1 },
};

const sensorSchema = Type.Object(
  {
    device: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        examples: ["bmp280"],
        description: "The device's name, directory (iio:device0) or bus address (1-0076); left out: the only one",
      }),
    ),
    channel: Type.String({
      pattern: "^[a-z][a-z0-9_-]{0,62}$",
      examples: ["temp"],
      description: "As in the file's name in_<channel>_input or in_<channel>_raw: temp, pressure, voltage0, accel_x",
    }),
    read: Type.Optional(
      Type.Enum(["auto", "processed", "scaled", "raw"], {
        default: "auto",
        description:
          "processed: in_<channel>_input. scaled: (raw + offset) * scale. raw: the number as it is. auto: processed, else scaled",
      }),
    ),
    ...pollProperties(INTERVAL),
    ...scalingProperties,
  },
  { additionalProperties: false },
);

const configSchema = Type.Object(
  { root: rootSchema(ROOT), sensors: named(sensorSchema, { description: "Channels by name" }) },
  { additionalProperties: false },
);

type Config = Static<typeof configSchema>;
type Sensor = PolledSensor & { readonly config: Static<typeof sensorSchema> };

export const iio = defineDriver({
  kind: "iio",
  title: "Industrial I/O sensors",
  configSchema,
  issues: ({ sensors }) =>
    Object.entries(sensors).flatMap(([name, one]) => [
      ...pollIssues(one, INTERVAL, `/sensors/${name}`),
      ...scalingIssues(one, `/sensors/${name}`),
    ]),
  describe: (config) => ({ kind: "iio", channels: sensorsOf(config).map(describePolled) }),
  plan: (config) => sensorsOf(config).map(({ name }) => ({ type: "file", path: rootOf(config), owner: name })),
  open: async (config, ctx) => openPolled(sensorsOf(config), ctx, (sensor) => readerOf(sensor, rootOf(config), ctx)),
});

const rootOf = ({ root = ROOT }: Config): string => withoutSlash(root);

const typeOf = (channel: string): string => /^[a-z]+/.exec(channel)?.[0] ?? channel;

function sensorsOf({ sensors }: Config): readonly Sensor[] {
  return Object.entries(sensors).map(([name, config]) => ({
    name,
    title: config.title,
    unit: config.unit ?? (config.read === "raw" ? undefined : natural[typeOf(config.channel)]?.unit),
    options: pollOptions(config, INTERVAL),
    details: { device: config.device ?? null, channel: config.channel, read: config.read ?? "auto" },
    config,
  }));
}

function readerOf({ config }: Sensor, root: string, { board: { files } }: DriverContext): SensorReader {
  const { device, channel, read = "auto" } = config;
  const search = { root, pattern: /^iio:device\d+$/, device, what: "IIO device" };
  let dir: string | undefined;
  return {
    read: async () => {
      try {
        dir ??= await findDevice(files, search);
        const value = await channelValue(files, dir, channel, read);
        return scaled(value * (read === "raw" ? 1 : (natural[typeOf(channel)]?.factor ?? 1)), config);
      } catch (error) {
        // Devices are numbered anew when a driver is loaded again: look for it afresh next time.
        dir = undefined;
        throw error;
      }
    },
  };
}

type How = "auto" | "processed" | "scaled" | "raw";

async function channelValue(files: Files, dir: string, channel: string, how: How): Promise<number> {
  if (how === "processed") return kernelNumber(files, `${dir}/in_${channel}_input`);
  if (how === "auto") {
    const processed = await optionalNumber(files, `${dir}/in_${channel}_input`);
    if (processed !== undefined) return processed;
  }
  const raw = await optionalNumber(files, `${dir}/in_${channel}_raw`);
  if (raw === undefined) throw await noSuchChannel(files, dir, channel);
  if (how === "raw") return raw;
  const offset = (await attribute(files, dir, channel, "offset")) ?? 0;
  const scale = (await attribute(files, dir, channel, "scale")) ?? 1;
  return (raw + offset) * scale;
}

/** Of the channel, or of all channels of its type, or of all differential ones of it. */
async function attribute(files: Files, dir: string, channel: string, what: string): Promise<number | undefined> {
  const type = typeOf(channel);
  const shared = channel.includes("-") ? [`in_${type}-${type}_${what}`, `in_${type}_${what}`] : [`in_${type}_${what}`];
  for (const file of [`in_${channel}_${what}`, ...shared]) {
    const value = await optionalNumber(files, `${dir}/${file}`);
    if (value !== undefined) return value;
  }
  return undefined;
}

async function noSuchChannel(files: Files, dir: string, channel: string): Promise<DriverError> {
  const names = (await files.list(dir)).flatMap((file) => /^in_(.+)_(?:input|raw)$/.exec(file)?.[1] ?? []);
  return new DriverError("no_such_device", `${dir} has no channel ${channel}`, {
    cure: `It has: ${listed([...new Set(names)])}.`,
  });
}
