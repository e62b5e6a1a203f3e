/** Serial ports: text or bytes out, lines in, and readings from the lines. */
import { Type } from "typebox";
import { throwIfAborted } from "../aborted.ts";
import { actionRunner, describeActions, jsonSchema, unknownAction } from "../action.ts";
import { channelAt } from "../channel-lookup.ts";
import type { ChannelDescription, StreamDescription } from "../description.ts";
import { DriverError } from "../driver-error.ts";
import { defineDriver, type DriverContext, type DriverInstance } from "../driver.ts";
import { healthOf } from "../health.ts";
import { encodeText } from "./encoding.ts";
import { PortChannel } from "./port-channel.ts";
import { portActions, serialActions } from "./serial-actions.ts";
import {
  portsOf,
  serialConfigSchema,
  serialIssues,
  type Port,
  type RuleConfig,
  type SerialConfig,
} from "./serial-config.ts";

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

function streamsOf({ name, title, rules }: Port): Readonly<Record<string, StreamDescription>> {
  if (rules.length > 0) return Object.fromEntries(rules.map((rule) => [rule.stream, streamOf(rule)]));
  const lines = { schema: jsonSchema(Type.String()), kind: "measurement" } as const;
  return { [name]: title === undefined ? lines : { ...lines, title } };
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

async function listPorts(ports: readonly Port[], ctx: DriverContext) {
  const known = await ctx.board.serial.list();
  return known.map(({ byId, ...info }) => {
    const configured = ports.find(({ path }) => path === info.path || byId.includes(path));
    return { ...info, byId: [...byId], configured: configured?.name ?? null };
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
