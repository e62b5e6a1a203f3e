/**
 * What the start leaves behind (a parsed file, schemas, code that ran once) is several megabytes, which an idle board would keep
 * for hours: nothing there makes Node collect. To be called before any output is driven, because nothing else runs meanwhile.
 */
import { garbageCollector } from "@pinion/client";

export function collectStartGarbage(): void {
  // made for this once: the context that it lives in is let go again
  garbageCollector()();
}
