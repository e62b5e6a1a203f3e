/** The load process: does one job after the other for the benchmark that forked it, and ends with it. */
import { measureCalls } from "./calls.ts";
import { measureEvents } from "./events.ts";
import type { Job, Measured } from "./job.ts";
import { measureIdle, measureOpening } from "./sessions.ts";

function measure(job: Job): Promise<Measured> {
  if (job.what === "events") return measureEvents(job);
  if (job.what === "calls") return measureCalls(job);
  return job.what === "idle" ? measureIdle(job) : measureOpening(job);
}

process.on("message", (job: Job) => {
  measure(job).then(
    (measured) => process.send?.({ measured }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
