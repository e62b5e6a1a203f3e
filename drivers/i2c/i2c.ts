/** Devices on an I2C bus that no driver of the kernel serves: read and written as they are, and registers as readings. */
import * as Type from "typebox";
import { throwIfAborted } from "../aborted.ts";
import { actionRunner, describeActions, unknownAction, type ActionTable } from "../action.ts";
import { channelAt } from "../channel-lookup.ts";
import type { ChannelDescription } from "../description.ts";
import { defineDriver, type DriverContext, type DriverInstance } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { healthOf } from "../health.ts";
import { describePolled, openPolled, type SensorReader } from "../sensors/polled-sensors.ts";
import { scaled } from "../sensors/scaling.ts";
import { Sequence } from "../sequence.ts";
import { i2cConfigSchema, i2cIssues, registersOf, targetsOf, type I2cConfig, type Register } from "./i2c-config.ts";
import type { Target } from "./i2c-config.ts";
import { I2cTarget } from "./i2c-target.ts";
import { registerNumber, sizeOf } from "./register-number.ts";

const QUEUE = 64;
/** Octets at a time: 100 ms of a bus at 100 kHz. */
const MOST = 1024;

const octet = Type.Integer({ minimum: 0, maximum: 255 });
const t = Type.Number({ description: "ms since 1970", unit: "ms" });
const device = Type.String({ description: "The channel's name" });
const register = {
  name: "register",
  description: "Where to begin; left out: wherever the device is, and nothing is sent before",
  schema: Type.Integer({ minimum: 0, maximum: 0xffff }),
  optional: true,
} as const;

/** Binary as it comes out of MessagePack, CBOR or WAMP's JSON convention. */
const binary = Type.Refine(
  Type.Unsafe<Uint8Array>({ title: "bytes", allowed: `1 to ${String(MOST)} bytes` }),
  (value) => value instanceof Uint8Array && value.length > 0 && value.length <= MOST,
);

const actions = Object.freeze({
  read_bytes: {
    title: "Read",
    description: "Reads octets of the device. Some devices change by being read.",
    args: [
      {
        name: "length",
        description: "How many",
        schema: Type.Integer({ minimum: 1, maximum: MOST }),
        unit: "bytes",
        optional: false,
      },
      register,
    ],
    result: Type.Object({ device, data: Type.Array(octet), t }),
    safety: "idempotent",
    role: "operator",
  },
  write_bytes: {
    title: "Write",
    description: "Writes octets to the device, as they are; only where it is writable.",
    args: [
      {
        name: "data",
        description: "A list of byte values, or binary",
        schema: Type.Union([Type.Array(octet, { minItems: 1, maxItems: MOST }), binary], {
          allowed: `a list of numbers from 0 to 255, or binary, of 1 to ${String(MOST)} bytes`,
        }),
        optional: false,
      },
      register,
    ],
    result: Type.Object({ device, octets: Type.Integer({ unit: "bytes" }), t }),
    safety: "hazardous",
    role: "operator",
  },
} as const satisfies ActionTable);

export const i2c = defineDriver({
  kind: "i2c",
  title: "I2C devices",
  configSchema: i2cConfigSchema,
  issues: i2cIssues,
  describe: (config) => ({
    kind: "i2c",
    channels: [...targetsOf(config).map(describeTarget), ...registersOf(config).map(describePolled)],
  }),
  plan: (config) =>
    targetsOf(config).map(({ name, bus, address }) => ({ type: "i2c-address", bus, address, owner: name })),
  open,
});

function describeTarget({ name, title, bus, address, registerSize, writable }: Target): ChannelDescription {
  return {
    name,
    aliases: [],
    ...(title === undefined ? {} : { title }),
    role: "port",
    details: { bus, address, registerSize, writable },
    actions: describeActions(actions, writable ? ["read_bytes", "write_bytes"] : ["read_bytes"]),
    streams: {},
  };
}

async function open(config: I2cConfig, ctx: DriverContext): Promise<DriverInstance> {
  throwIfAborted(ctx.signal, "Opening the I2C devices");
  const turns = new Sequence(`I2C bus ${String(config.bus ?? 1)}`, QUEUE);
  const targets = targetsOf(config).map((target) => new I2cTarget(target, turns, ctx));
  const registers = registersOf(config);
  const polled = await openPolled(registers, ctx, (one) => readerOf(one, targets, turns));
  const described = [...targets.map(({ target: { name } }) => name), ...registers.map(({ name }) => name)].map(
    (name) => ({ name, aliases: [] }),
  );
  const run = actionRunner<typeof actions, I2cTarget>(actions, {
    read_bytes: async (target, length, at) => {
      const data = await target.request(at === undefined ? [] : pointer(target, at, length), length);
      return { device: target.target.name, data: [...data], t: ctx.clock.wall() };
    },
    write_bytes: async (target, data, at) => {
      const { name, writable } = target.target;
      if (!writable)
        throw new DriverError("not_an_output", `${name} is not writable`, {
          cure: "Set writable: true in the configuration.",
        });
      await target.request([...(at === undefined ? [] : pointer(target, at, data.length)), ...data], 0);
      return { device: name, octets: data.length, t: ctx.clock.wall() };
    },
  });
  return {
    ...polled,
    invoke: async (action, address, args) => {
      const own = Object.keys(actions);
      if (action !== "read" && !own.includes(action)) throw unknownAction(action, ["read", ...own]);
      const { name } = channelAt(described, address);
      const target = targets.find((one) => one.target.name === name);
      if (target === undefined ? action !== "read" : action === "read")
        throw unknownAction(`${action} of ${name}`, target === undefined ? ["read"] : own);
      return target === undefined ? polled.invoke(action, name, args) : run(action, target, args);
    },
    health: () => {
      const own = Object.fromEntries(targets.map(({ target, health }) => [target.name, health]));
      return healthOf({ ...own, ...polled.health().channels });
    },
    close: async () => {
      await polled.close();
      await Promise.all(targets.map(async (target) => target.close()));
    },
  };
}

/** @throws DriverError `invalid_argument` for what the device's numbers cannot point at. */
function pointer(target: I2cTarget, at: number, length: number): readonly number[] {
  const { name, registerSize } = target.target;
  const end = 256 ** registerSize;
  if (at + length <= end) return target.pointer(at);
  throw new DriverError("invalid_argument", `${name} has no registers beyond 0x${(end - 1).toString(16)}`, {
    cure: registerSize === 1 ? "Set registerSize: 2 where it has 16 bits." : "Read or write less.",
  });
}

function readerOf(
  { config, type, littleEndian }: Register,
  targets: readonly I2cTarget[],
  turns: Sequence,
): SensorReader {
  return {
    enter: async (task) => turns.runAnyway(task),
    read: async () => {
      const target = targets.find((one) => one.target.name === config.device);
      if (target === undefined) throw new DriverError("unknown_channel", `There is no device ${config.device}`);
      const octets = await target.transfer(target.pointer(config.register), sizeOf(type));
      return scaled(registerNumber(octets, type, littleEndian), config);
    },
  };
}
