import * as Type from "typebox";
import type { Static } from "typebox";
import type { ConfigIssue } from "../driver.ts";
import { NAME, named } from "../named.ts";
import { pollIssues, pollOptions, pollProperties } from "../polling/poll-options.ts";
import type { PolledSensor } from "../sensors/polled-sensors.ts";
import { scalingIssues, scalingProperties } from "../sensors/scaling.ts";
import { numberTypes, sizeOf, type NumberType } from "./register-number.ts";

const INTERVAL = "10s";
const HEADER_BUS = 1;

const registerNumber = (description: string) => Type.Integer({ minimum: 0, maximum: 0xffff, description });

const deviceSchema = Type.Object(
  {
    address: Type.Integer({ minimum: 0x03, maximum: 0x77, description: "7 bits, as i2cdetect has it: 0x20" }),
    registerSize: Type.Optional(
      Type.Enum([1, 2], {
        default: 1,
        unit: "bytes",
        description: "Of the number that points to a register; the higher byte goes first",
      }),
    ),
    writable: Type.Optional(Type.Boolean({ default: false, description: "May be written, by the action write_bytes" })),
    title: Type.Optional(Type.String({ maxLength: 80, description: "For people" })),
  },
  { additionalProperties: false },
);

const registerSchema = Type.Object(
  {
    device: Type.String({ pattern: NAME, allowed: "the name of one of devices", description: "Which device it is of" }),
    register: registerNumber("Where it is in the device"),
    type: Type.Optional(Type.Enum([...numberTypes], { default: "uint8", description: "What is there" })),
    endian: Type.Optional(
      Type.Enum(["big", "little"], { default: "big", description: "Which byte of the number comes first" }),
    ),
    ...pollProperties(INTERVAL),
    ...scalingProperties,
  },
  { additionalProperties: false },
);

export const i2cConfigSchema = Type.Object(
  {
    bus: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0, maximum: 255 }), Type.String({ minLength: 1, maxLength: 64 })], {
        default: HEADER_BUS,
        description:
          "Number of the bus (1 is a Raspberry Pi's header), or text that only one adapter's name has, such as i2c-tiny-usb: numbers change with replugging",
      }),
    ),
    devices: named(deviceSchema, { description: "What is on the bus, by name" }),
    registers: Type.Optional(named(registerSchema, { description: "What is read of it, by name" })),
  },
  { additionalProperties: false },
);

export type I2cConfig = Static<typeof i2cConfigSchema>;
type RegisterConfig = Static<typeof registerSchema>;

export interface Target {
  readonly name: string;
  readonly title: string | undefined;
  readonly bus: number | string;
  readonly address: number;
  readonly registerSize: 1 | 2;
  readonly writable: boolean;
}

export interface Register extends PolledSensor {
  readonly config: RegisterConfig;
  readonly type: NumberType;
  readonly littleEndian: boolean;
}

/** Every default filled in. */
export function targetsOf({ bus = HEADER_BUS, devices }: I2cConfig): readonly Target[] {
  return Object.entries(devices).map(([name, { address, registerSize = 1, writable = false, title }]) => ({
    name,
    title,
    bus,
    address,
    registerSize,
    writable,
  }));
}

export function registersOf({ registers = {} }: I2cConfig): readonly Register[] {
  return Object.entries(registers).map(([name, config]) => {
    const { device, register, type = "uint8", title, unit, endian } = config;
    const options = pollOptions(config, INTERVAL);
    const details = { device, register, type };
    return { name, title, unit, options, details, config, type, littleEndian: endian === "little" };
  });
}

export function i2cIssues(config: I2cConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const targets = targetsOf(config);
  if (targets.length === 0) issues.push({ path: "/devices", message: "needs at least one" });
  for (const { name, address } of targets) {
    const first = targets.find((one) => one.address === address);
    if (first?.name !== name)
      issues.push({ path: `/devices/${name}/address`, message: `is that of ${first?.name ?? ""}; choose another` });
  }
  return [...issues, ...registersOf(config).flatMap((one) => registerIssues(one, targets))];
}

function registerIssues({ name, config, type }: Register, targets: readonly Target[]): readonly ConfigIssue[] {
  const path = `/registers/${name}`;
  const issues: ConfigIssue[] = [];
  const target = targets.find((one) => one.name === config.device);
  const known = targets.map((one) => one.name).join(", ");
  if (target === undefined)
    issues.push({ path: `${path}/device`, message: `there is no device ${config.device}; choose one of ${known}` });
  else if (config.register + sizeOf(type) > 256 ** target.registerSize)
    issues.push({ path: `${path}/register`, message: `is beyond what registerSize can point at; set registerSize: 2` });
  if (targets.some((one) => one.name === name))
    issues.push({ path, message: `${name} is the name of a device; choose another name` });
  return [...issues, ...pollIssues(config, INTERVAL, path), ...scalingIssues(config, path)];
}
