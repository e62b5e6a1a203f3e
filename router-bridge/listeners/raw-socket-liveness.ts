import type { ConnectionSettings } from "net-socket-raw-framing/node";
import type { RawSocketConfig } from "../config-schema.ts";

/** Idle time before the kernel probes at the latest; ten probes, a second apart, follow. */
const IDLE_MS = 15_000;
const PROBES_MS = 10_000;

/** How a raw socket's peer is found gone within `pingTimeout`: by PING where it may be sent, by TCP everywhere. */
export function rawSocketLiveness(
  { ping, pingInterval, pingTimeout }: RawSocketConfig,
  old: boolean,
): Pick<ConnectionSettings, "ping" | "keepAlive" | "userTimeout"> {
  const byTcp = {
    keepAlive: Math.min(IDLE_MS, Math.max(1000, pingTimeout - PROBES_MS)),
    userTimeout: pingTimeout,
  };
  if (old || ping === "never") return byTcp;
  const towards = ping === "always" ? "all" : "proven";
  return { ...byTcp, ping: { interval: pingInterval, timeout: pingTimeout - pingInterval, towards } };
}
