/** What can be asked of an output over time, and what its configuration has against it. Pure. */
import type { Level, OutputRequest } from "../board.ts";
import { DriverError } from "../driver-error.ts";
import { durationText } from "../duration.ts";
import type { OutputPin } from "./gpio-config.ts";
import type { TrainShape } from "./pulse-train.ts";

/** ms: what a timer of the process can still tell from none; every edge may be as late as this, or later. */
export const SHORTEST = 5;
/** Hz that software PWM can still be trusted with. */
export const FASTEST = 10;

export const opposite = (level: Level): Level => (level === 1 ? 0 : 1);

export function outputRequest(output: OutputPin): Omit<OutputRequest, "keep"> {
  const { name: consumer, pin, chip, activeLow, safe: initial, pull, drive } = output;
  return {
    line: pin.line,
    ...(chip === undefined ? {} : { chip }),
    activeLow,
    consumer,
    initial,
    ...(pull === undefined ? {} : { pull }),
    ...(drive === undefined ? {} : { drive }),
  };
}

/** Why a pulse may not be had. */
export function trainTooLong(pin: OutputPin, duration: number, level: Level): DriverError | undefined {
  const { name, maxPulse, maxOn = Number.POSITIVE_INFINITY, minOn, minOff } = pin;
  const words = `A pulse of ${durationText(duration)}`;
  if (duration > maxPulse) {
    const cure = `Give at most ${durationText(maxPulse)}, or raise maxPulse in the configuration.`;
    return new DriverError("invalid_argument", `${words} is too long for ${name}`, { cure });
  }
  if (level === 1 && duration > maxOn) {
    const cure = `Give at most ${durationText(maxOn)}, or raise maxOn in the configuration.`;
    return new DriverError("invalid_argument", `${words} is longer than ${name} may be on`, { cure });
  }
  const least = level === 1 ? minOn : minOff;
  if (duration >= least) return undefined;
  const cure = `Give at least ${durationText(least)}, or lower ${level === 1 ? "minOn" : "minOff"} in the configuration.`;
  return new DriverError("invalid_argument", `${words} is too short for ${name}`, { cure });
}

/** Why turns of on and off may not be had. */
export function trainFault(pin: OutputPin, { on, off }: TrainShape): DriverError | undefined {
  const { name, maxOn = Number.POSITIVE_INFINITY, minOn, minOff } = pin;
  const fault = (words: string, cure: string): DriverError => new DriverError("invalid_argument", words, { cure });
  if (on > maxOn) {
    return fault(
      `${name} would be on for ${durationText(on)} at a time`,
      `At most ${durationText(maxOn)} are allowed (maxOn).`,
    );
  }
  const [which, time, least] = on < minOn ? ["on", on, minOn] : ["off", off, minOff];
  if (time >= least) return undefined;
  return fault(
    `${name} would be ${which} for only ${durationText(Math.round(time))} at a time`,
    `At least ${durationText(least)} are required (${which === "on" ? "minOn" : "minOff"}).`,
  );
}

/** @throws DriverError `invalid_argument` for what timers cannot do. */
export function levelsOf(
  { name }: OutputPin,
  duty: number,
  frequency: number,
): { readonly on: number; readonly off: number; readonly level: Level | undefined } {
  const period = 1000 / frequency;
  const on = period * duty;
  const off = period - on;
  const level = duty === 0 ? 0 : duty === 1 ? 1 : undefined;
  if (level === undefined && Math.min(on, off) < SHORTEST) {
    const least = (SHORTEST / period) * 100;
    throw new DriverError(
      "invalid_argument",
      `Software PWM on ${name} cannot be on or off for less than ${durationText(SHORTEST)}; a duty of ${String(duty)} at ${String(frequency)} Hz asks for ${Math.min(on, off).toFixed(1)} ms`,
      {
        cure: `Give 0, 1, or a duty from ${least.toFixed(0)} % to ${(100 - least).toFixed(0)} %, or a lower frequency; faster than that only hardware PWM is.`,
      },
    );
  }
  return { on, off, level };
}
