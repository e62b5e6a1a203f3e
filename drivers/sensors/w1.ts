/** Thermometers on a 1-Wire bus, such as the DS18B20, through the kernel's w1_therm. */
import * as Type from "typebox";
import type { Static } from "typebox";
import type { Files } from "../board.ts";
import { defineDriver, type DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { named } from "../named.ts";
import { pollIssues, pollOptions, pollProperties } from "../polling/poll-options.ts";
import { Sequence } from "../sequence.ts";
import { found, listed } from "../words.ts";
import { rootSchema, withoutSlash } from "./kernel-root.ts";
import { describePolled, openPolled, type PolledSensor, type SensorReader } from "./polled-sensors.ts";
import { scaled, scalingIssues, scalingProperties } from "./scaling.ts";

const ROOT = "/sys/bus/w1/devices";
const INTERVAL = "30s";
/** Families of thermometers: DS18S20, DS1822, DS18B20, DS1825, DS28EA00. */
const THERMOMETER = /^(?:10|22|28|3b|42)-[0-9a-f]{12}$/;
/** What a thermometer says that was reset and has not measured. Near it, it may be true. */
const POWER_ON = 85;
const NEAR = 10;
const NEVER: ReadonlySet<number> = new Set([-127, 127.937, 127.94]);

const sensorSchema = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        pattern: "^[0-9a-f]{2}-[0-9a-f]{12}$",
        examples: ["28-0316a2794bff"],
        description: "The thermometer's name under root; left out: the only one there is",
      }),
    ),
    ...pollProperties(INTERVAL),
    ...scalingProperties,
  },
  { additionalProperties: false },
);

const configSchema = Type.Object(
  { root: rootSchema(ROOT), sensors: named(sensorSchema, { description: "Thermometers by name" }) },
  { additionalProperties: false },
);

type Config = Static<typeof configSchema>;
type Sensor = PolledSensor & { readonly config: Static<typeof sensorSchema> };

export const w1 = defineDriver({
  kind: "w1",
  title: "1-Wire thermometers",
  configSchema,
  issues: ({ sensors }) =>
    Object.entries(sensors).flatMap(([name, one]) => [
      ...pollIssues(one, INTERVAL, `/sensors/${name}`),
      ...scalingIssues(one, `/sensors/${name}`),
    ]),
  describe: (config) => ({ kind: "w1", channels: sensorsOf(config).map(describePolled) }),
  plan: (config) => sensorsOf(config).map(({ name }) => ({ type: "file", path: rootOf(config), owner: name })),
  open: async (config, ctx) => {
    const buses = new Buses(rootOf(config), ctx.board.files);
    return openPolled(sensorsOf(config), ctx, (sensor) => readerOf(sensor, buses, ctx));
  },
});

const rootOf = ({ root = ROOT }: Config): string => withoutSlash(root);

function sensorsOf({ sensors }: Config): readonly Sensor[] {
  return Object.entries(sensors).map(([name, config]) => ({
    name,
    title: config.title,
    unit: config.unit ?? "°C",
    options: pollOptions(config, INTERVAL),
    details: { id: config.id ?? null },
    config,
  }));
}

/**
 * The buses that thermometers hang on. A conversion takes 750 ms in which the bus is held and a thread of the process
 * with it: one at a time, or a handful of thermometers would stop every other read of files.
 */
class Buses {
  readonly #root: string;
  readonly #files: Files;
  readonly #queues = new Map<string, Sequence>();

  constructor(root: string, files: Files) {
    this.#root = root;
    this.#files = files;
  }

  /** The directory of a thermometer. @throws (rejects) DriverError `no_such_device`. */
  async find(id: string | undefined): Promise<string> {
    const there = (await this.#files.list(this.#root)).filter((one) => THERMOMETER.test(one));
    const [only, second] = id === undefined ? there : there.filter((one) => one === id);
    if (only !== undefined && second === undefined) return `${this.#root}/${only}`;
    const what = only === undefined ? `There is no thermometer ${id ?? ""}` : "There is more than one thermometer";
    throw new DriverError("no_such_device", `${what.trim()} under ${this.#root}`, {
      cure: `There are: ${listed(there)}. Check the wiring, its resistor, and dtoverlay=w1-gpio in config.txt, or set id.`,
    });
  }

  async enter<Result>(id: string | undefined, task: () => Promise<Result>): Promise<Result> {
    const real = await this.#files.realpath(await this.find(id));
    const bus = real.slice(0, real.lastIndexOf("/"));
    const queue = this.#queues.get(bus) ?? new Sequence(bus, Number.POSITIVE_INFINITY);
    this.#queues.set(bus, queue);
    return queue.runAnyway(task);
  }
}

function readerOf({ config }: Sensor, buses: Buses, { board: { files } }: DriverContext): SensorReader {
  let last: number | undefined;
  return {
    enter: async (task) => buses.enter(config.id, task),
    read: async () => {
      const celsius = await temperatureIn(files, await buses.find(config.id));
      assertTrue(celsius, last);
      const reading = scaled(celsius, config);
      last = celsius;
      return reading;
    },
  };
}

async function temperatureIn(files: Files, dir: string): Promise<number> {
  const text = (await files.readText(`${dir}/w1_slave`)).trim();
  const [sum = "", value = ""] = text.split("\n");
  const answer = "Check the wiring and its resistor; the next read follows.";
  if (text === "") throw new DriverError("io", `${dir} did not answer`, { cure: answer });
  if (!/ crc=[0-9a-f]{2} YES$/.test(sum.trim()))
    throw new DriverError("io", `${dir} answered with a wrong check sum (CRC): ${found(sum)}`, { cure: answer });
  // a bus that is held low or torn off reads as all zeros, whose check sum is right
  if (/^(?:00 ){9}/.test(sum)) throw new DriverError("io", `${dir} answered with zeros only`, { cure: answer });
  const match = /\bt=(-?\d{1,7})$/.exec(value.trim());
  if (!match) throw new DriverError("io", `${dir} answered ${found(value)}, no temperature`, { cure: answer });
  return Number(match[1]) / 1000;
}

function assertTrue(celsius: number, last: number | undefined): void {
  if (NEVER.has(celsius)) {
    throw new DriverError("io", `${String(celsius)} °C is what is read when the thermometer does not answer`);
  }
  if (celsius === POWER_ON && (last === undefined || Math.abs(last - POWER_ON) > NEAR)) {
    throw new DriverError("io", "85 °C is what a thermometer says that was reset and has not measured", {
      cure: "Check its supply and the resistor of the bus; the next read follows.",
    });
  }
}
