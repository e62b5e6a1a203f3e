/** Temperatures of the kernel's thermal zones, such as the processor's. */
import * as Type from "typebox";
import type { Static } from "typebox";
import type { Files } from "./board.ts";
import { defineDriver, type DriverContext } from "./driver.ts";
import { DriverError } from "./driver-error.ts";
import { named } from "./named.ts";
import { pollIssues, pollOptions, pollProperties } from "./polling/poll-options.ts";
import { kernelNumber } from "./sensors/kernel-number.ts";
import { withoutSlash } from "./sensors/kernel-root.ts";
import { describePolled, openPolled, type PolledSensor, type SensorReader } from "./sensors/polled-sensors.ts";
import { scaled, scalingIssues, scalingProperties } from "./sensors/scaling.ts";
import { listed } from "./words.ts";

const ROOT = "/sys/class/thermal";
const INTERVAL = "30s";
/** The name of the processor's zone on every Raspberry Pi. */
const USUAL_TYPE = "cpu-thermal";
const UNIT = "°C";

const zoneSchema = Type.Object(
  {
    type: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: "The zone's type as the kernel names it; left out: cpu-thermal, else the first zone there is",
      }),
    ),
    ...pollProperties(INTERVAL),
    ...scalingProperties,
  },
  { additionalProperties: false },
);

const configSchema = Type.Object(
  {
    root: Type.Optional(
      Type.String({
        pattern: "^/",
        maxLength: 256,
        default: ROOT,
        description: "Where the kernel shows its thermal zones",
      }),
    ),
    zones: Type.Optional(named(zoneSchema, { description: "Zones by name", default: { cpu_temperature: {} } })),
  },
  { additionalProperties: false },
);

type Config = Static<typeof configSchema>;

type Zone = PolledSensor & { readonly config: Static<typeof zoneSchema> };

export const thermal = defineDriver({
  kind: "thermal",
  title: "Temperatures of the system",
  configSchema,
  issues: (config) =>
    zonesIn(config).flatMap(([name, one]) => [
      ...pollIssues(one, INTERVAL, `/zones/${name}`),
      ...scalingIssues(one, `/zones/${name}`),
    ]),
  describe: (config) => ({ kind: "thermal", channels: zonesOf(config).map(describePolled) }),
  plan: (config) => zonesOf(config).map(({ name }) => ({ type: "file", path: rootOf(config), owner: name })),
  open: async (config, ctx) => openPolled(zonesOf(config), ctx, (zone) => readerOf(zone, rootOf(config), ctx)),
});

const rootOf = ({ root = ROOT }: Config): string => withoutSlash(root);

const zonesIn = ({ zones = { cpu_temperature: {} } }: Config) => Object.entries(zones);

function zonesOf(config: Config): readonly Zone[] {
  return zonesIn(config).map(([name, one]) => ({
    name,
    title: one.title,
    unit: one.unit ?? UNIT,
    options: pollOptions(one, INTERVAL),
    details: { type: one.type ?? null },
    config: one,
  }));
}

function readerOf({ config }: Zone, root: string, { board: { files } }: DriverContext): SensorReader {
  let file: string | undefined;
  return {
    read: async () => {
      try {
        file ??= await findZone(files, root, config.type);
        return scaled((await kernelNumber(files, file)) / 1000, config);
      } catch (error) {
        // Zones are numbered anew when a driver is loaded again: look for it afresh next time.
        file = undefined;
        throw error;
      }
    },
  };
}

async function findZone(files: Files, root: string, type: string | undefined): Promise<string> {
  const dirs = (await files.list(root)).filter((one) => /^thermal_zone\d+$/.test(one));
  const zones: { readonly dir: string; readonly type: string }[] = [];
  for (const dir of dirs.toSorted((a, b) => Number(a.slice(12)) - Number(b.slice(12)))) {
    zones.push({ dir, type: (await files.readText(`${root}/${dir}/type`)).trim() });
  }
  const wanted = type ?? USUAL_TYPE;
  const chosen = zones.find((zone) => zone.type === wanted) ?? (type === undefined ? zones[0] : undefined);
  if (chosen) return `${root}/${chosen.dir}/temp`;
  throw new DriverError("no_such_device", `There is no thermal zone of type ${wanted} under ${root}`, {
    cure: `Set type to one of: ${listed(zones.map((zone) => zone.type))}.`,
  });
}
