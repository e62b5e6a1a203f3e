import type { PingOptions } from "net-socket-raw-framing/node";

/** A router that vanished is noticed within 30 s. Milliseconds. */
export const DEFAULT_PING: PingOptions = { interval: 15_000, timeout: 15_000 };
