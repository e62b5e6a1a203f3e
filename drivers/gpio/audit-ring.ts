/**
 * Who moved which output, and why: the last so many moves of one driver. Owns the ring; knows neither lines nor rules. It
 * lives in memory, through openings of the driver, and starts anew with the process.
 */
import type { Caller } from "../driver.ts";

const LENGTH = 256;

/** What an output was moved by: somebody's call, or a rule of its own. */
export type Why =
  | "call"
  | "start"
  | "stop"
  | "pulse ended"
  | "blink"
  | "lease expired"
  | "caller left"
  | "link lost"
  | "maximum on time"
  | "moved by another"
  | "reopened";

export interface AuditEntry {
  /** ms since 1970. */
  readonly t: number;
  /** ms of the monotonic clock. */
  readonly mono: number;
  readonly pin: string;
  /** The action that was called, or null where nobody called. */
  readonly action: string | null;
  readonly why: Why;
  /** A level, or the duty of hardware PWM. */
  readonly requested: number;
  readonly readBack: number;
  /** null: nobody called, or the router did not tell who. */
  readonly caller: { readonly id: string; readonly authid: string | null; readonly role: string | null } | null;
}

export class AuditRing {
  #entries: AuditEntry[] = [];

  add(entry: Omit<AuditEntry, "caller"> & { readonly caller: Caller | undefined }): void {
    const { caller, ...rest } = entry;
    const { id, authid = null, role = null } = caller ?? {};
    this.#entries.push({ ...rest, caller: id === undefined ? null : { id, authid, role } });
    if (this.#entries.length > LENGTH) this.#entries = this.#entries.slice(-LENGTH);
  }

  /** Newest first. */
  last(limit: number, pin?: string): readonly AuditEntry[] {
    const wanted = pin === undefined ? this.#entries : this.#entries.filter((entry) => entry.pin === pin);
    return wanted.slice(-limit).toReversed();
  }
}
