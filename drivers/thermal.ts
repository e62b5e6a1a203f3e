/** Temperatures of the kernel's thermal zones, such as the processor's. */
import { Type, type Static } from "typebox";
import { throwIfAborted } from "./aborted.ts";
import { actionRunner, describeActions, jsonSchema, type ActionTable } from "./action.ts";
import { channelAt } from "./channel-lookup.ts";
import type { ChannelDescription } from "./description.ts";
import { DriverError } from "./driver-error.ts";
import { defineDriver, type ChannelHealth, type DriverContext, type DriverInstance } from "./driver.ts";
import { durationSchema, milliseconds } from "./duration.ts";
import { healthOf } from "./health.ts";
import { named } from "./named.ts";
import { startPolling } from "./polling.ts";
import { listed, reasonOf } from "./words.ts";

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
    interval: Type.Optional(durationSchema({ min: 100, default: INTERVAL, description: "Between two readings" })),
    title: Type.Optional(Type.String({ maxLength: 80, description: "For people" })),
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

interface Zone {
  readonly name: string;
  readonly title: string | undefined;
  readonly type: string | undefined;
  readonly interval: number;
}

const valueSchema = Type.Number({ unit: UNIT });

const actions = Object.freeze({
  read: {
    title: "Read",
    description: "Reads the temperature now.",
    args: [],
    result: Type.Object({
      sensor: Type.String(),
      value: valueSchema,
      unit: Type.String(),
      t: Type.Number({ unit: "ms" }),
    }),
    safety: "read",
    role: "viewer",
  },
} as const satisfies ActionTable);

export const thermal = defineDriver({
  kind: "thermal",
  title: "Temperatures of the system",
  configSchema,
  describe: (config) => ({ kind: "thermal", channels: zonesOf(config).map(describeZone) }),
  plan: (config) => zonesOf(config).map(({ name }) => ({ type: "file", path: rootOf(config), owner: name })),
  open,
});

const rootOf = ({ root = ROOT }: Config): string => root.replace(/\/+$/, "");

function zonesOf({ zones = { cpu_temperature: {} } }: Config): readonly Zone[] {
  return Object.entries(zones).map(([name, { type, title, interval = INTERVAL }]) => {
    return { name, title, type, interval: milliseconds(interval) };
  });
}

function describeZone({ name, title, type, interval }: Zone): ChannelDescription {
  const schema = jsonSchema(valueSchema);
  const heading = title === undefined ? {} : { title };
  return {
    name,
    aliases: [],
    ...heading,
    role: "sensor",
    details: { type: type ?? null, interval },
    value: { schema, unit: UNIT },
    actions: describeActions(actions),
    streams: { [name]: { schema, unit: UNIT, interval, kind: "measurement", ...heading } },
  };
}

/** One zone: reads, and remembers whether the last read worked. */
class ZoneSensor {
  readonly zone: Zone;
  readonly #root: string;
  readonly #ctx: DriverContext;
  #file: string | undefined;
  #error: DriverError | undefined;

  constructor(zone: Zone, root: string, ctx: DriverContext) {
    this.zone = zone;
    this.#root = root;
    this.#ctx = ctx;
  }

  get health(): ChannelHealth {
    return this.#error ? { state: "faulted", cause: this.#error.message } : { state: "ok" };
  }

  /** °C. @throws DriverError */
  async read(): Promise<number> {
    const { files } = this.#ctx.board;
    try {
      this.#file ??= await this.#find();
      const text = (await files.readText(this.#file)).trim();
      if (!/^-?\d{1,9}$/.test(text))
        throw new DriverError("io", `${this.#file} holds ${JSON.stringify(text)}, no temperature`);
      this.#error = undefined;
      return Number(text) / 1000;
    } catch (error) {
      // Zones are numbered anew when a driver is loaded again: look for it afresh next time.
      this.#file = undefined;
      const failure =
        error instanceof DriverError
          ? error
          : new DriverError("io", `${this.zone.name}: ${reasonOf(error)}`, { cause: error });
      if (this.#error?.message !== failure.message)
        this.#ctx.log.warn(`${this.zone.name}: ${failure.message}`, { code: failure.code });
      this.#error = failure;
      throw failure;
    }
  }

  async publish(): Promise<void> {
    const { name } = this.zone;
    try {
      this.#ctx.publish(name, { value: await this.read() });
    } catch (error) {
      this.#ctx.publish(name, { value: null, quality: "error", cause: reasonOf(error) });
    }
  }

  async #find(): Promise<string> {
    const { files } = this.#ctx.board;
    const dirs = (await files.list(this.#root)).filter((one) => /^thermal_zone\d+$/.test(one));
    const zones: { readonly dir: string; readonly type: string }[] = [];
    for (const dir of dirs.toSorted((a, b) => Number(a.slice(12)) - Number(b.slice(12)))) {
      zones.push({ dir, type: (await files.readText(`${this.#root}/${dir}/type`)).trim() });
    }
    const wanted = this.zone.type ?? USUAL_TYPE;
    const chosen = zones.find(({ type }) => type === wanted) ?? (this.zone.type === undefined ? zones[0] : undefined);
    if (chosen) return `${this.#root}/${chosen.dir}/temp`;
    throw new DriverError("no_such_device", `There is no thermal zone of type ${wanted} under ${this.#root}`, {
      cure: `Set type to one of: ${listed(zones.map(({ type }) => type))}.`,
    });
  }
}

async function open(config: Config, ctx: DriverContext): Promise<DriverInstance> {
  throwIfAborted(ctx.signal, "Opening the thermal zones");
  const sensors = zonesOf(config).map((zone) => new ZoneSensor(zone, rootOf(config), ctx));
  const pollings = sensors.map((sensor) => startPolling(ctx, sensor.zone.interval, async () => sensor.publish()));
  const run = actionRunner<typeof actions, ZoneSensor>(actions, {
    read: async (sensor) => ({ sensor: sensor.zone.name, value: await sensor.read(), unit: UNIT, t: ctx.clock.wall() }),
  });
  const described = sensors.map((sensor) => ({ name: sensor.zone.name, aliases: [], sensor }));
  return {
    invoke: async (action, address, args) => run(action, channelAt(described, address).sensor, args),
    health: () => healthOf(Object.fromEntries(sensors.map((one) => [one.zone.name, one.health]))),
    close: async () => {
      await Promise.all(pollings.map(async (one) => one.stop()));
    },
  };
}
