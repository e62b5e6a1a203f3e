/** What `device.health` answers: put together from the parts, each of which knows only its own. */
import type { ChannelHealth } from "../drivers/driver.ts";
import type { DeliveryReport } from "./durable-delivery.ts";
import type { ClockStep } from "./journal/boot-clocks.ts";
import type { JournalReport } from "./journal/journal-report.ts";
import type { ReleaseReport } from "./release-life.ts";

export interface DriverReport {
  readonly name: string;
  readonly kind: string;
  /** ok, degraded and faulted come from an open driver. restarting: it failed and is opened again; faulted after five failures in a row. */
  readonly state: "ok" | "degraded" | "faulted" | "opening" | "restarting" | "closing" | "closed";
  readonly cause?: string;
  /** Seconds since it was last opened, or since the present trouble began. */
  readonly for: number;
  /** Failures to open, and failures that ended it, since the start. */
  readonly failures: number;
  /** Readings on streams that the driver's description does not name: a fault of the driver. */
  readonly refusedReadings: number;
  readonly channels?: Readonly<Record<string, ChannelHealth>>;
}

export interface LinkReport {
  /** The client's state: connecting, joining, restoring, ready, waiting, closed. */
  readonly state: string;
  readonly cause?: string;
  /** Wall clock, ms since 1970, of the last change of `state`. */
  readonly since: number;
  readonly url: string;
  readonly realm: string;
  /** Sessions joined since the start. */
  readonly sessions: number;
  /** Procedures that the router does not hold for this board, and what to do. */
  readonly refused: readonly string[];
  readonly collision?: string;
  /** The account may not offer the board's procedures: which, and what to do. */
  readonly denied?: string;
}

export interface ReadingsReport {
  /** Handed to the session; of the durable ones, acknowledged by the router. */
  readonly published: number;
  /** Made while the link was down, or not taken by it: nobody gets them any more. */
  readonly lost: number;
  /** States sent again after a join. */
  readonly restated: number;
  /** Of the durable streams. */
  readonly durable?: DeliveryReport;
}

export interface JournalHealth extends JournalReport {
  /** The directory, or `memory`. */
  readonly place: string;
  /** Of the capacity, 0 to 1. */
  readonly fill: number;
  readonly writeBudgetPerDay: number;
  /** More is written than that. */
  readonly overBudget: boolean;
}

export interface ProcessReport {
  /** Octets. */
  readonly memory: { readonly rss: number; readonly heapUsed: number };
  /** ms the event loop was late, since the last report. */
  readonly loopLag: { readonly mean: number; readonly max: number };
}

/** What the kernel tells; each is left out where it tells nothing. */
export interface SystemReport {
  /** degrees Celsius */
  readonly cpuTemperature?: number;
  /** Of a Raspberry Pi: now, and at any time since it was switched on. */
  readonly underVoltage?: { readonly now: boolean; readonly since: boolean };
  readonly throttled?: { readonly now: boolean; readonly since: boolean };
  /** Octets, where the journal is. */
  readonly disk?: { readonly free: number; readonly size: number };
}

export interface ClockReport {
  /** Known to be right. */
  readonly synced: boolean;
  readonly steps: readonly ClockStep[];
}

export interface Health extends ProcessReport {
  /** ok: all drivers are and the link is ready. faulted: no driver works. degraded: anything between. */
  readonly state: "ok" | "degraded" | "faulted";
  readonly id: string;
  readonly boot: string;
  readonly version: string;
  /** Seconds. */
  readonly uptime: number;
  /** Wall clock, ms since 1970. */
  readonly t: number;
  readonly drivers: readonly DriverReport[];
  readonly link: LinkReport;
  readonly readings: ReadingsReport;
  /** Left out where no stream is durable. */
  readonly journal?: JournalHealth;
  readonly system: SystemReport;
  readonly clock: ClockReport;
  /** Left out where no launcher chose what runs. */
  readonly release?: ReleaseReport;
  /** Left out while it is the file that a person edits, and nothing was taken back. */
  readonly config?: ConfigReport;
}

export interface ConfigReport {
  readonly source: "file" | "applied" | "trial";
  /** Why the last one that was applied was taken back. */
  readonly reverted?: string;
}

/** The sum of it all in one word. */
export function overallState(
  drivers: readonly DriverReport[],
  link: LinkReport,
  journal?: JournalHealth,
): Health["state"] {
  if (drivers.length > 0 && drivers.every(({ state }) => state === "faulted")) return "faulted";
  const isJournalWell = journal === undefined || (journal.state !== "failing" && !journal.overBudget);
  const isLinkWell = link.state === "ready" && link.refused.length === 0;
  return drivers.every(({ state }) => state === "ok") && isLinkWell && isJournalWell ? "ok" : "degraded";
}
