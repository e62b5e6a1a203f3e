import type { Gpio } from "onoff";
import type { Level } from "../board.ts";

/** The part of an onoff line that watching needs. */
export type WatchedLine = Pick<Gpio, "readSync" | "watch" | "unwatchAll">;

/**
 * Watches a line whose chip may go, or which another program may unexport. The kernel reports that as an edge; onoff then
 * reads the level within its poller, where a failure would end the process, and the same edge would come again for ever.
 * So a read that fails there ends the watching, and `onGone` hears of it once.
 */
export function watchLine(line: WatchedLine, onLevel: (level: Level) => void, onGone: (cause: unknown) => void): void {
  const read = line.readSync.bind(line);
  let gone = false;
  let last: Level = 0;
  line.readSync = () => {
    try {
      last = read();
    } catch (error) {
      if (!gone) {
        gone = true;
        line.unwatchAll();
        onGone(error);
      }
    }
    return last;
  };
  line.watch((_error, level) => {
    if (!gone) onLevel(level);
  });
}
