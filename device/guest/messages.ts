/**
 * What the board and a driver in a process of its own say to each other. Either may ask: a question carries an id, its answer
 * the same. Hardware stays with the board: the driver names a handle when it opens something, and uses it by that number.
 */
import { DriverError, driverErrorCodes, type DriverErrorCode } from "../../drivers/driver-error.ts";
import type { DriverDescription } from "../../drivers/description.ts";
import type { Caller, Claim, ConfigIssue, DriverHealth, Log } from "../../drivers/driver.ts";
import type { RawReading } from "../../drivers/reading.ts";

export interface WireError {
  readonly code: DriverErrorCode;
  readonly what: string;
  readonly cure: string;
}

export type Answer =
  | { readonly type: "result"; readonly id: number; readonly value: unknown }
  | { readonly type: "refusal"; readonly id: number; readonly error: WireError };

export type ToGuest =
  | Answer
  | { readonly type: "inspect"; readonly file: string; readonly configs: readonly unknown[] }
  | { readonly type: "open"; readonly file: string; readonly config: unknown; readonly canStore: boolean }
  | { readonly type: "abort" }
  | {
      readonly type: "invoke";
      readonly id: number;
      readonly action: string;
      readonly channel: string | number | undefined;
      readonly args: readonly unknown[];
      readonly caller: Caller | undefined;
    }
  | { readonly type: "callerLeft"; readonly id: string }
  | { readonly type: "linkChanged"; readonly up: boolean }
  /** A callback of something that the driver opened. */
  | { readonly type: "event"; readonly handle: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly type: "close" };

export type ToHost =
  | Answer
  | { readonly type: "inspected"; readonly driver: InspectedDriver }
  | { readonly type: "opened" }
  /** It could not be loaded or opened, or threw outside of any call: the process ends. */
  | { readonly type: "fault"; readonly error: WireError }
  | { readonly type: "ask"; readonly id: number; readonly what: string; readonly args: readonly unknown[] }
  | { readonly type: "publish"; readonly stream: string; readonly reading: RawReading }
  | { readonly type: "failed"; readonly error: WireError }
  | {
      readonly type: "log";
      readonly level: keyof Log;
      readonly message: string;
      readonly details: Readonly<Record<string, unknown>> | undefined;
    }
  /** Once a second: it is not stuck. `dropped` counts readings since the last one that were too many or not fit to be sent. */
  | { readonly type: "beat"; readonly health: DriverHealth | undefined; readonly dropped: number }
  | { readonly type: "closed" };

/** What one configuration amounts to. */
export type InspectedConfig =
  | { readonly issues: readonly [ConfigIssue, ...ConfigIssue[]] }
  | { readonly issues: readonly []; readonly fault: string }
  | {
      readonly issues: readonly [];
      readonly description: DriverDescription;
      readonly claims: readonly Claim[];
      /** The part that drives something; left out: none. */
      readonly outputs?: unknown;
    };

export interface InspectedDriver {
  readonly kind: string;
  readonly title: string;
  /** JSON Schema. */
  readonly configSchema: Readonly<Record<string, unknown>>;
  /** By the configuration as JSON; those that `outputs` names are there as well. */
  readonly configs: ReadonlyMap<string, InspectedConfig>;
}

/** Also of an error that another copy of the class made. */
export function toWireError(error: unknown, cure?: string): WireError {
  if (isLikeDriverError(error)) return { code: error.code, what: error.what, cure: error.cure };
  const made = new DriverError("driver_fault", wordsOf(error), cure === undefined ? {} : { cure });
  return { code: made.code, what: made.what, cure: made.cure };
}

export function fromWireError({ code, what, cure }: WireError): DriverError {
  return new DriverError(code, what, { cure });
}

function isLikeDriverError(error: unknown): error is WireError {
  if (!(error instanceof Error) || !("code" in error && "what" in error && "cure" in error)) return false;
  const { code, what, cure } = error;
  return typeof what === "string" && typeof cure === "string" && driverErrorCodes.some((known) => known === code);
}

/** The words of anything that can be thrown, with the line of the file that threw it where that is known. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)} (which is no Error)`;
  const [, place] = /(?:file:\/\/|\()(\/[^\s()]+:\d+:\d+)/.exec(error.stack ?? "") ?? [];
  const text = `${error.name === "Error" ? "" : `${error.name}: `}${error.message}`.slice(0, 2_000);
  return place === undefined ? text : `${text} (${place.replace(/^.*\//, "")})`;
}
