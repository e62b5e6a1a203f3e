/** A master on a Modbus RTU bus: registers of its slaves as readings, and written where the configuration lets them be. */
import * as Type from "typebox";
import { throwIfAborted } from "../aborted.ts";
import { actionRunner, describeActions, type ActionTable } from "../action.ts";
import { channelAt } from "../channel-lookup.ts";
import { defineDriver, type DriverContext, type DriverInstance } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import type { RawReading } from "../reading.ts";
import { describePolled, openPolled, type SensorReader } from "../sensors/polled-sensors.ts";
import { scaled } from "../sensors/scaling.ts";
import { ModbusBus } from "./modbus-bus.ts";
import {
  busOptionsOf,
  modbusConfigSchema,
  modbusIssues,
  registersIn,
  type ModbusConfig,
  type Register,
} from "./modbus-config.ts";
import { readQuestion, writeCoilQuestion, writeRegistersQuestion } from "./modbus-frame.ts";
import { registersFor, registersOf, registerValue } from "./register-value.ts";

const actions = Object.freeze({
  write: {
    title: "Write",
    description: "Writes a writable register or coil and answers what is read back from it.",
    args: [
      {
        name: "value",
        description: "A number in the unit of the readings; true or false for a coil",
        schema: Type.Union([Type.Number(), Type.Boolean()]),
        optional: false,
      },
    ],
    result: Type.Object({
      register: Type.String(),
      requested: Type.Union([Type.Number(), Type.Boolean()]),
      readBack: Type.Union([Type.Number(), Type.Boolean()]),
      t: Type.Number({ unit: "ms" }),
    }),
    safety: "hazardous",
    role: "operator",
  },
} as const satisfies ActionTable);

export const modbus = defineDriver({
  kind: "modbus",
  title: "Modbus RTU",
  configSchema: modbusConfigSchema,
  issues: modbusIssues,
  describe: (config) => ({
    kind: "modbus",
    channels: registersIn(config).map((register) => {
      const described = describePolled(register);
      if (!register.config.writable) return described;
      return { ...described, actions: { ...described.actions, ...describeActions(actions) } };
    }),
  }),
  plan: (config) => {
    const [owner] = registersIn(config);
    return [{ type: "serial-port", path: busOptionsOf(config).request.path, owner: owner?.name ?? "modbus" }];
  },
  open,
});

async function open(config: ModbusConfig, ctx: DriverContext): Promise<DriverInstance> {
  throwIfAborted(ctx.signal, "Opening the Modbus");
  const bus = new ModbusBus(busOptionsOf(config), ctx);
  await bus.open();
  if (ctx.signal.aborted) await bus.close();
  throwIfAborted(ctx.signal, "Opening the Modbus");
  const registers = registersIn(config);
  const polled = await openPolled(registers, ctx, (register) => readerOf(register, bus));
  const described = registers.map((register) => ({ name: register.name, aliases: [], register }));
  const run = actionRunner<typeof actions, Register>(actions, {
    write: async (register, requested) => {
      const readBack = await bus.request(async () => write(register, requested, bus));
      return { register: register.name, requested, readBack, t: ctx.clock.wall() };
    },
  });
  return {
    ...polled,
    invoke: async (action, address, args) =>
      Object.hasOwn(actions, action)
        ? run(action, channelAt(described, address).register, args)
        : polled.invoke(action, address, args),
    close: async () => {
      await polled.close();
      await bus.close();
    },
  };
}

function readerOf(register: Register, bus: ModbusBus): SensorReader {
  return {
    enter: async (task) => bus.enter(register.config.slave, task),
    read: async () => read(register, bus),
  };
}

async function read({ config, table, isBit, spelling }: Register, bus: ModbusBus): Promise<RawReading> {
  const { slave, address } = config;
  const data = await bus.ask(readQuestion(slave, table, address, isBit ? 1 : registersOf(spelling.type)));
  if (isBit) return { value: ((data[0] ?? 0) & 1) === 1 };
  return scaled(registerValue(data, spelling), config);
}

async function write(register: Register, value: number | boolean, bus: ModbusBus): Promise<number | boolean> {
  const { name, config, isBit, spelling } = register;
  const { slave, address, writable, factor = 1, offset = 0 } = config;
  if (!writable) {
    throw new DriverError("not_an_output", `${name} is not writable`, {
      cure: "Set writable: true in the configuration.",
    });
  }
  if (isBit !== (typeof value === "boolean")) {
    throw new DriverError("invalid_argument", `write: value cannot be ${String(value)} for ${name}`, {
      cure: isBit ? "It must be true or false." : "It must be a number.",
    });
  }
  const question =
    typeof value === "boolean"
      ? writeCoilQuestion(slave, address, value)
      : writeRegistersQuestion(slave, address, registersFor((value - offset) / factor, spelling));
  await bus.ask(question);
  const readBack = (await read(register, bus)).value;
  if (typeof readBack === "number" || typeof readBack === "boolean") return readBack;
  throw new DriverError("io", `${name} cannot be read back`);
}
