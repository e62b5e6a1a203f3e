/**
 * The driver contract. A driver is one frozen definition object; it knows nothing of WAMP, sessions or other drivers, and
 * reaches the world only through the context it is opened with. So a simulator is another context, never another driver.
 */
import type { Static, TSchema } from "typebox";
import type { Board, GpioFeature } from "./board.ts";
import { configIssues } from "./config-issues.ts";
import type { DriverDescription } from "./description.ts";
import { DriverError } from "./driver-error.ts";
import type { Interlock } from "./interlock.ts";
import type { RawReading } from "./reading.ts";
import type { Remembered } from "./remembered.ts";

/** A resource that a driver will use. `owner` is the channel it is for. Files are shared between drivers, the rest is not. */
export type Claim =
  | GpioClaim
  | { readonly type: "pwm-channel"; readonly chip?: string | number; readonly channel: number; readonly owner: string }
  | { readonly type: "serial-port"; readonly path: string; readonly owner: string }
  | { readonly type: "i2c-address"; readonly bus: number | string; readonly address: number; readonly owner: string }
  /** The one place of an interlock that may be on where every output is at its safe level. */
  | { readonly type: "interlock"; readonly group: string; readonly owner: string }
  /** A file, or everything below a directory; reading only, unless `write` says more. */
  | { readonly type: "file"; readonly path: string; readonly owner: string; readonly write?: boolean }
  /** How full the file system of this path is, and nothing in it. */
  | { readonly type: "disk-space"; readonly path: string; readonly owner: string };

/** `line` is an offset, or a name that the kernel has for the line. */
export interface GpioClaim {
  readonly type: "gpio-line";
  readonly chip?: string;
  readonly line: number | string;
  readonly owner: string;
  /** What the back-end must be able to do for it. */
  readonly needs?: readonly GpioFeature[];
}

/** What is wrong with a configuration, and where: `path` is a JSON pointer into it, "" for the whole. */
export interface ConfigIssue {
  readonly path: string;
  readonly message: string;
}

export interface Clock {
  /** Milliseconds since 1970; may jump when the clock is set. */
  wall(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  mono(): number;
}

export interface Timers {
  /** Runs `run` once, `ms` from now at the earliest. The answer cancels it, as often as one likes. */
  after(ms: number, run: () => void): () => void;
}

export interface Log {
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** The part of AbortSignal that drivers use; the platform's own is one. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A few small texts of a driver that outlive the process. Keys are made of a-z, 0-9, _ and dots. */
export interface Store {
  /** undefined: nothing was saved under this key. @throws (rejects) DriverError. */
  load(key: string): Promise<string | undefined>;
  /** Resolves when it would survive a power cut. @throws (rejects) DriverError. */
  save(key: string, text: string): Promise<void>;
}

export interface DriverContext {
  readonly clock: Clock;
  readonly timers: Timers;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Left out where nothing can be kept. */
  readonly store?: Store;
  /** One for each name, shared by all drivers of the board, and the same one after a driver was opened anew. */
  readonly interlock: (group: string) => Interlock;
  /** What outlives an opening of the driver, but not the process: the same object for each name after it was opened anew. */
  readonly remembered: Remembered;
  /** Aborts an open that is under way; after open has resolved it is of no concern, close() is. */
  readonly signal: AbortSignalLike;
  /** Restricted to what the plan claims: all else is refused with `not_claimed`. */
  readonly board: Board;
  /** Only streams of the description, from the start of open until close has resolved. Never throws, never waits. */
  publish(stream: string, reading: RawReading): void;
  /** The driver cannot go on by itself: the host closes and reopens it. Faults of one channel are the driver's to mend. */
  failed(error: DriverError): void;
}

export type HealthState = "ok" | "degraded" | "faulted";

export interface ChannelHealth {
  readonly state: HealthState;
  readonly cause?: string;
  /** Faults counted since open, by name (`lines_too_long`, `reopens`). */
  readonly counters?: Readonly<Record<string, number>>;
}

export interface DriverHealth {
  /** ok: all channels are. degraded: some work. faulted: none does. */
  readonly state: HealthState;
  readonly cause?: string;
  readonly channels?: Readonly<Record<string, ChannelHealth>>;
}

/** Who asks for something, as far as that is known. */
export interface Caller {
  /** Theirs alone for as long as they are connected. */
  readonly id: string;
  /** The name they logged in with, and what they may do. */
  readonly authid?: string;
  readonly role?: string;
}

export interface DriverInstance {
  /**
   * Runs an action of the description. `channel` is a channel's name or one of its aliases, undefined for an action of the
   * driver as a whole. Arguments are checked here against the schemas. Rejects with DriverError only. Actions on one
   * channel run one after the other. `caller` is left out where nobody told who it is.
   */
  invoke(
    action: string,
    channel: string | number | undefined,
    args: readonly unknown[],
    caller?: Caller,
  ): Promise<unknown>;
  /** A caller has gone and will not come back under this id: what was theirs on lease ends. */
  callerLeft?(id: string): void;
  /** Whether anybody outside can reach this board now; told once after open, then at each change. */
  linkChanged?(up: boolean): void;
  health(): DriverHealth;
  /** Outputs go to their safe level first, then everything is let go. Idempotent; never rejects. */
  close(): Promise<void>;
}

/** Version of this contract. It changes when a driver that was written for the one before would not work any more. */
export const CONTRACT = 1;

/** What the author of a driver writes. Config has been checked; fields with a default may still be missing. */
export interface DriverSource<Schema extends TSchema> {
  readonly kind: string;
  readonly title: string;
  readonly configSchema: Schema;
  /** What the schema cannot say: a pin that is ground, a pattern that does not compile. Pure. */
  issues?(config: Static<Schema>): readonly ConfigIssue[];
  describe(config: Static<Schema>): DriverDescription;
  plan(config: Static<Schema>): readonly Claim[];
  /** The part of a configuration that drives something; left out, or undefined: it drives nothing. Pure. */
  outputsOnly?(config: Static<Schema>): Static<Schema> | undefined;
  /** On an aborted signal or a failure everything opened so far is closed again before it rejects. */
  open(config: Static<Schema>, ctx: DriverContext): Promise<DriverInstance>;
}

/** What the host of drivers sees. */
export interface DriverDefinition<Schema extends TSchema = TSchema> {
  /** Left out: 1. */
  readonly contract?: number;
  readonly kind: string;
  readonly title: string;
  /** JSON Schema of the configuration, with defaults, units and descriptions; refuses unknown keys. */
  readonly configSchema: Schema;
  /** Everything that is wrong with a configuration, all at once; empty when it is fine. Pure, never throws. */
  check(config: unknown): readonly ConfigIssue[];
  /** Pure: the same for the same config, whatever is plugged in. Throws DriverError `bad_config`. */
  describe(config: unknown): DriverDescription;
  /** Pure, and complete: what is not in it cannot be opened. Throws DriverError `bad_config`. */
  plan(config: unknown): readonly Claim[];
  /** The part of it that drives something: what must be brought to safety when the process is gone. Pure. */
  outputsOnly?(config: unknown): unknown;
  /** Rejects with DriverError: `bad_config` will not get better by itself, the rest is worth another try. */
  open(config: unknown, ctx: DriverContext): Promise<DriverInstance>;
}

/** Freezes a driver and puts the check of its configuration before everything else it does. */
export function defineDriver<Schema extends TSchema>(source: DriverSource<Schema>): DriverDefinition<Schema> {
  const check = (config: unknown): readonly ConfigIssue[] => {
    const issues = configIssues(source.configSchema, config);
    if (issues.length > 0 || source.issues === undefined) return issues;
    // The schema has just accepted it.
    return source.issues(config as Static<Schema>);
  };
  const checked = (config: unknown): Static<Schema> => {
    const issues = check(config);
    if (issues.length === 0) return config as Static<Schema>; // the schema has just accepted it
    const words = issues.map(({ path, message }) => `${path === "" ? "the whole" : path}: ${message}`).join("; ");
    throw new DriverError("bad_config", `The configuration of driver ${source.kind} is wrong: ${words}`);
  };
  return Object.freeze({
    contract: CONTRACT,
    kind: source.kind,
    title: source.title,
    configSchema: source.configSchema,
    check,
    describe: (config: unknown) => source.describe(checked(config)),
    plan: (config: unknown) => source.plan(checked(config)),
    ...(source.outputsOnly === undefined
      ? {}
      : { outputsOnly: (config: unknown) => source.outputsOnly?.(checked(config)) }),
    open: async (config: unknown, ctx: DriverContext) => source.open(checked(config), ctx),
  });
}
