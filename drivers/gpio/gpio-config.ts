import * as Type from "typebox";
import type { Static } from "typebox";
import type { GpioFeature, Level, Pull } from "../board.ts";
import { aliasKey } from "../channel-lookup.ts";
import type { ConfigIssue } from "../driver.ts";
import { durationSchema, milliseconds } from "../duration.ts";
import { named, nameSchema } from "../named.ts";
import type { ButtonTimes } from "./button.ts";
import type { CounterOptions } from "./counter.ts";
import { outputIssues } from "./output-issues.ts";
import { interlockSchema, tagsSchema } from "./output-options.ts";
import { linkLostSchema, parseLinkLost, type LinkLost } from "./link-lost.ts";
import { pwmSectionSchema } from "./pwm-config.ts";
import { parsePinName, pinAliases, type PinName } from "./pin-name.ts";

const DEBOUNCE = "20ms";
const MAX_PULSE = "60s";
const CHECK_INTERVAL = "10s";
const HOLD = "1s";
const DOUBLE = "400ms";
const INTERVAL = "10s";
const SAVE = "1min";
const CHANGES = 100;
const PER = "1s";

const pinSchema = Type.Object(
  {
    pin: Type.Union([Type.Integer({ minimum: 0, maximum: 1023 }), Type.String({ minLength: 1, maxLength: 80 })], {
      description:
        "Which pin: 17 or GPIO17 (BCM number, or the line of `chip`), pin 11 (position on the 40-pin header), pinctrl-rp1:17 (label of a chip and line), or the kernel's name of a line, which needs the character device",
      allowed: 'a pin: 17, "GPIO17", "pin 11", "pinctrl-rp1:17" or the name of a line',
    }),
    direction: Type.Enum(["out", "in"], { description: "out: switched by Pinion. in: watched by Pinion" }),
    activeLow: Type.Optional(
      Type.Boolean({
        default: false,
        description: "1 means electrically low, everywhere: in calls, readings and `safe`",
      }),
    ),
    pull: Type.Optional(
      Type.Enum(["up", "down", "off"], {
        description: "The resistor inside the chip; left out, it stays as it is. Needs the character device",
      }),
    ),
    drive: Type.Optional(
      Type.Enum(["push-pull", "open-drain", "open-source"], {
        default: "push-pull",
        description:
          "Outputs: open-drain only ever pulls low, open-source only ever drives high. These need the character device",
      }),
    ),
    kernelDebounce: Type.Optional(
      durationSchema({
        default: 0,
        max: 60_000,
        description: "Inputs: the kernel itself waits until a level is stable for so long. Needs the character device",
      }),
    ),
    safe: Type.Optional(
      Type.Union([Type.Literal(0), Type.Literal(1)], {
        default: 0,
        description: "Outputs: the level at start, after a fault and at the end of the process",
      }),
    ),
    initial: Type.Optional(
      Type.Enum(["safe", "keep"], {
        default: "safe",
        description: "Outputs: level at start; keep leaves an output that is driven already as it is",
      }),
    ),
    maxPulse: Type.Optional(
      durationSchema({ default: MAX_PULSE, min: 1, description: "Outputs: the longest pulse that is accepted" }),
    ),
    minOn: Type.Optional(
      durationSchema({
        default: 0,
        description: "Outputs: once on (1), a caller cannot switch it off for so long; the way to `safe` stays open",
      }),
    ),
    minOff: Type.Optional(
      durationSchema({
        default: 0,
        description: "Outputs: once off (0), and after the start, a caller cannot switch it on for so long",
      }),
    ),
    maxOn: Type.Optional(
      durationSchema({
        min: 1,
        description: "Outputs: on (1) for so long, it goes back to `safe` by itself; left out: no limit",
      }),
    ),
    interlock: Type.Optional(interlockSchema),
    rateLimit: Type.Optional(
      Type.Object(
        {
          changes: Type.Integer({ minimum: 1, maximum: 10_000, description: "How many changes callers may make" }),
          per: durationSchema({ min: 1, max: 3_600_000, description: "in so long" }),
        },
        {
          additionalProperties: false,
          default: { changes: CHANGES, per: PER },
          description: "Outputs: how often callers may switch it",
        },
      ),
    ),
    tags: Type.Optional(tagsSchema),
    onLinkLost: Type.Optional(linkLostSchema),
    debounce: Type.Optional(
      durationSchema({
        default: DEBOUNCE,
        max: 60_000,
        description:
          "Inputs: a change is reported when the level has been quiet for so long; its time is the first edge's; 0: each edge",
      }),
    ),
    button: Type.Optional(
      Type.Object(
        {
          stream: Type.Optional(nameSchema),
          hold: Type.Optional(
            durationSchema({ default: HOLD, max: 60_000, description: "Down for so long is a hold; 0: there is none" }),
          ),
          double: Type.Optional(
            durationSchema({
              default: DOUBLE,
              max: 10_000,
              description:
                "A second press so soon after the first one's release is a double one; 0: there is none, and a press is told at its end",
            }),
          ),
        },
        {
          additionalProperties: false,
          description: "Inputs: press, hold and double as events on the stream <name>_button; 1 is pressed",
        },
      ),
    ),
    counter: Type.Optional(
      Type.Object(
        {
          stream: Type.Optional(nameSchema),
          edge: Type.Optional(
            Type.Enum(["rising", "falling", "both"], { default: "rising", description: "What counts" }),
          ),
          interval: Type.Optional(
            durationSchema({ default: INTERVAL, min: 100, description: "A changed count is published this often" }),
          ),
          save: Type.Optional(
            durationSchema({ default: SAVE, min: 1000, description: "A changed count is kept on the card this often" }),
          ),
          factor: Type.Optional(Type.Number({ default: 1, description: "What is published is the count times this" })),
          unit: Type.Optional(Type.String({ maxLength: 32, description: "For people" })),
        },
        {
          additionalProperties: false,
          description:
            "Inputs: counts edges, on the stream <name>_count; over the character device none is lost. Not debounced but by kernelDebounce",
        },
      ),
    ),
    edge: Type.Optional(
      Type.Enum(["both", "rising", "falling"], { default: "both", description: "Inputs: which changes are published" }),
    ),
    title: Type.Optional(Type.String({ maxLength: 80, description: "For people" })),
  },
  { additionalProperties: false },
);

export const gpioConfigSchema = Type.Object(
  {
    chip: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description:
          "Label of the GPIO chip as `gpioinfo` has it, or gpiochip0, which may change with a boot; left out, that of the Raspberry Pi's header: pinctrl-rp1, pinctrl-bcm2711 or pinctrl-bcm2835",
      }),
    ),
    pins: named(pinSchema, { description: "Pins by name" }),
    pwm: Type.Optional(pwmSectionSchema),
    checkInterval: Type.Optional(
      durationSchema({
        default: CHECK_INTERVAL,
        description: "Every line is read this often, because a dead chip does not tell by itself; 0 switches it off",
      }),
    ),
  },
  { additionalProperties: false },
);

type PinConfig = Static<typeof pinSchema>;

export type GpioConfig = Static<typeof gpioConfigSchema>;

interface Pin {
  readonly name: string;
  readonly title: string | undefined;
  readonly pin: PinName;
  readonly chip: string | undefined;
  readonly activeLow: boolean;
  readonly pull: Pull | undefined;
  /** What the back-end must be able to do. */
  readonly needs: readonly GpioFeature[];
}

export interface OutputPin extends Pin {
  readonly direction: "out";
  readonly safe: Level;
  readonly keep: boolean;
  readonly drive: "open-drain" | "open-source" | undefined;
  /** ms */
  readonly minOn: number;
  readonly minOff: number;
  readonly maxOn: number | undefined;
  readonly interlock: string | undefined;
  readonly rateLimit: { readonly changes: number; readonly per: number };
  readonly tags: readonly string[];
  /** undefined: the output stays as it is. */
  readonly onLinkLost: LinkLost | undefined;
  readonly maxPulse: number;
}

export interface InputPin extends Pin {
  readonly direction: "in";
  readonly debounce: number;
  readonly kernelDebounce: number;
  readonly button: (ButtonTimes & { readonly stream: string }) | undefined;
  readonly counter: (CounterOptions & { readonly unit: string | undefined }) | undefined;
  readonly edge: "both" | "rising" | "falling";
}

/** The pins in the order of the configuration, every default filled in. For a configuration without issues. */
export function pinsOf({ chip, pins }: GpioConfig): readonly (OutputPin | InputPin)[] {
  return Object.entries(pins).flatMap(([name, config]): readonly (OutputPin | InputPin)[] => {
    const pin = parsePinName(config.pin);
    if (typeof pin === "string") return [];
    const common = {
      name,
      title: config.title,
      pin,
      chip: pin.chip ?? chip,
      activeLow: config.activeLow ?? false,
      pull: config.pull,
      needs: needsOf(config, pin),
    };
    if (config.direction === "out") {
      return [{ ...common, direction: "out", ...outputPart(config) }];
    }
    return [{ ...common, direction: "in", ...inputPart(name, config) }];
  });
}

function inputPart(name: string, config: PinConfig): Omit<InputPin, keyof Pin | "direction"> {
  const { button, counter } = config;
  return {
    debounce: milliseconds(config.debounce ?? DEBOUNCE),
    kernelDebounce: milliseconds(config.kernelDebounce ?? 0),
    edge: config.edge ?? "both",
    button: button && {
      stream: button.stream ?? `${name}_button`,
      hold: milliseconds(button.hold ?? HOLD),
      double: milliseconds(button.double ?? DOUBLE),
    },
    counter: counter && {
      stream: counter.stream ?? `${name}_count`,
      edge: counter.edge ?? "rising",
      interval: milliseconds(counter.interval ?? INTERVAL),
      save: milliseconds(counter.save ?? SAVE),
      factor: counter.factor ?? 1,
      unit: counter.unit,
    },
  };
}

function outputPart(config: PinConfig): Omit<OutputPin, keyof Pin | "direction"> {
  const { safe = 0, initial, drive, minOn = 0, minOff = 0, maxOn, rateLimit, tags = [], onLinkLost = "hold" } = config;
  return {
    safe,
    keep: initial === "keep",
    drive: drive === "push-pull" ? undefined : drive,
    maxPulse: milliseconds(config.maxPulse ?? MAX_PULSE),
    minOn: milliseconds(minOn),
    minOff: milliseconds(minOff),
    maxOn: maxOn === undefined ? undefined : milliseconds(maxOn),
    interlock: config.interlock,
    rateLimit: { changes: rateLimit?.changes ?? CHANGES, per: milliseconds(rateLimit?.per ?? PER) },
    tags,
    onLinkLost: parseLinkLost(onLinkLost) ?? undefined,
  };
}

function needsOf(config: PinConfig, { line }: PinName): readonly GpioFeature[] {
  const needs: GpioFeature[] = [];
  if (config.pull !== undefined) needs.push("pull");
  if (config.drive !== undefined && config.drive !== "push-pull") needs.push("drive");
  if (config.kernelDebounce !== undefined && milliseconds(config.kernelDebounce) > 0) needs.push("kernel-debounce");
  if (typeof line === "string") needs.push("line-name");
  if (config.counter !== undefined) needs.push("numbered-edges");
  return needs;
}

export function checkIntervalOf({ checkInterval }: GpioConfig): number {
  return milliseconds(checkInterval ?? CHECK_INTERVAL);
}

const ONLY_OUT = [
  "safe",
  "initial",
  "maxPulse",
  "drive",
  "minOn",
  "minOff",
  "maxOn",
  "interlock",
  "rateLimit",
  "onLinkLost",
] as const;
const ONLY_IN = ["debounce", "edge", "kernelDebounce", "button", "counter"] as const;

export function gpioIssues(config: GpioConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const taken = new Map<string, string>();
  for (const [name, pin] of Object.entries(config.pins)) {
    const parsed = parsePinName(pin.pin);
    if (typeof parsed === "string") {
      issues.push({ path: `/pins/${name}/pin`, message: parsed });
      continue;
    }
    const [other, foreign] = pin.direction === "in" ? ["out", ONLY_OUT] : ["in", ONLY_IN];
    for (const key of foreign) {
      if (pin[key] !== undefined) {
        issues.push({
          path: `/pins/${name}/${key}`,
          message: `${key} is for pins with direction: ${other}; remove it`,
        });
      }
    }
    const line = pinWords(parsed, config.chip);
    const first = taken.get(line);
    if (first === undefined) taken.set(line, name);
    else issues.push({ path: `/pins/${name}/pin`, message: `${line} is used by ${first} already; choose another pin` });
  }
  return [...issues, ...outputIssues(config), ...misleadingNames(config)];
}

function pinWords({ line, chip }: PinName, otherwise: string | undefined): string {
  if (typeof line === "string") return line;
  return chip === undefined || chip === otherwise ? `GPIO${String(line)}` : `${chip}:${String(line)}`;
}

/** A pin called gpio17 that is not GPIO17 would be switched by whoever means the real one. */
function misleadingNames(config: GpioConfig): readonly ConfigIssue[] {
  return Object.entries(config.pins).flatMap(([name, { pin }]) => {
    const meant = parsePinName(name);
    const own = parsePinName(pin);
    // Any name may be the name of a line as well; only numbers mislead.
    if (typeof meant === "string" || typeof own === "string" || typeof meant.line === "string") return [];
    if (meant.line === own.line) return [];
    const really = pinAliases(own).map(aliasKey);
    return [
      {
        path: `/pins/${name}`,
        message: `the name ${name} means another pin than ${really[1] ?? really[0] ?? "its own"}; choose another name`,
      },
    ];
  });
}
