import type { Timers } from "../drivers/driver.ts";

/** Whether `work` has ended well within `ms`. Never rejects; `work` goes on by itself. */
export function within(timers: Timers, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = timers.after(ms, () => resolve(false));
    const end = (well: boolean): void => {
      cancel();
      resolve(well);
    };
    work.then(
      () => end(true),
      () => end(false),
    );
  });
}
