import * as Type from "typebox";
import type { Static } from "typebox";
import type { DataBits, Parity, StopBits, UsbSelector } from "../board.ts";
import { durationSchema, milliseconds } from "../duration.ts";
import { named, nameSchema } from "../named.ts";
import { validSchema } from "../sensors/scaling.ts";
import { encodings, type Encoding } from "./encoding.ts";
import type { Framing } from "./framing.ts";
import { parseUsb, usbVendors, usbWords } from "./usb-words.ts";

const BAUD_RATE = 9600;
const MAX_LENGTH = 4096;
const LONGEST_FRAME = 65_536;
const WRITE_TIMEOUT = "10s";
const REQUEST_TIMEOUT = "1s";
const USB_PATTERN = `^(?:${Object.keys(usbVendors).join("|")}|[0-9a-fA-F]{4}(?::[0-9a-fA-F]{4})?)$`;

const maxLength = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: LONGEST_FRAME,
    default: MAX_LENGTH,
    unit: "bytes",
    description: "Longer frames are dropped",
  }),
);

const framingSchema = Type.Union(
  [
    Type.Enum(["line", "slip"], { description: "line: the delimiter \\n. slip: RFC 1055, with maxLength 4096" }),
    Type.Object(
      { delimiter: Type.String({ minLength: 1, maxLength: 16, description: "What ends a frame" }), maxLength },
      { additionalProperties: false },
    ),
    Type.Object(
      {
        length: Type.Integer({
          minimum: 1,
          maximum: LONGEST_FRAME,
          unit: "bytes",
          description: "Every frame is so long",
        }),
      },
      { additionalProperties: false },
    ),
    Type.Object(
      { idle: durationSchema({ min: 1, max: 60_000, description: "Silence of this length ends a frame" }), maxLength },
      { additionalProperties: false },
    ),
    Type.Object(
      {
        prefix: Type.Enum([1, 2, 4], { description: "The frame says its length in a number of so many bytes" }),
        at: Type.Optional(
          Type.Integer({ minimum: 0, maximum: 64, default: 0, unit: "bytes", description: "Bytes before that number" }),
        ),
        adds: Type.Optional(
          Type.Integer({
            minimum: -64,
            maximum: 64,
            default: 0,
            unit: "bytes",
            description: "After the number come so many bytes more than it says (such as a check sum)",
          }),
        ),
        endian: Type.Optional(
          Type.Enum(["big", "little"], { default: "big", description: "Which byte of the number comes first" }),
        ),
        maxLength,
      },
      { additionalProperties: false },
    ),
    Type.Object({ slip: Type.Literal(true, { description: "RFC 1055" }), maxLength }, { additionalProperties: false }),
    Type.Object(
      {
        pattern: Type.String({
          minLength: 1,
          maxLength: 128,
          description: "Frames are what is between matches of this regular expression (over Latin-1)",
        }),
        maxLength,
      },
      { additionalProperties: false },
    ),
  ],
  {
    default: { delimiter: "\n", maxLength: MAX_LENGTH },
    description: "What a frame is; with the delimiter \\n a \\r before it is dropped as well",
    allowed:
      'one of line, slip, { delimiter: "\\n" }, { length: 8 }, { idle: 20ms }, { prefix: 2 }, { slip: true }, { pattern: "\\r?\\n" }',
  },
);

const ruleSchema = Type.Object(
  {
    stream: nameSchema,
    match: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        description: "Regular expression; its group `value`, else its first group, else the whole match is the value",
      }),
    ),
    group: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 32 }), Type.String({ pattern: "^[a-zA-Z_]\\w{0,31}$" })], {
        allowed: "the number or the name of a group",
        description: "With match: the group that is the value, so that several rules share one expression",
      }),
    ),
    column: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 256, description: "Column of a line of values (CSV), counted from 1" }),
    ),
    separator: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4,
        default: ",",
        description: "With column: what is between two columns",
      }),
    ),
    nmea: Type.Optional(
      Type.String({
        pattern: "^[A-Z]{3,4}$",
        examples: ["GGA"],
        description: "NMEA 0183: the sentence, such as GGA, RMC or MWV; its check sum must be right",
      }),
    ),
    field: Type.Optional(
      Type.String({
        pattern: "^[a-zA-Z]\\w{0,62}$",
        examples: ["latitude"],
        description: "With nmea: the field, such as latitude, longitude, satellitesInView, speedKnots, windSpeed",
      }),
    ),
    pointer: Type.Optional(
      Type.String({ maxLength: 256, description: "JSON pointer into a line of JSON, such as /temperature" }),
    ),
    as: Type.Optional(Type.Enum(["number", "text"], { default: "number", description: "What the value is" })),
    factor: Type.Optional(Type.Number({ default: 1, description: "Numbers: value = read * factor + offset" })),
    offset: Type.Optional(Type.Number({ default: 0, description: "Numbers: value = read * factor + offset" })),
    valid: Type.Optional(validSchema),
    unit: Type.Optional(Type.String({ maxLength: 32, description: "For people, such as °C" })),
    title: Type.Optional(Type.String({ maxLength: 80, description: "For people" })),
  },
  { additionalProperties: false },
);

const usbNumber = (description: string) =>
  Type.Optional(Type.String({ pattern: "^[0-9a-fA-F]{4}$", allowed: "four hex digits, in quotes", description }));

const usbSchema = Type.Union(
  [
    Type.String({ maxLength: 16, pattern: USB_PATTERN }),
    Type.Object(
      {
        serialNumber: Type.Optional(
          Type.String({ minLength: 1, maxLength: 128, description: "The adapter's own serial number" }),
        ),
        vendorId: usbNumber("The maker's number, such as 0403"),
        productId: usbNumber("The product's number, such as 6001"),
      },
      { additionalProperties: false, minProperties: 1 },
    ),
  ],
  {
    allowed: `one of ${Object.keys(usbVendors).join(", ")}, or "0403", "0403:6001", or { serialNumber, vendorId, productId }`,
    description:
      "Instead of path: the only USB adapter that fits, whatever name it has at the moment; list tells the numbers",
  },
);

/** Which port, and how its characters are: what every driver on a serial line has. */
export const lineProperties = {
  path: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: "Device file; a name under /dev/serial/by-id survives replugging. Or usb",
    }),
  ),
  usb: Type.Optional(usbSchema),
  baudRate: Type.Optional(
    Type.Integer({
      minimum: 50,
      maximum: 4_000_000,
      default: BAUD_RATE,
      unit: "baud",
      description: "Speed of the line",
    }),
  ),
  dataBits: Type.Optional(Type.Enum([5, 6, 7, 8], { default: 8, description: "Bits of a character" })),
  parity: Type.Optional(
    Type.Enum(["none", "even", "odd"], { default: "none", description: "Check bit of a character" }),
  ),
  stopBits: Type.Optional(Type.Enum([1, 1.5, 2], { default: 1, description: "Bits after a character" })),
};

const portSchema = Type.Object(
  {
    ...lineProperties,
    framing: Type.Optional(framingSchema),
    encoding: Type.Optional(
      Type.Enum([...encodings], { default: "utf8", description: "Of frames and of text written" }),
    ),
    readings: Type.Optional(
      Type.Array(ruleSchema, {
        maxItems: 64,
        description:
          "Rules that turn a line into readings; without any, each line is a reading of the port's own stream",
      }),
    ),
    writeTimeout: Type.Optional(
      durationSchema({
        min: 10,
        default: WRITE_TIMEOUT,
        description: "A write that takes longer fails and reopens the port",
      }),
    ),
    requestTimeout: Type.Optional(
      durationSchema({
        min: 10,
        max: 600_000,
        default: REQUEST_TIMEOUT,
        description: "How long request waits for an answer where the call does not say",
      }),
    ),
    raw: Type.Optional(
      Type.Boolean({
        default: false,
        description: "Whatever is received is also published as it comes, as hex text, on <name>_raw",
      }),
    ),
    title: Type.Optional(Type.String({ maxLength: 80, description: "For people" })),
  },
  { additionalProperties: false },
);

export const serialConfigSchema = Type.Object(
  { ports: named(portSchema, { description: "Serial ports by name" }) },
  { additionalProperties: false },
);

export type SerialConfig = Static<typeof serialConfigSchema>;
type PortConfig = Static<typeof portSchema>;
export type RuleConfig = Static<typeof ruleSchema>;

export interface Port {
  readonly name: string;
  readonly title: string | undefined;
  /** Device file, or words for the adapter that `usb` means. */
  readonly path: string;
  readonly usb?: UsbSelector;
  readonly line: {
    readonly baudRate: number;
    readonly dataBits: DataBits;
    readonly parity: Parity;
    readonly stopBits: StopBits;
  };
  readonly framing: Framing;
  /** Lines end with \n: a \r before it belongs to the ending. */
  readonly trimsReturn: boolean;
  readonly encoding: Encoding;
  readonly rules: readonly RuleConfig[];
  readonly writeTimeout: number;
  readonly requestTimeout: number;
  readonly raw: boolean;
}

/** The ports in the order of the configuration, every default filled in. For a configuration without issues. */
export function portsOf({ ports }: SerialConfig): readonly Port[] {
  return Object.entries(ports).map(([name, config]) => {
    const encoding = config.encoding ?? "utf8";
    return {
      name,
      title: config.title,
      ...deviceOf(config),
      line: lineOf(config),
      framing: framingOf(config),
      trimsReturn: endsLines(config),
      encoding,
      rules: config.readings ?? [],
      writeTimeout: milliseconds(config.writeTimeout ?? WRITE_TIMEOUT),
      requestTimeout: milliseconds(config.requestTimeout ?? REQUEST_TIMEOUT),
      raw: config.raw ?? false,
    };
  });
}

type LineConfig = Pick<PortConfig, keyof typeof lineProperties>;

/** Every default filled in. */
export function lineOf({
  baudRate = BAUD_RATE,
  dataBits = 8,
  parity = "none",
  stopBits = 1,
}: LineConfig): Port["line"] {
  return { baudRate, dataBits, parity, stopBits };
}

/** The device file, or words for the adapter that is meant. */
export function deviceOf({ path = "", usb }: LineConfig): Pick<Port, "path" | "usb"> {
  if (usb === undefined) return { path };
  const selector = typeof usb === "string" ? (parseUsb(usb) ?? {}) : lowerCase(usb);
  return { path: usbWords(selector), usb: selector };
}

function lowerCase({ vendorId, productId, ...rest }: UsbSelector): UsbSelector {
  return {
    ...rest,
    ...(vendorId === undefined ? {} : { vendorId: vendorId.toLowerCase() }),
    ...(productId === undefined ? {} : { productId: productId.toLowerCase() }),
  };
}

function endsLines({ framing = "line" }: PortConfig): boolean {
  return framing === "line" || (typeof framing === "object" && "delimiter" in framing && framing.delimiter === "\n");
}

function framingOf({ framing = "line" }: PortConfig): Framing {
  if (framing === "slip") return { by: "slip", maxLength: MAX_LENGTH };
  if (framing === "line") return { by: "delimiter", delimiter: new TextEncoder().encode("\n"), maxLength: MAX_LENGTH };
  if ("length" in framing) return { by: "length", length: framing.length };
  const limit = framing.maxLength ?? MAX_LENGTH;
  if ("idle" in framing) return { by: "idle", idle: milliseconds(framing.idle), maxLength: limit };
  if ("slip" in framing) return { by: "slip", maxLength: limit };
  if ("pattern" in framing) return { by: "pattern", pattern: framing.pattern, maxLength: limit };
  if ("delimiter" in framing) {
    return { by: "delimiter", delimiter: new TextEncoder().encode(framing.delimiter), maxLength: limit };
  }
  const { prefix, at = 0, adds = 0, endian } = framing;
  return { by: "prefix", size: prefix, at, adds, littleEndian: endian === "little", maxLength: limit };
}
