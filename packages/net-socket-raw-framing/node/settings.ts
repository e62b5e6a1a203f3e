/** Checks of options before a socket is touched, so that a wrong one is told at once and by name. */
import type { Socket } from "node:net";
import { type Agreement, checkLimit, FramingError, type Wire } from "../index.ts";
import { type ConnectionSettings, DEFAULTS } from "./options.ts";

const COUNTS = ["highWaterMark", "maxBuffered"] as const;
const TIMES = ["handshakeTimeout", "closeTimeout"] as const;
/** The longest time Node's timers can wait; more would mean at once. */
const LONGEST = 2 ** 31 - 1;

/** @throws FramingError `bad_option`. */
export function checkSettings(settings: ConnectionSettings): void {
  for (const name of COUNTS) checkNumber(name, settings[name], Number.MAX_SAFE_INTEGER);
  for (const name of TIMES) checkNumber(name, settings[name], LONGEST);
  checkNumber("ping.interval", settings.ping?.interval, LONGEST);
  checkNumber("ping.timeout", settings.ping?.timeout, LONGEST);
  if (settings.keepAlive !== false) checkNumber("keepAlive", settings.keepAlive, LONGEST);
  if (settings.userTimeout !== false) checkNumber("userTimeout", settings.userTimeout, LONGEST);
  if (settings.ping !== undefined && wireOf(settings) === "plain") {
    throw new FramingError("bad_option", "ping is set, but a raw socket without handshake has no PING");
  }
}

/** @throws FramingError `bad_option` unless undefined or a positive number up to `highest`. */
export function checkNumber(name: string, value: number | undefined, highest: number): void {
  if (value === undefined || (value > 0 && value <= highest)) return;
  throw new FramingError("bad_option", `${name} is ${String(value)}: give a number from 1 to ${String(highest)}`);
}

export function checkTime(name: string, value: number | undefined): void {
  checkNumber(name, value, LONGEST);
}

export function wireOf(settings: ConnectionSettings): Wire {
  return settings.handshake === "none" ? "plain" : "standard";
}

/** What both sides know without a handshake: only what was configured. @throws FramingError `bad_option`. */
export function configuredAgreement(serializer: number, settings: ConnectionSettings): Agreement {
  const maxReceive = checkLimit(settings.maxReceive ?? DEFAULTS.maxReceive, "plain", "maxReceive");
  return { serializer, maxReceive, maxSend: checkLimit(settings.maxSend ?? maxReceive, "plain", "maxSend") };
}

/** Nothing of this applies to Unix sockets, where Node ignores it. */
export function tuneSocket(socket: Socket, settings: ConnectionSettings): void {
  const keepAlive = settings.keepAlive ?? DEFAULTS.keepAlive;
  socket.setNoDelay(settings.noDelay ?? true);
  if (keepAlive !== false) socket.setKeepAlive(true, keepAlive);
}
