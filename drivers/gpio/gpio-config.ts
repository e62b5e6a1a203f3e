import { Type, type Static } from "typebox";
import type { GpioFeature, Level, Pull } from "../board.ts";
import { aliasKey } from "../channel-lookup.ts";
import type { ConfigIssue } from "../driver.ts";
import { durationSchema, milliseconds } from "../duration.ts";
import { named } from "../named.ts";
import { parsePinName, pinAliases, type PinName } from "./pin-name.ts";

const DEBOUNCE = "20ms";
const MAX_PULSE = "60s";
const CHECK_INTERVAL = "10s";

const pinSchema = Type.Object(
  {
    pin: Type.Union([Type.Integer({ minimum: 0, maximum: 1023 }), Type.String({ minLength: 1, maxLength: 80 })], {
      description:
        "Which pin: 17 or GPIO17 (BCM number, or the line of `chip`), pin 11 (position on the 40-pin header), pinctrl-rp1:17 (label of a chip and line), or the kernel's name of a line",
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
    debounce: Type.Optional(
      durationSchema({
        default: DEBOUNCE,
        max: 60_000,
        description:
          "Inputs: a change is reported when the level has been quiet for so long; its time is the first edge's",
      }),
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
        description: "Label of the GPIO chip; left out, the chip of the Raspberry Pi's header is found by its label",
      }),
    ),
    pins: named(pinSchema, { description: "Pins by name" }),
    checkInterval: Type.Optional(
      durationSchema({
        default: CHECK_INTERVAL,
        description: "Every line is read this often, because a dead chip does not tell by itself; 0 switches it off",
      }),
    ),
  },
  { additionalProperties: false },
);

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
  readonly maxPulse: number;
}

export interface InputPin extends Pin {
  readonly direction: "in";
  readonly debounce: number;
  readonly kernelDebounce: number;
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
      const maxPulse = milliseconds(config.maxPulse ?? MAX_PULSE);
      const drive = config.drive === "push-pull" ? undefined : config.drive;
      return [
        { ...common, direction: "out", safe: config.safe ?? 0, keep: config.initial === "keep", drive, maxPulse },
      ];
    }
    const debounce = milliseconds(config.debounce ?? DEBOUNCE);
    const kernelDebounce = milliseconds(config.kernelDebounce ?? 0);
    return [{ ...common, direction: "in", debounce, kernelDebounce, edge: config.edge ?? "both" }];
  });
}

function needsOf(config: Static<typeof pinSchema>, { line }: PinName): readonly GpioFeature[] {
  const needs: GpioFeature[] = [];
  if (config.pull !== undefined) needs.push("pull");
  if (config.drive !== undefined && config.drive !== "push-pull") needs.push("drive");
  if (config.kernelDebounce !== undefined && milliseconds(config.kernelDebounce) > 0) needs.push("kernel-debounce");
  if (typeof line === "string") needs.push("line-name");
  return needs;
}

export function checkIntervalOf({ checkInterval }: GpioConfig): number {
  return milliseconds(checkInterval ?? CHECK_INTERVAL);
}

const ONLY_OUT = ["safe", "initial", "maxPulse", "drive"] as const;
const ONLY_IN = ["debounce", "edge", "kernelDebounce"] as const;

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
  return [...issues, ...misleadingNames(config)];
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
