/** What a Raspberry Pi's firmware says of its supply: under-voltage and throttling, now and since the start. */
import * as Type from "typebox";
import type { Static } from "typebox";
import type { Files } from "../board.ts";
import { defineDriver, type DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { named } from "../named.ts";
import { pollIssues, pollOptions, pollProperties } from "../polling/poll-options.ts";
import { found } from "../words.ts";
import { findDevice } from "./find-device.ts";
import { kernelNumber, optionalText } from "./kernel-number.ts";
import { withoutSlash } from "./kernel-root.ts";
import { describePolled, openPolled, type PolledSensor, type SensorReader } from "./polled-sensors.ts";

const FIRMWARE = "/sys/devices/platform/soc/soc:firmware/get_throttled";
const HWMON = "/sys/class/hwmon";
const INTERVAL = "10s";

const bits = {
  under_voltage: 0,
  frequency_capped: 1,
  throttled: 2,
  soft_temperature_limit: 3,
  under_voltage_since_start: 16,
  frequency_capped_since_start: 17,
  throttled_since_start: 18,
  soft_temperature_limit_since_start: 19,
} as const;
type What = keyof typeof bits;
// Object.keys forgets the literal keys of a constant.
const names = Object.keys(bits) as What[];

const sensorSchema = Type.Object(
  {
    what: Type.Enum(names, { description: "What is told as true or false; the sensor's name says nothing about it" }),
    ...pollProperties(INTERVAL),
  },
  { additionalProperties: false },
);

const configSchema = Type.Object(
  {
    file: Type.Optional(
      Type.String({ pattern: "^/", maxLength: 256, default: FIRMWARE, description: "The firmware's word, in hex" }),
    ),
    hwmon: Type.Optional(
      Type.String({
        pattern: "^/",
        maxLength: 256,
        default: HWMON,
        description: "Where the chip rpi_volt is, which tells of under-voltage where the file is missing",
      }),
    ),
    sensors: Type.Optional(
      named(sensorSchema, {
        description: "What is told, by name",
        default: { under_voltage: { what: "under_voltage" }, throttled: { what: "throttled" } },
      }),
    ),
  },
  { additionalProperties: false },
);

type Config = Static<typeof configSchema>;
type Sensor = PolledSensor & { readonly what: What };

const sensorsIn = ({
  sensors = { under_voltage: { what: "under_voltage" }, throttled: { what: "throttled" } },
}: Config) => Object.entries(sensors);

export const power = defineDriver({
  kind: "power",
  title: "Supply of the board",
  configSchema,
  issues: (config) => sensorsIn(config).flatMap(([name, one]) => pollIssues(one, INTERVAL, `/sensors/${name}`)),
  describe: (config) => ({ kind: "power", channels: sensorsOf(config).map(describePolled) }),
  plan: (config) =>
    sensorsOf(config).flatMap(({ name }) => [
      { type: "file", path: config.file ?? FIRMWARE, owner: name },
      { type: "file", path: withoutSlash(config.hwmon ?? HWMON), owner: name },
    ]),
  open: async (config, ctx) => openPolled(sensorsOf(config), ctx, ({ what }) => readerOf(what, config, ctx)),
});

function sensorsOf(config: Config): readonly Sensor[] {
  return sensorsIn(config).map(([name, one]) => ({
    name,
    title: one.title,
    unit: undefined,
    schema: Type.Boolean(),
    kind: "state",
    options: pollOptions(one, INTERVAL, true),
    details: { what: one.what },
    what: one.what,
  }));
}

function readerOf(what: What, config: Config, { board: { files } }: DriverContext): SensorReader {
  const file = config.file ?? FIRMWARE;
  return {
    read: async () => {
      const text = await optionalText(files, file);
      if (text === undefined) return { value: await fromChip(what, file, withoutSlash(config.hwmon ?? HWMON), files) };
      const word = /^(?:throttled=)?(?:0x)?([0-9a-fA-F]{1,8})$/.exec(text)?.[1];
      if (word === undefined) throw new DriverError("io", `${file} holds ${found(text)}, no hexadecimal number`);
      return { value: (Number.parseInt(word, 16) & (1 << bits[what])) !== 0 };
    },
  };
}

/** The mainline kernel tells of under-voltage only. */
async function fromChip(what: What, file: string, root: string, files: Files): Promise<boolean> {
  const search = { root, pattern: /^hwmon\d+$/, device: "rpi_volt", what: "chip" };
  if (what === "under_voltage")
    return (await kernelNumber(files, `${await findDevice(files, search)}/in0_lcrit_alarm`)) !== 0;
  throw new DriverError("no_such_device", `${file} cannot be read, and without it only under_voltage is known`, {
    cure: "It is there on a Raspberry Pi with its own kernel; remove this sensor elsewhere.",
  });
}
