import type { Clock, Timers } from "./driver.ts";

export interface Polling {
  /** After it resolves nothing runs any more, not even a read that was under way. */
  stop(): Promise<void>;
}

/**
 * Runs `read` now and then at each multiple of `interval` ms, counted on the monotonic clock: never two at a time, and
 * turns that were missed are left out instead of made up for. `read` must not reject.
 */
export function startPolling(
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
  interval: number,
  read: () => Promise<void>,
): Polling {
  const start = clock.mono();
  let stopped = false;
  let planned = 0;
  let cancel: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();
  const turn = async (): Promise<void> => {
    await read();
    if (stopped) return;
    const since = clock.mono() - start;
    // A timer may fire a moment early: the turn it was planned for is done all the same.
    planned = Math.max(planned + 1, Math.floor(since / interval) + 1);
    cancel = timers.after(planned * interval - since, () => {
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
