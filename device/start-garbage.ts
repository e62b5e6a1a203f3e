/**
 * What the start leaves behind (a parsed file, schemas, code that ran once) is several megabytes, which an idle board would keep
 * for hours: nothing there makes Node collect. To be called before any output is driven, because nothing else runs meanwhile.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export function collectStartGarbage(): void {
  setFlagsFromString("--expose-gc");
  // V8's own function, where it is there
  const collect = runInNewContext("typeof gc === 'function' ? gc : undefined") as ((how: object) => void) | undefined;
  setFlagsFromString("--no-expose-gc");
  collect?.({ type: "major", execution: "sync", flavor: "last-resort" });
}
