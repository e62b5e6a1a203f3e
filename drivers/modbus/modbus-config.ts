import * as Type from "typebox";
import type { Static } from "typebox";
import type { ConfigIssue } from "../driver.ts";
import { durationSchema, milliseconds } from "../duration.ts";
import { named } from "../named.ts";
import { pollIssues, pollOptions, pollProperties } from "../polling/poll-options.ts";
import type { PolledSensor } from "../sensors/polled-sensors.ts";
import { scalingIssues, scalingProperties } from "../sensors/scaling.ts";
import { deviceOf, lineProperties, lineOf } from "../serial/serial-config.ts";
import type { BusOptions } from "./modbus-bus.ts";
import { registerTypes, type Spelling } from "./register-value.ts";

const INTERVAL = "10s";
const TIMEOUT = "1s";
const RETRIES = 2;
/** Silence of 3.5 characters, of 11 bits each; above 19200 baud the standard has 1.75 ms. */
const CHARACTERS = 3.5 * 11;
const LEAST_SILENCE = 2;

const registerSchema = Type.Object(
  {
    slave: Type.Integer({ minimum: 1, maximum: 247, description: "The device's address on the bus" }),
    table: Type.Optional(
      Type.Enum(["holding", "input", "coil", "discrete"], {
        default: "holding",
        description: "holding: 4xxxx in manuals. input: 3xxxx. coil: 0xxxx. discrete: 1xxxx",
      }),
    ),
    address: Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description: "As it is on the wire, counted from 0: 40001 in a manual is holding, address 0",
    }),
    type: Type.Optional(
      Type.Enum([...registerTypes], {
        default: "uint16",
        description: "Of holding and input; 32 bits take two registers",
      }),
    ),
    wordOrder: Type.Optional(
      Type.Enum(["big", "little"], {
        default: "big",
        description: "big: the register with the upper half comes first",
      }),
    ),
    allOnes: Type.Optional(
      Type.Boolean({ default: false, description: "All bits set is a value; else it is an error, as devices mean it" }),
    ),
    writable: Type.Optional(
      Type.Boolean({ default: false, description: "holding and coil: may be written by the action write" }),
    ),
    ...pollProperties(INTERVAL),
    ...scalingProperties,
  },
  { additionalProperties: false },
);

export const modbusConfigSchema = Type.Object(
  {
    ...lineProperties,
    timeout: Type.Optional(
      durationSchema({
        min: 10,
        max: 60_000,
        default: TIMEOUT,
        description: "A slave that is silent for longer did not answer",
      }),
    ),
    retries: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 10,
        default: RETRIES,
        description: "Further attempts before a read has failed",
      }),
    ),
    silence: Type.Optional(
      durationSchema({ max: 1000, description: "Before each question; left out: 3.5 characters, at least 2ms" }),
    ),
    registers: named(registerSchema, { description: "What is read, by name" }),
  },
  { additionalProperties: false },
);

export type ModbusConfig = Static<typeof modbusConfigSchema>;
type RegisterConfig = Static<typeof registerSchema>;

export interface Register extends PolledSensor {
  readonly config: RegisterConfig;
  readonly table: NonNullable<RegisterConfig["table"]>;
  readonly isBit: boolean;
  readonly spelling: Spelling;
}

export function busOptionsOf(config: ModbusConfig): BusOptions {
  const line = lineOf(config);
  const usual = Math.max(LEAST_SILENCE, Math.ceil((1000 * CHARACTERS) / line.baudRate));
  return {
    request: { ...deviceOf(config), ...line },
    timeout: milliseconds(config.timeout ?? TIMEOUT),
    retries: config.retries ?? RETRIES,
    silence: milliseconds(config.silence ?? usual),
  };
}

export function registersIn(config: ModbusConfig): readonly Register[] {
  const { timeout, retries, silence } = busOptionsOf(config);
  return Object.entries(config.registers).map(([name, one]) => {
    const { slave, table = "holding", address, type = "uint16" } = one;
    const isBit = table === "coil" || table === "discrete";
    // the bus has its own time-outs; this one only is there in case that it hangs
    const options = { ...pollOptions(one, INTERVAL), timeout: (timeout + silence) * (retries + 1) + 1000 };
    return {
      name,
      title: one.title,
      unit: one.unit,
      ...(isBit ? { schema: Type.Boolean() } : {}),
      options,
      details: { slave, table, address, ...(isBit ? {} : { type }) },
      config: one,
      table,
      isBit,
      spelling: { type, littleWords: one.wordOrder === "little", allOnes: one.allOnes ?? false },
    };
  });
}

export function modbusIssues(config: ModbusConfig): readonly ConfigIssue[] {
  const { path, usb } = config;
  const device: ConfigIssue[] = [];
  if (path === undefined && usb === undefined) device.push({ path: "", message: "needs path or usb" });
  if (path !== undefined && usb !== undefined) device.push({ path: "", message: "has both path and usb; choose one" });
  if (Object.keys(config.registers).length === 0) device.push({ path: "/registers", message: "needs at least one" });
  return [...device, ...registersIn(config).flatMap((one) => registerIssues(one, `/registers/${one.name}`))];
}

function registerIssues({ config, table, isBit, options }: Register, path: string): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (config.writable && (table === "input" || table === "discrete"))
    issues.push({ path: `${path}/writable`, message: `${table} registers cannot be written; holding and coil can` });
  if (isBit) {
    for (const key of ["type", "wordOrder", "factor", "offset", "decimals", "valid", "allOnes"] as const)
      if (config[key] !== undefined) issues.push({ path: `${path}/${key}`, message: `is not for ${table}` });
    if (options.window) issues.push({ path: `${path}/window`, message: `is not for ${table}` });
  }
  if (config.timeout !== undefined) issues.push({ path: `${path}/timeout`, message: "is set for the whole bus" });
  return [...issues, ...pollIssues(config, INTERVAL, path), ...scalingIssues(config, path)];
}
