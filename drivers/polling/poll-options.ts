import * as Type from "typebox";
import type { Static } from "typebox";
import type { ConfigIssue } from "../driver.ts";
import { durationSchema, milliseconds, type Duration } from "../duration.ts";

const HEARTBEAT = "5min";
const LONGEST_TIMEOUT = 10_000;
/** A value is not called stale before this, however short the interval. */
const SHORTEST_STALE = 5000;
const PERCENT = /^(\d{1,6}(?:\.\d{1,6})?) ?%$/;

export const aggregates = ["min", "max", "mean"] as const;
export type Aggregate = (typeof aggregates)[number];

const windowSchema = Type.Object(
  {
    over: durationSchema({ min: 100, description: "Length of the window" }),
    of: Type.Optional(
      Type.Array(Type.Enum([...aggregates]), {
        minItems: 1,
        maxItems: 3,
        uniqueItems: true,
        default: [...aggregates],
        description: "What is told of the good values in it, each on the stream <name>_min, <name>_max, <name>_mean",
      }),
    ),
    only: Type.Optional(Type.Boolean({ default: false, description: "The single values are not published" })),
  },
  {
    additionalProperties: false,
    description: "Beside (or instead of) single values: what a window of time amounts to",
  },
);

/** The keys that every polled sensor has, for its configuration's schema. */
export function pollProperties(interval: Duration, shortest = 100) {
  return {
    interval: Type.Optional(durationSchema({ min: shortest, default: interval, description: "Between two readings" })),
    align: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          "Read at multiples of the interval by the wall clock (each full minute), not counted from the start",
      }),
    ),
    jitter: Type.Optional(
      durationSchema({
        default: 0,
        description: "Each read is late by a random time of up to this; at most the interval",
      }),
    ),
    timeout: Type.Optional(
      durationSchema({
        min: 10,
        description: "A read that takes longer has failed; left out: half the interval, at most 10s",
      }),
    ),
    deadband: Type.Optional(
      Type.Union([Type.Number({ minimum: 0 }), Type.String({ pattern: PERCENT.source })], {
        allowed: 'a number of at least 0, or a percentage such as "2%"',
        description: "Publish only what differs by more than this from what was published last; 0: each change",
      }),
    ),
    heartbeat: Type.Optional(
      durationSchema({
        min: 100,
        description: "With deadband: publish after this time even without a change; default 5min",
      }),
    ),
    throttle: Type.Optional(
      durationSchema({ default: 0, description: "At least this time between two readings; the newest wins" }),
    ),
    window: Type.Optional(windowSchema),
    staleAfter: Type.Optional(
      durationSchema({
        min: 100,
        description:
          "Without a good value for so long a stale reading is published, once; left out: 3 intervals, at least 5s",
      }),
    ),
    title: Type.Optional(Type.String({ maxLength: 80, description: "For people" })),
  };
}

interface PollConfig {
  readonly interval?: Duration;
  readonly align?: boolean;
  readonly jitter?: Duration;
  readonly timeout?: Duration;
  readonly deadband?: number | string;
  readonly heartbeat?: Duration;
  readonly throttle?: Duration;
  readonly window?: Static<typeof windowSchema>;
  readonly staleAfter?: Duration;
}

/** In the unit of the values, or a share of the last one. */
export type Deadband = { readonly absolute: number } | { readonly percent: number };

/** How a sensor is polled and what of it is published; times in ms. */
export interface PollOptions {
  readonly interval: number;
  readonly align: boolean;
  readonly jitter: number;
  readonly timeout: number;
  /** Left out: each value is published. */
  readonly onChange?: { readonly deadband: Deadband; readonly heartbeat: number };
  readonly throttle: number;
  readonly window?: { readonly over: number; readonly of: readonly Aggregate[]; readonly only: boolean };
  readonly staleAfter: number;
}

/** Every default filled in. `changesOnly`: without deadband and heartbeat, too, only changes are published. */
export function pollOptions(config: PollConfig, usual: Duration, changesOnly = false): PollOptions {
  const interval = milliseconds(config.interval ?? usual);
  return {
    interval,
    align: config.align ?? false,
    jitter: milliseconds(config.jitter ?? 0),
    timeout: milliseconds(config.timeout ?? Math.max(10, Math.min(LONGEST_TIMEOUT, interval / 2))),
    ...onChangeOf(config, changesOnly),
    throttle: milliseconds(config.throttle ?? 0),
    ...windowOf(config),
    staleAfter: milliseconds(config.staleAfter ?? Math.max(SHORTEST_STALE, 3 * interval)),
  };
}

function onChangeOf({ deadband, heartbeat }: PollConfig, always: boolean): Pick<PollOptions, "onChange"> {
  if (!always && deadband === undefined && heartbeat === undefined) return {};
  return { onChange: { deadband: deadbandOf(deadband ?? 0), heartbeat: milliseconds(heartbeat ?? HEARTBEAT) } };
}

function windowOf({ window }: PollConfig): Pick<PollOptions, "window"> {
  if (window === undefined) return {};
  return { window: { over: milliseconds(window.over), of: window.of ?? aggregates, only: window.only ?? false } };
}

function deadbandOf(written: number | string): Deadband {
  if (typeof written === "number") return { absolute: written };
  return { percent: Number(PERCENT.exec(written)?.[1] ?? 0) };
}

/** What the schema cannot say about these keys. `path` is the sensor's. */
export function pollIssues(config: PollConfig, usual: Duration, path: string): readonly ConfigIssue[] {
  const { interval, jitter, window } = pollOptions(config, usual);
  const issues: ConfigIssue[] = [];
  if (jitter > interval) issues.push({ path: `${path}/jitter`, message: "must be at most the interval" });
  if (window !== undefined && window.over < interval) {
    issues.push({ path: `${path}/window/over`, message: "must be at least the interval" });
  }
  return issues;
}
