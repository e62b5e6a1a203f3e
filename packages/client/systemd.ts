/**
 * systemd's side of the process, for each program that is a service: what it wants to be told, and the way to tell it. Node has no
 * datagram Unix sockets, so a child does it; it stays until systemd has read (without --no-block), for of a child that is gone
 * systemd cannot tell whose it was.
 */
import { spawn } from "node:child_process";

/** Does nothing where systemd did not start the process. Never throws; `failed` hears once of a message that could not be sent. */
export function systemdNotifier(failed: (words: string) => void): (...lines: readonly string[]) => void {
  if (process.env["NOTIFY_SOCKET"] === undefined) return () => undefined;
  let told = false;
  const fail = (words: string): void => {
    if (!told) failed(`systemd-notify: ${words}; the unit needs NotifyAccess=all`);
    told = true;
  };
  return (...lines) => {
    const child = spawn("systemd-notify", [...lines], { stdio: "ignore" });
    child.on("error", (error) => fail(error.message));
    child.on("exit", (code) => {
      if (code !== 0 && code !== null) fail(`status ${String(code)}`);
    });
  };
}

/** ms of `WatchdogSec=`, where it is meant for this process. */
export function watchdogLimit(): number | undefined {
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = process.env;
  if (usec === undefined || (pid !== undefined && pid !== String(process.pid))) return undefined;
  const ms = Number(usec) / 1_000;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
