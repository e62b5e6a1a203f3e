import { readFileSync } from "node:fs";

/** Whether a client's idle connection to that port of this machine waits for the kernel's keepalive probe. Linux only. */
export function hasKeepAliveTimer(port: number): boolean {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .some((fields) => fields[2]?.endsWith(remote) === true && fields[3] === "01" && fields[5]?.startsWith("02:"));
}
