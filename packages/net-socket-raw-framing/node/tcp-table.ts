/**
 * What Linux says about TCP connections that wait for an acknowledgement (proc(5), /proc/net/tcp). Owns one reading of
 * the table, kept for a moment so that many connections share it. Elsewhere there is no such table, and nothing is known.
 */
import { readFileSync } from "node:fs";

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
const KEPT_MS = 500;
const RETRANSMITTING = "01";

let reading: { readonly at: number; readonly retransmissions: ReadonlyMap<string, number> } | undefined;

/** How often the oldest unacknowledged octets of this connection have been sent again; 0 also where it is not known. */
export function retransmissions(localPort: number, remotePort: number): number {
  const now = performance.now();
  if (reading === undefined || now - reading.at > KEPT_MS) {
    reading = { at: now, retransmissions: parseTcpTables(TABLES.map(readTable)) };
  }
  return reading.retransmissions.get(portKey(localPort, remotePort)) ?? 0;
}

/** By local and remote port. Where two connections share both, on different addresses, the lower count stands for both. */
export function parseTcpTables(tables: readonly string[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const line of tables.flatMap((table) => table.split("\n").slice(1))) {
    const [, local, remote, , , timer, retransmits] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || timer === undefined || retransmits === undefined) continue;
    const again = timer.startsWith(`${RETRANSMITTING}:`) ? Number.parseInt(retransmits, 16) : 0;
    const key = portKey(portOf(local), portOf(remote));
    found.set(key, Math.min(again, found.get(key) ?? Infinity));
  }
  return found;
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(":") + 1), 16);
}

function portKey(local: number, remote: number): string {
  return `${String(local)} ${String(remote)}`;
}

function readTable(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
