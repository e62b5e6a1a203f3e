/** The load's process as its parent sees it: one job at a time, each bounded in time. */
import { fork } from "node:child_process";
import { once } from "node:events";
import type { Job, Measured } from "./load/job.ts";

/** Opening, arriving and 100,000 subscriptions come on top of what is measured. */
const EXTRA_SECONDS = 60;

/** The collector's helping threads of the load would run where those who are measured do: it goes without them. */
const ALONE = ["--single-threaded-gc"];

export class LoadProcess {
  readonly #child = fork(new URL("load/main.ts", import.meta.url), { execArgv: [...process.execArgv, ...ALONE] });

  /** @throws when the load could not be brought to an end: a refused session, a lost connection, a wrong answer. */
  async measure(job: Job): Promise<Measured> {
    const late = AbortSignal.timeout(Math.ceil((job.seconds + job.warmUp + EXTRA_SECONDS) * 1000));
    this.#child.send(job);
    // The load answers each job with one of these.
    const [answer] = (await once(this.#child, "message", { signal: late })) as [
      { measured?: Measured; error?: string },
    ];
    if (answer.measured === undefined) throw new Error(answer.error ?? "the load did not say what went wrong");
    return answer.measured;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.disconnect();
    const late = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await gone;
    clearTimeout(late);
  }
}
