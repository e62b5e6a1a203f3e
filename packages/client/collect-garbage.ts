import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** V8's own `gc`, which gives back all that it can; it stops the process for as long as that takes. Nothing where there is none. */
export function garbageCollector(): () => void {
  let collect: ((how: object) => void) | undefined;
  return () => {
    if (collect === undefined) {
      setFlagsFromString("--expose-gc");
      // V8's own function, where it is there
      collect = runInNewContext("typeof gc === 'function' ? gc : () => undefined") as (how: object) => void;
      setFlagsFromString("--no-expose-gc");
    }
    collect({ type: "major", execution: "sync", flavor: "last-resort" });
  };
}
