import type { ChannelHealth, DriverHealth } from "./driver.ts";

/** A driver is as well as its channels: all ok, some not, none. Without channels it is ok. */
export function healthOf(channels: Readonly<Record<string, ChannelHealth>>): DriverHealth {
  const all = Object.entries(channels);
  const ill = all.filter(([, { state }]) => state !== "ok");
  if (ill.length === 0) return { state: "ok", channels };
  const state = all.every(([, one]) => one.state === "faulted") ? "faulted" : "degraded";
  const cause = ill.map(([name, one]) => `${name}: ${one.cause ?? one.state}`).join("; ");
  return { state, cause, channels };
}
