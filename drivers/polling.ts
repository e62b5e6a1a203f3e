import type { Clock, Timers } from "./driver.ts";

export interface Polling {
  /** After it resolves nothing runs any more, not even a read that was under way. */
  stop(): Promise<void>;
}

export interface PollingGrid {
  /** Turns are at the multiples of the interval on the wall clock; the first is now all the same. */
  readonly align?: boolean;
  /** ms by which a turn is late, asked for each turn; less than the interval. */
  readonly late?: () => number;
}

/**
 * Runs `read` now and then at each multiple of `interval` ms, counted on the monotonic clock: never two at a time, and
 * turns that were missed are left out instead of made up for. `read` must not reject.
 */
export function startPolling(
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
  interval: number,
  read: () => Promise<void>,
  { align = false, late = () => 0 }: PollingGrid = {},
): Polling {
  const start = clock.mono();
  let stopped = false;
  let planned = align ? Math.floor(clock.wall() / interval) : 0;
  let cancel: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();
  const turn = async (): Promise<void> => {
    await read();
    if (stopped) return;
    const since = align ? clock.wall() : clock.mono() - start;
    const present = Math.floor(since / interval);
    // The wall clock was set back: what was planned on it is far away now.
    if (planned > present + 1) planned = present;
    // A timer may fire a moment early: the turn it was planned for is done all the same.
    planned = Math.max(planned + 1, present + 1);
    cancel = timers.after(planned * interval - since + late(), () => {
      running = turn();
    });
  };
  running = turn();
  return {
    async stop() {
      stopped = true;
      cancel?.();
      await running;
    },
  };
}
