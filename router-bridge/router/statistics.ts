/** Counters of one router since its start: plain numbers that only grow, cheap to add to and to read. */
export interface Statistics {
  /** Transports accepted. */
  opened: number;
  /** Sessions that got WELCOME. */
  joined: number;
  /** Sessions refused or ended by ABORT of the router. */
  aborted: number;
  /** Sessions that joined and are gone, whatever the reason. */
  left: number;
  messagesReceived: number;
  publications: number;
  /** EVENTs, counted once for each receiver. */
  eventsDelivered: number;
  calls: number;
  /** Calls answered with RESULT. */
  results: number;
  /** Calls answered with ERROR, by the callee or by the router. */
  callErrors: number;
  callTimeouts: number;
  /** YIELDs and ERRORs that came after their call had ended. */
  lateAnswers: number;
  /** Requests that the authorizer refused. */
  refusals: number;
  /** Retained events dropped because the realm held as many, or as many octets, as it may. */
  retainedForgotten: number;
  /** Messages that a transport could not carry because they were over the peer's limit. */
  undeliverable: number;
}

export function emptyStatistics(): Statistics {
  return {
    opened: 0,
    joined: 0,
    aborted: 0,
    left: 0,
    messagesReceived: 0,
    publications: 0,
    eventsDelivered: 0,
    calls: 0,
    results: 0,
    callErrors: 0,
    callTimeouts: 0,
    lateAnswers: 0,
    refusals: 0,
    retainedForgotten: 0,
    undeliverable: 0,
  };
}
