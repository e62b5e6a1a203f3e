/** What sessions cost by being there, and by coming and going. */
import { setTimeout as sleep } from "node:timers/promises";
import type { IdleJob, Measured, OpeningJob } from "./job.ts";
import { openSession, openSessions } from "./session.ts";
import { cpuSeconds, residentOctets } from "./system-cost.ts";

const OPENED_AT_ONCE = 100;
/** A first session in and out brings in the code, which is not what a session costs. */
const FIRST_SESSIONS = 20;

/** So many sessions with a subscription each; the memory that they take once nothing moves any more. */
export async function measureIdle({ endpoint, sessions, seconds, pids }: IdleJob): Promise<Measured> {
  const open = async (nth: number): ReturnType<typeof openSession> => {
    const session = await openSession(endpoint);
    const { link, wire } = session;
    await wire.subscribe(link, [wire.name(["bench", `idle${String(nth)}`], "exact")], "exact");
    return session;
  };
  const first = await openSessions(FIRST_SESSIONS, FIRST_SESSIONS, open);
  for (const { link } of first) link.close();
  await sleep(seconds * 500);
  const before = residentOctets(pids);
  const tested = cpuSeconds(pids);
  const load = cpuSeconds([process.pid]);
  const started = performance.now();
  const all = await openSessions(sessions, OPENED_AT_ONCE, open);
  const elapsed = (performance.now() - started) / 1000;
  try {
    await sleep(seconds * 1000);
    return {
      count: all.length,
      seconds: elapsed,
      perSecond: all.length / elapsed,
      lost: 0,
      cpu: { tested: cpuSeconds(pids) - tested, load: cpuSeconds([process.pid]) - load },
      rss: { before, after: residentOctets(pids) },
    };
  } finally {
    for (const { link } of all) link.close();
  }
}

/** Connect, join, be welcomed, go; so many at once, over and over. */
export async function measureOpening({ endpoint, atOnce, seconds, warmUp, pids }: OpeningJob): Promise<Measured> {
  let count = 0;
  const stop = new AbortController();
  const lane = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const { link } = await openSession(endpoint);
      link.close();
      count += 1;
    }
  };
  const before = residentOctets(pids);
  const lanes = Array.from({ length: atOnce }, lane);
  await sleep(warmUp * 1000);
  const first = count;
  const tested = cpuSeconds(pids);
  const load = cpuSeconds([process.pid]);
  const started = performance.now();
  await Promise.race([sleep(seconds * 1000), Promise.all(lanes)]);
  const elapsed = (performance.now() - started) / 1000;
  const opened = count - first;
  const cpu = { tested: cpuSeconds(pids) - tested, load: cpuSeconds([process.pid]) - load };
  stop.abort();
  await Promise.all(lanes);
  return {
    count: opened,
    seconds: elapsed,
    perSecond: opened / elapsed,
    lost: 0,
    cpu,
    rss: { before, after: residentOctets(pids) },
  };
}
