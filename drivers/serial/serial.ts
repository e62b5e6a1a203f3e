/** Serial ports: text or bytes out, lines in, and readings from the lines. */
import * as Type from "typebox";
import type { SerialPortInfo, UsbSelector } from "../board.ts";
import { throwIfAborted } from "../aborted.ts";
import { actionRunner, describeActions, jsonSchema, unknownAction } from "../action.ts";
import { channelAt } from "../channel-lookup.ts";
import type { ChannelDescription, StreamDescription } from "../description.ts";
import { DriverError } from "../driver-error.ts";
import { defineDriver, type DriverContext, type DriverInstance } from "../driver.ts";
import { healthOf } from "../health.ts";
import { milliseconds } from "../duration.ts";
import { encodeText } from "./encoding.ts";
import { PATTERN_REACH, patternFault } from "./pattern-guard.ts";
import { PortChannel } from "./port-channel.ts";
import { portActions, serialActions } from "./serial-actions.ts";
import { portsOf, serialConfigSchema, type Port, type RuleConfig, type SerialConfig } from "./serial-config.ts";
import { serialIssues } from "./serial-issues.ts";

export const serial = defineDriver({
  kind: "serial",
  title: "Serial ports",
  configSchema: serialConfigSchema,
  issues: serialIssues,
  describe: (config) => ({
    kind: "serial",
    actions: describeActions(serialActions),
    channels: portsOf(config).map(describePort),
  }),
  plan: (config) => portsOf(config).map(({ name, path }) => ({ type: "serial-port", path, owner: name })),
  open,
});

function describePort(port: Port): ChannelDescription {
  const { name, title, path, line, framing, encoding } = port;
  return {
    name,
    aliases: [path],
    ...(title === undefined ? {} : { title }),
    role: "port",
    details: { path, ...line, encoding, framing: framingDetails(framing) },
    actions: describeActions(portActions),
    streams: streamsOf(port),
  };
}

function framingDetails(framing: Port["framing"]) {
  if (framing.by !== "delimiter") return { ...framing };
  return { ...framing, delimiter: String.fromCharCode(...framing.delimiter) };
}

function streamsOf({ name, title, rules, raw }: Port): Readonly<Record<string, StreamDescription>> {
  const heading = title === undefined ? {} : { title };
  const text = jsonSchema(Type.String());
  const lines = Object.fromEntries(rules.map((rule) => [rule.stream, streamOf(rule)]));
  return {
    ...(rules.length > 0 ? lines : { [name]: { schema: text, kind: "measurement", ...heading } }),
    [`${name}_state`]: {
      schema: jsonSchema(Type.Enum(["open", "lost"])),
      kind: "state",
      title: `State of ${title ?? name}`,
    },
    ...(raw ? { [`${name}_raw`]: { schema: text, kind: "event", title: `Octets of ${title ?? name} as hex` } } : {}),
  };
}

function streamOf({ as, unit, title }: RuleConfig): StreamDescription {
  return {
    schema: jsonSchema(as === "text" ? Type.String() : Type.Number()),
    kind: "measurement",
    ...(unit === undefined ? {} : { unit }),
    ...(title === undefined ? {} : { title }),
  };
}

async function open(config: SerialConfig, ctx: DriverContext): Promise<DriverInstance> {
  const ports = portsOf(config);
  const channels = ports.map((port) => new PortChannel(port, ctx));
  const close = async (): Promise<void> => {
    await Promise.all(channels.map(async (channel) => channel.close()));
  };
  try {
    throwIfAborted(ctx.signal, "Opening the serial ports");
    await Promise.all(channels.map(async (channel) => channel.open()));
    throwIfAborted(ctx.signal, "Opening the serial ports");
  } catch (error) {
    await close();
    throw error;
  }
  const runPort = actionRunner<typeof portActions, PortChannel>(portActions, {
    write: async (channel, data) => channel.write(bytesOf(data, channel.port)),
    request: async (channel, data, match, timeout) =>
      channel.request(
        bytesOf(data, channel.port),
        answerMatcher(match),
        timeout === undefined ? timeout : milliseconds(timeout),
      ),
    break: async (channel, duration = BREAK) => channel.break(milliseconds(duration)),
    modem: async (channel) => channel.modem(),
    set_modem: async (channel, dtr, rts) =>
      channel.setModem({ ...(typeof dtr === "boolean" ? { dtr } : {}), ...(typeof rts === "boolean" ? { rts } : {}) }),
    baud: async (channel, baudRate) => channel.baud(baudRate),
  });
  const runDriver = actionRunner<typeof serialActions, undefined>(serialActions, {
    list: async () => listPorts(ports, ctx),
  });
  const described = ports.map(({ name, path }) => ({ name, aliases: [path] }));
  return {
    invoke: async (action, address, args) => {
      if (Object.hasOwn(serialActions, action)) return runDriver(action, undefined, args);
      if (!Object.hasOwn(portActions, action)) {
        throw unknownAction(action, [...Object.keys(portActions), ...Object.keys(serialActions)]);
      }
      const { name } = channelAt(described, address);
      const channel = channels.find(({ port }) => port.name === name);
      if (channel === undefined) throw new DriverError("unknown_channel", `There is no port ${name}`);
      return runPort(action, channel, args);
    },
    health: () => healthOf(Object.fromEntries(channels.map((one) => [one.port.name, one.health]))),
    close,
  };
}

const BREAK = "250ms";

function answerMatcher(match: string | undefined): (text: string) => boolean {
  if (match === undefined) return () => true;
  const fault = patternFault(match);
  if (fault !== undefined) {
    throw new DriverError("invalid_argument", `request: match cannot be used: ${fault}`, {
      cure: "Give a simpler regular expression.",
    });
  }
  const pattern = new RegExp(match, "u");
  return (text) => pattern.test(text.slice(0, PATTERN_REACH));
}

async function listPorts(ports: readonly Port[], ctx: DriverContext) {
  const known = await ctx.board.serial.list();
  return known.map(({ byId, ...info }) => {
    const configured = ports.find(({ path, usb }) => path === info.path || byId.includes(path) || isMeant(usb, info));
    return { ...info, byId: [...byId], configured: configured?.name ?? null };
  });
}

function isMeant(usb: UsbSelector | undefined, info: Omit<SerialPortInfo, "byId">): boolean {
  if (usb === undefined || info.vendorId === undefined) return false;
  const told: UsbSelector = { ...info, vendorId: info.vendorId.toLowerCase() };
  return (["vendorId", "productId", "serialNumber"] as const).every((key) => {
    return usb[key] === undefined || usb[key] === told[key];
  });
}

function bytesOf(data: string | number[] | Uint8Array, { name, encoding }: Port): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (typeof data !== "string") return Uint8Array.from(data);
  const bytes = encodeText(data, encoding);
  if (bytes) return bytes;
  throw new DriverError("invalid_argument", `write: data cannot be sent on ${name}, whose encoding is ${encoding}`, {
    cure:
      encoding === "hex" ? "It must be pairs of hex digits." : "It must be made of characters up to U+00FF, or bytes.",
  });
}
