/** The machine itself: load, memory, disk space, time since the start. */
import * as Type from "typebox";
import type { Static } from "typebox";
import type { Files } from "../board.ts";
import { defineDriver, type Claim, type ConfigIssue, type DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { named } from "../named.ts";
import { pollIssues, pollOptions, pollProperties } from "../polling/poll-options.ts";
import { found } from "../words.ts";
import { describePolled, openPolled, type PolledSensor, type SensorReader } from "./polled-sensors.ts";
import { scaled, scalingIssues, scalingProperties } from "./scaling.ts";

const INTERVAL = "30s";
const PROC = "/proc";
const MIB = 1_048_576;

interface Measure {
  readonly unit: string | undefined;
  read(files: Files, proc: string, path: string): Promise<number>;
}

const load = (index: number): Measure => ({
  unit: undefined,
  read: async (files, proc) => numberIn(`${proc}/loadavg`, (await files.readText(`${proc}/loadavg`)).split(" ")[index]),
});

const share = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole);

const measures = {
  load_1: load(0),
  load_5: load(1),
  load_15: load(2),
  memory_available: {
    unit: "MiB",
    read: async (files, proc) => (await memory(files, proc, "MemAvailable")) / 1024,
  },
  memory_used: {
    unit: "%",
    read: async (files, proc) => {
      const total = await memory(files, proc, "MemTotal");
      return share(total - (await memory(files, proc, "MemAvailable")), total);
    },
  },
  swap_used: {
    unit: "%",
    read: async (files, proc) => {
      const total = await memory(files, proc, "SwapTotal");
      return share(total - (await memory(files, proc, "SwapFree")), total);
    },
  },
  disk_available: { unit: "MiB", read: async (files, _, path) => (await files.space(path)).available / MIB },
  disk_used: {
    unit: "%",
    read: async (files, _, path) => {
      const { total, free, available } = await files.space(path);
      // as df has it: what is kept back for root is neither used nor free
      return share(total - free, total - free + available);
    },
  },
  uptime: {
    unit: "s",
    read: async (files, proc) => numberIn(`${proc}/uptime`, (await files.readText(`${proc}/uptime`)).split(" ")[0]),
  },
} as const satisfies Readonly<Record<string, Measure>>;
type What = keyof typeof measures;
// Object.keys forgets the literal keys of a constant.
const names = Object.keys(measures) as What[];

const sensorSchema = Type.Object(
  {
    what: Type.Enum(names, { description: "What is measured" }),
    path: Type.Optional(
      Type.String({
        pattern: "^/",
        maxLength: 256,
        default: "/",
        description: "disk_used and disk_available: any path on the file system",
      }),
    ),
    ...pollProperties(INTERVAL),
    ...scalingProperties,
  },
  { additionalProperties: false },
);

const USUAL = {
  load: { what: "load_1" },
  memory_used: { what: "memory_used" },
  disk_used: { what: "disk_used" },
} as const;

const configSchema = Type.Object(
  {
    proc: Type.Optional(
      Type.String({ pattern: "^/", maxLength: 256, default: PROC, description: "Where the kernel tells of itself" }),
    ),
    sensors: Type.Optional(named(sensorSchema, { description: "What is measured, by name", default: USUAL })),
  },
  { additionalProperties: false },
);

type Config = Static<typeof configSchema>;
type Sensor = PolledSensor & { readonly config: Static<typeof sensorSchema> };

const sensorsIn = ({ sensors = USUAL }: Config): [string, Static<typeof sensorSchema>][] => Object.entries(sensors);

export const system = defineDriver({
  kind: "system",
  title: "Load, memory and disk",
  configSchema,
  issues: (config) => sensorsIn(config).flatMap(([name, one]) => sensorIssues(one, `/sensors/${name}`)),
  describe: (config) => ({ kind: "system", channels: sensorsOf(config).map(describePolled) }),
  plan: (config) => sensorsOf(config).map((sensor) => claimOf(sensor, config)),
  open: async (config, ctx) => openPolled(sensorsOf(config), ctx, (sensor) => readerOf(sensor, config, ctx)),
});

const isOfDisk = (what: What): boolean => what === "disk_used" || what === "disk_available";

function sensorIssues(one: Static<typeof sensorSchema>, path: string): readonly ConfigIssue[] {
  const odd = one.path !== undefined && !isOfDisk(one.what);
  return [
    ...(odd ? [{ path: `${path}/path`, message: "is for disk_used and disk_available only" }] : []),
    ...pollIssues(one, INTERVAL, path),
    ...scalingIssues(one, path),
  ];
}

function claimOf({ name, config: { what, path = "/" } }: Sensor, { proc = PROC }: Config): Claim {
  if (isOfDisk(what)) return { type: "disk-space", path, owner: name };
  return { type: "file", path: `${proc}/${fileOf(what)}`, owner: name };
}

function fileOf(what: What): string {
  if (what.startsWith("load")) return "loadavg";
  return what === "uptime" ? "uptime" : "meminfo";
}

function sensorsOf(config: Config): readonly Sensor[] {
  return sensorsIn(config).map(([name, one]) => ({
    name,
    title: one.title,
    unit: one.unit ?? measures[one.what].unit,
    options: pollOptions(one, INTERVAL),
    details: { what: one.what, ...(isOfDisk(one.what) ? { path: one.path ?? "/" } : {}) },
    config: { decimals: 2, ...one },
  }));
}

function readerOf({ config }: Sensor, { proc = PROC }: Config, { board: { files } }: DriverContext): SensorReader {
  const { what, path = "/" } = config;
  return { read: async () => scaled(await measures[what].read(files, proc, path), config) };
}

async function memory(files: Files, proc: string, key: string): Promise<number> {
  const text = await files.readText(`${proc}/meminfo`);
  return numberIn(`${proc}/meminfo`, new RegExp(`^${key}: +(\\d+) kB$`, "m").exec(text)?.[1]);
}

function numberIn(file: string, text: string | undefined): number {
  const trimmed = text?.trim();
  if (trimmed !== undefined && /^\d{1,18}(?:\.\d{1,6})?$/.test(trimmed)) return Number(trimmed);
  throw new DriverError("io", `${file} holds ${found(text)} where a number should be`);
}
