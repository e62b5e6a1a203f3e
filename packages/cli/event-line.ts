import type { ReadingGap, ReceivedEvent } from "@pinion/wamp/client";
import { toJson } from "./values.ts";

/** One event for people: topic, value, unit, time, then what is out of the ordinary. Never more than one line. */
export function eventLine(event: ReceivedEvent): string {
  const { topic, args, kwargs } = event;
  const { unit, t, quality } = kwargs;
  const value = args.length === 0 ? "" : args.map(plain).join(" ");
  const known = new Set(["unit", "t", "quality", "seq", "boot", "mono", "synced"]);
  const rest = Object.fromEntries(Object.entries(kwargs).filter(([key]) => !known.has(key)));
  const parts = [
    topic,
    typeof unit === "string" ? `${value} ${oneLine(unit)}` : value,
    timeOf(t),
    typeof quality === "string" && quality !== "good" ? `(${oneLine(quality)})` : "",
    Object.keys(rest).length > 0 ? toJson(rest) : "",
  ];
  return parts.filter((part) => part !== "").join("  ");
}

/** Numbers that will not come, or one that stands for something else, for people. */
export function gapLine(gap: ReadingGap): string {
  const { topic, device, boot, from, to } = gap;
  const range =
    to === from ? String(from) : Number.isFinite(to) ? `${String(from)} to ${String(to)}` : `${String(from)} and later`;
  return `${topic}  gap: ${range} of boot ${oneLine(boot)} ${meaning(gap)}  ${toJson({ device })}`;
}

function meaning({ reason, cause = "the driver failed", offset = 0 }: ReadingGap): string {
  if (reason === "driver_fault") return `is no reading, nothing is read: ${oneLine(cause)}`;
  if (reason === "clock_step") return `is no reading, the clock was set by ${String(offset)} ms`;
  return `will not come: ${oneLine(reason)}`;
}

/** The same as JSON; `to` is null where the end is not known. */
export function gapJson({ topic, to, ...gap }: ReadingGap): string {
  return toJson({ topic, gap: { ...gap, to: Number.isFinite(to) ? to : null } });
}

/** One event as JSON. */
export function eventJson(event: ReceivedEvent): string {
  const { topic, publication, args, kwargs, details } = event;
  return toJson({ topic, publication, args, kwargs, details });
}

function plain(value: unknown): string {
  return typeof value === "string" ? oneLine(value) : toJson(value);
}

/** Text of a stranger on a terminal: no line ends, no escape sequences. */
function oneLine(text: string): string {
  return /\p{Cc}/u.test(text) ? JSON.stringify(text).replaceAll(/\p{Cc}/gu, "?") : text;
}

/** `t` of a reading is ms since 1970, or already text. */
function timeOf(t: unknown): string {
  if (typeof t === "string") return oneLine(t);
  if (typeof t !== "number") return "";
  const date = new Date(t);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}
