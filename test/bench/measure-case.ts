/** One case: all its entrants' servers are started, measured in turn (A B C A B C ...), and stopped again. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Case, Entrant, Times } from "./cases.ts";
import type { Job, Measured } from "./load/job.ts";
import { LoadProcess } from "./load-process.ts";
import { caseResult, entrantResult, type CaseResult } from "./router-result.ts";
import { startServer, type Server } from "./server.ts";

export interface Settings {
  readonly repeat: number;
  readonly times: Times;
  /** The router-bridge's script. */
  readonly program: string;
  wants(entrant: Entrant): boolean;
}

/** Milliseconds. */
const ENDING = 500;

interface Contest {
  readonly entrant: Entrant;
  readonly runs: Measured[];
  server?: Server;
  sessions: number;
  fault?: string | undefined;
}

export async function measureCase(one: Case, settings: Settings): Promise<CaseResult> {
  const contests = one.entrants
    .filter((entrant) => settings.wants(entrant))
    .map((entrant): Contest => ({ entrant, runs: [], sessions: 1 }));
  const times = {
    seconds: one.seconds ?? settings.times.seconds,
    warmUp: one.warmUp ?? settings.times.warmUp,
  };
  try {
    for (const contest of contests) await begin(contest, one, settings);
    const turns = one.once === true ? 1 : Math.max(settings.repeat, one.turns ?? 1);
    for (let turn = 0; turn < turns; turn += 1) {
      for (const contest of contests) await run(contest, times);
    }
  } finally {
    for (const { server } of contests) await server?.stop();
  }
  const failed = contests.flatMap(({ entrant, fault }) => (fault === undefined ? [] : [[entrant.name, fault]]));
  const entrants = contests
    .filter(({ fault }) => fault === undefined)
    .map(({ entrant, runs, sessions }) => entrantResult(entrant.name, runs, sessions));
  // Pairs of strings.
  return caseResult(one, entrants, Object.fromEntries(failed) as Record<string, string>);
}

async function begin(contest: Contest, { connections }: Case, { program }: Settings): Promise<void> {
  try {
    const options = connections === undefined ? { program } : { program, connections };
    contest.server = await startServer(contest.entrant.server, options);
  } catch (error) {
    contest.fault = error instanceof Error ? error.message : String(error);
  }
}

/** A load of its own for each, so that no measuring finds what the one before has left in its memory. */
async function run(contest: Contest, times: Times): Promise<void> {
  const { server, entrant } = contest;
  if (server === undefined || contest.fault !== undefined) return;
  // also between the turns: what the last one did to it is its own doing
  contest.fault = server.ended();
  if (contest.fault !== undefined) return;
  const load = new LoadProcess();
  try {
    const job = entrant.job(server.port, server.pids, times);
    contest.sessions = sessionsOf(job);
    contest.runs.push(await load.measure(job));
  } catch (error) {
    // that its process is gone is why whatever else went wrong did; its connections end a little before it
    await sleep(ENDING);
    contest.fault = server.ended() ?? (error instanceof Error ? error.message : String(error));
  } finally {
    await load.end();
  }
}

function sessionsOf(job: Job): number {
  if (job.what === "events") return job.publishers + job.subscribers;
  if (job.what === "calls") return 2;
  return job.what === "idle" ? job.sessions : job.atOnce;
}
