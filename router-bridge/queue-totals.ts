/** What peers have not taken, all together. */
export interface QueueTotals {
  readonly octets: number;
  /** Those that wait behind full connections. */
  readonly messages: number;
  /** Octets of the slowest peer. */
  readonly largest: number;
}

interface Queued {
  readonly queuedOctets: number;
  readonly queuedMessages: number;
}

/** Looks at each of them. */
export function queueTotals(peers: Iterable<Queued>): QueueTotals {
  const totals = { octets: 0, messages: 0, largest: 0 };
  for (const { queuedOctets, queuedMessages } of peers) {
    totals.octets += queuedOctets;
    totals.messages += queuedMessages;
    totals.largest = Math.max(totals.largest, queuedOctets);
  }
  return totals;
}
