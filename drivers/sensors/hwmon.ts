/** Sensors of the kernel's hardware monitoring: temperatures, voltages, currents, fans. */
import * as Type from "typebox";
import type { Static } from "typebox";
import type { Files } from "../board.ts";
import { defineDriver, type DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { named } from "../named.ts";
import { pollIssues, pollOptions, pollProperties } from "../polling/poll-options.ts";
import { listed } from "../words.ts";
import { findDevice } from "./find-device.ts";
import { kernelNumber, optionalNumber, optionalText } from "./kernel-number.ts";
import { rootSchema, withoutSlash } from "./kernel-root.ts";
import { describePolled, openPolled, type PolledSensor, type SensorReader } from "./polled-sensors.ts";
import { scaled, scalingIssues, scalingProperties } from "./scaling.ts";

const ROOT = "/sys/class/hwmon";
const INTERVAL = "10s";

const natural: Readonly<Record<string, { readonly unit: string; readonly factor: number }>> = {
  temp: { unit: "°C", factor: 0.001 },
  in: { unit: "V", factor: 0.001 },
  curr: { unit: "A", factor: 0.001 },
  power: { unit: "W", factor: 0.000001 },
  energy: { unit: "J", factor: 0.000001 },
  fan: { unit: "rpm", factor: 1 },
  humidity: { unit: "%", factor: 0.001 },
};

const sensorSchema = Type.Object(
  {
    chip: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        examples: ["lm75"],
        description: "The chip's name, directory (hwmon0) or bus address (1-0048); left out: the only one",
      }),
    ),
    input: Type.String({
      pattern: "^(?:temp|in|curr|power|energy|fan|humidity)\\d{1,3}$",
      allowed: "a sensor such as temp1, in0, curr1, power1, energy1, fan1 or humidity1",
      examples: ["temp1"],
      description: "The sensor, as in the file's name <input>_input",
    }),
    ...pollProperties(INTERVAL),
    ...scalingProperties,
  },
  { additionalProperties: false },
);

const configSchema = Type.Object(
  { root: rootSchema(ROOT), sensors: named(sensorSchema, { description: "Sensors by name" }) },
  { additionalProperties: false },
);

type Config = Static<typeof configSchema>;
type Sensor = PolledSensor & { readonly config: Static<typeof sensorSchema> };

export const hwmon = defineDriver({
  kind: "hwmon",
  title: "Hardware monitoring",
  configSchema,
  issues: ({ sensors }) =>
    Object.entries(sensors).flatMap(([name, one]) => [
      ...pollIssues(one, INTERVAL, `/sensors/${name}`),
      ...scalingIssues(one, `/sensors/${name}`),
    ]),
  describe: (config) => ({ kind: "hwmon", channels: sensorsOf(config).map(describePolled) }),
  plan: (config) => sensorsOf(config).map(({ name }) => ({ type: "file", path: rootOf(config), owner: name })),
  open: async (config, ctx) => openPolled(sensorsOf(config), ctx, (sensor) => readerOf(sensor, rootOf(config), ctx)),
});

const rootOf = ({ root = ROOT }: Config): string => withoutSlash(root);

const typeOf = (input: string): string => /^[a-z]+/.exec(input)?.[0] ?? input;

function sensorsOf({ sensors }: Config): readonly Sensor[] {
  return Object.entries(sensors).map(([name, config]) => ({
    name,
    title: config.title,
    unit: config.unit ?? natural[typeOf(config.input)]?.unit,
    options: pollOptions(config, INTERVAL),
    details: { chip: config.chip ?? null, input: config.input },
    config,
  }));
}

function readerOf({ config }: Sensor, root: string, { board: { files } }: DriverContext): SensorReader {
  const { chip, input } = config;
  let dir: string | undefined;
  return {
    read: async () => {
      try {
        dir ??= await findDevice(files, { root, pattern: /^hwmon\d+$/, device: chip, what: "monitoring chip" });
        return scaled((await inputValue(files, dir, input)) * (natural[typeOf(input)]?.factor ?? 1), config);
      } catch (error) {
        dir = undefined;
        throw error;
      }
    },
  };
}

async function inputValue(files: Files, dir: string, input: string): Promise<number> {
  if ((await optionalNumber(files, `${dir}/${input}_fault`)) === 1)
    throw new DriverError("io", `${dir} reports a fault of ${input}: the sensor is missing or broken`);
  const value = await optionalNumber(files, `${dir}/${input}_input`);
  if (value !== undefined) return value;
  const there = (await files.list(dir)).flatMap((file) => /^(\w+)_input$/.exec(file)?.[1] ?? []);
  const labelled: string[] = [];
  for (const one of there) {
    const label = await optionalText(files, `${dir}/${one}_label`);
    labelled.push(label === undefined ? one : `${one} (${label})`);
  }
  if (there.includes(input)) return kernelNumber(files, `${dir}/${input}_input`);
  throw new DriverError("no_such_device", `${dir} has no sensor ${input}`, { cure: `It has: ${listed(labelled)}.` });
}
