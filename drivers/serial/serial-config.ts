import { Type, type Static } from "typebox";
import type { DataBits, Parity, StopBits } from "../board.ts";
import type { ConfigIssue } from "../driver.ts";
import { durationSchema, milliseconds } from "../duration.ts";
import { named, nameSchema } from "../named.ts";
import { encodings, encodeText, type Encoding } from "./encoding.ts";
import type { Framing } from "./framing.ts";
import { parsePointer } from "./json-pointer.ts";
import { patternFault } from "./pattern-guard.ts";

const BAUD_RATE = 9600;
const MAX_LENGTH = 4096;
const LONGEST_FRAME = 65_536;
const WRITE_TIMEOUT = "10s";

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
  ],
  {
    default: { delimiter: "\n", maxLength: MAX_LENGTH },
    description: "What a frame is; with the delimiter \\n a \\r before it is dropped as well",
    allowed: 'one of { delimiter: "\\n" }, { length: 8 }, { idle: 20ms }',
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
    pointer: Type.Optional(
      Type.String({ maxLength: 256, description: "JSON pointer into a line of JSON, such as /temperature" }),
    ),
    as: Type.Optional(Type.Enum(["number", "text"], { default: "number", description: "What the value is" })),
    factor: Type.Optional(Type.Number({ default: 1, description: "Numbers: value = read * factor + offset" })),
    offset: Type.Optional(Type.Number({ default: 0, description: "Numbers: value = read * factor + offset" })),
    unit: Type.Optional(Type.String({ maxLength: 32, description: "For people, such as °C" })),
    title: Type.Optional(Type.String({ maxLength: 80, description: "For people" })),
  },
  { additionalProperties: false },
);

const portSchema = Type.Object(
  {
    path: Type.String({
      minLength: 1,
      maxLength: 256,
      description: "Device file; a name under /dev/serial/by-id survives replugging",
    }),
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
  readonly path: string;
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
}

/** The ports in the order of the configuration, every default filled in. For a configuration without issues. */
export function portsOf({ ports }: SerialConfig): readonly Port[] {
  return Object.entries(ports).map(([name, config]) => {
    const encoding = config.encoding ?? "utf8";
    return {
      name,
      title: config.title,
      path: config.path,
      line: {
        baudRate: config.baudRate ?? BAUD_RATE,
        dataBits: config.dataBits ?? 8,
        parity: config.parity ?? "none",
        stopBits: config.stopBits ?? 1,
      },
      framing: framingOf(config),
      trimsReturn: config.framing === undefined || ("delimiter" in config.framing && config.framing.delimiter === "\n"),
      encoding,
      rules: config.readings ?? [],
      writeTimeout: milliseconds(config.writeTimeout ?? WRITE_TIMEOUT),
    };
  });
}

function framingOf({ framing }: PortConfig): Framing {
  if (framing !== undefined && "length" in framing) return { by: "length", length: framing.length };
  const limit = framing?.maxLength ?? MAX_LENGTH;
  if (framing !== undefined && "idle" in framing)
    return { by: "idle", idle: milliseconds(framing.idle), maxLength: limit };
  return { by: "delimiter", delimiter: new TextEncoder().encode(framing?.delimiter ?? "\n"), maxLength: limit };
}

/** What the schema cannot say: ports and streams used twice, rules that cannot run, delimiters that encodings spell differently. */
export function serialIssues({ ports }: SerialConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const paths = new Map<string, string>();
  const streams = new Map<string, string>();
  for (const [name, port] of Object.entries(ports)) {
    const here = `/ports/${name}`;
    const other = paths.get(port.path);
    if (other !== undefined) issues.push({ path: `${here}/path`, message: `${port.path} is used by ${other} already` });
    paths.set(port.path, name);
    if (port.framing !== undefined && "delimiter" in port.framing && isBeyondLatin(port.framing.delimiter)) {
      issues.push({ path: `${here}/framing/delimiter`, message: "must be made of ASCII characters" });
    }
    const rules = port.readings ?? [];
    const own = rules.length === 0 ? [name] : rules.map(({ stream }) => stream);
    for (const [index, rule] of rules.entries()) issues.push(...ruleIssues(rule, `${here}/readings/${String(index)}`));
    for (const [index, stream] of own.entries()) {
      const taken = streams.get(stream);
      const at = rules.length === 0 ? here : `${here}/readings/${String(index)}/stream`;
      if (taken !== undefined)
        issues.push({ path: at, message: `the stream ${stream} is published by ${taken} already` });
      streams.set(stream, name);
    }
  }
  return issues;
}

function isBeyondLatin(text: string): boolean {
  const bytes = encodeText(text, "latin1");
  return bytes === undefined || bytes.some((byte) => byte > 127);
}

function ruleIssues({ match, pointer, as, factor, offset }: RuleConfig, path: string): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (match !== undefined && pointer !== undefined)
    issues.push({ path, message: "has both match and pointer; choose one" });
  if (match === undefined && pointer === undefined) issues.push({ path, message: "needs match or pointer" });
  const fault = match === undefined ? undefined : patternFault(match);
  if (fault !== undefined) issues.push({ path: `${path}/match`, message: `cannot be used: ${fault}` });
  if (pointer !== undefined && parsePointer(pointer) === undefined) {
    issues.push({
      path: `${path}/pointer`,
      message: 'must be "" or start with /, such as /temperature or /sensors/0/value',
    });
  }
  if (as === "text" && (factor !== undefined || offset !== undefined)) {
    issues.push({ path, message: "factor and offset are for numbers, not for as: text" });
  }
  return issues;
}
