/**
 * For the moment after a hard kill: every configured output to its safe level, by a process that does nothing else and then
 * ends. No session, no inputs, no waiting for what does not answer.
 */
import { claimedBoard } from "../drivers/claimed-board.ts";
import type { Board } from "../drivers/board.ts";
import type { Clock, DriverContext, Log, Timers } from "../drivers/driver.ts";
import { Interlocks } from "../drivers/interlock.ts";
import { newMemory } from "../drivers/remembered.ts";
import type { PlannedDriver } from "./plan.ts";
import { within } from "./within.ts";

/** ms for each driver. */
const LIMIT = 5_000;

export interface SafeContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: Log;
  /** One line for a person. */
  readonly say: (words: string) => void;
}

/** The drivers that drive something, each with that part of its configuration only. */
export function drivingPart(drivers: readonly PlannedDriver[]): readonly PlannedDriver[] {
  return drivers.flatMap((planned) => {
    const config = planned.definition.outputsOnly?.(planned.config);
    if (config === undefined) return [];
    const { definition } = planned;
    return [{ ...planned, config, description: definition.describe(config), claims: definition.plan(config) }];
  });
}

/** Answers whether every output is known to be at its safe level. Never rejects. */
export async function safeOutputs(
  drivers: readonly PlannedDriver[],
  board: Board,
  context: SafeContext,
): Promise<boolean> {
  let safe = true;
  const interlocks = new Interlocks();
  for (const planned of drivers) {
    const done = bringToSafety(planned, driverContext(planned, board, { ...context, interlocks }), context.say);
    const ended = await within(context.timers, LIMIT, done);
    if (!ended) context.say(`${planned.name}: did not end within ${String(LIMIT)} ms`);
    if (!ended || !(await done)) safe = false;
  }
  return safe;
}

async function bringToSafety(
  { definition, config, name }: PlannedDriver,
  ctx: DriverContext,
  say: SafeContext["say"],
): Promise<boolean> {
  try {
    const instance = await definition.open(config, ctx);
    const { channels = {} } = instance.health();
    await instance.close();
    for (const [channel, { state, cause = state }] of Object.entries(channels)) {
      say(`${channel}: ${state === "ok" ? "at its safe level" : cause}`);
    }
    return Object.values(channels).every(({ state }) => state === "ok");
  } catch (error) {
    say(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

function driverContext(
  { claims }: PlannedDriver,
  board: Board,
  { clock, timers, random, log, interlocks }: SafeContext & { readonly interlocks: Interlocks },
): DriverContext {
  return {
    interlock: (group) => interlocks.of(group),
    remembered: newMemory(),
    clock,
    timers,
    random,
    log,
    signal: new AbortController().signal,
    board: claimedBoard(board, claims),
    publish: () => undefined,
    failed: () => undefined,
  };
}
