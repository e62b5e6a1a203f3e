/** A driver's file written for the test, run as the board runs it: in a process of its own, on the mock board. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { guestScript, usedDrivers, type UsedDriver } from "../../../device/guest/used-drivers.ts";
import { planDrivers, type PlannedDriver } from "../../../device/plan.ts";
import { SupervisedDriver } from "../../../device/supervised-driver.ts";
import type { Log, Timers } from "../../../drivers/driver.ts";
import { loadDrivers } from "../../../drivers/index.ts";
import { Interlocks } from "../../../drivers/interlock.ts";
import { createMockBoard, type MockBoard } from "../../../drivers/hardware/mock-board.ts";
import type { RawReading } from "../../../drivers/reading.ts";
import { temporaryFolder } from "../../support/programs.ts";

const main = join(import.meta.dirname, "../../../device/main.ts");
export const script = guestScript(main);

/** A driver with one output and one stream, whose parts a test puts in the place of the usual ones. */
export function driverText(
  parts: { readonly top?: string; readonly open?: string; readonly more?: string } = {},
): string {
  return `
    import { defineDriver, DriverError, Type } from "@pinion/driver";
    ${parts.top ?? ""}
    const action = { description: "Does it.", args: [], result: {}, safety: "read", role: "viewer" };
    const described = (name) => ({
      kind: "mine",
      channels: [{
        name, aliases: [], role: "sensor", details: {}, actions: { poke: action },
        streams: { [name]: { schema: { type: "number" }, kind: "measurement" } },
      }],
    });
    const usual = {
      invoke: async (action, channel, args) => ({ action, channel, args }),
      health: () => ({ state: "ok" }),
      close: async () => {},
    };
    export default defineDriver({
      kind: "mine",
      title: "A driver of somebody",
      configSchema: Type.Object(
        { name: Type.Optional(Type.String()), line: Type.Optional(Type.Integer()) },
        { additionalProperties: false },
      ),
      describe: ({ name = "one" }) => described(name),
      plan: ({ name = "one", line }) => (line === undefined ? [] : [{ type: "gpio-line", line, owner: name }]),
      open: async (config, ctx) => { ${parts.open ?? "return usual;"} },
      ${parts.more ?? ""}
    });
  `;
}

export interface GuestRig {
  readonly board: MockBoard;
  readonly driver: SupervisedDriver;
  readonly logged: string[];
  readonly readings: { readonly stream: string; readonly reading: RawReading }[];
  /** Resolves when `done` is true after something happened. */
  readonly happened: (done: () => boolean) => Promise<void>;
  /** Resolves when a state has been entered, from now on. */
  readonly reached: (state: string) => Promise<void>;
  /** Resolves when a line of the log matches, of all so far too. */
  readonly said: (words: RegExp) => Promise<void>;
}

/** Time that runs faster than the machine's, for limits of many seconds. */
export function fastTimers(factor: number): Timers {
  return {
    after: (ms, run) => {
      const timer = setTimeout(run, ms / factor);
      return () => clearTimeout(timer);
    },
  };
}

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What the board makes of a configuration whose driver is `text`. */
export async function used(
  t: TestContext,
  text: string,
  entry = "",
  timers = fastTimers(1),
): Promise<readonly UsedDriver[]> {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "my.mjs"), text);
  const config = join(folder, "board.yaml");
  writeFileSync(config, entry.includes("use:") ? entry : `drivers: [{ use: ./my.mjs ${entry} }]`);
  return await usedDrivers(config, script, { timers, log: silent });
}

export async function planned(
  t: TestContext,
  text: string,
  config: Record<string, unknown> = {},
): Promise<PlannedDriver> {
  const entry = Object.entries(config).map(([key, value]) => `, ${key}: ${JSON.stringify(value)}`);
  const plan = planDrivers([{ use: "./my.mjs", ...config }], await loadDrivers(), await used(t, text, entry.join("")));
  const [driver] = plan.drivers;
  if (driver === undefined) throw new Error(JSON.stringify(plan.findings));
  return driver;
}

interface GuestRigOptions {
  readonly config?: Record<string, unknown>;
  /** How much faster time runs for the board. */
  readonly factor?: number;
  readonly prepare?: (board: MockBoard) => void;
}

/** Opened; closed at the end of the test. */
export async function opened(
  t: TestContext,
  text: string,
  { config = {}, factor = 1, prepare }: GuestRigOptions = {},
): Promise<GuestRig> {
  const board = createMockBoard();
  prepare?.(board);
  const logged: string[] = [];
  const readings: { stream: string; reading: RawReading }[] = [];
  const waiting = new Set<() => boolean>();
  const until = (done: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): boolean => {
        if (!done()) return false;
        resolve();
        return true;
      };
      if (!check()) waiting.add(check);
    });
  const happened = (): void => {
    for (const check of waiting) if (check()) waiting.delete(check);
  };
  const note = (message: string, details?: object): void => {
    logged.push(details === undefined ? message : `${message} ${JSON.stringify(details)}`);
    happened();
  };
  const plan = await planned(t, text, config);
  const interlocks = new Interlocks();
  const driver: SupervisedDriver = new SupervisedDriver(plan, {
    board,
    clock: { wall: () => Date.now(), mono: () => performance.now() },
    timers: fastTimers(factor),
    random: Math.random,
    log: { debug: note, info: note, warn: note, error: note },
    store: undefined,
    interlock: (group) => interlocks.of(group),
    accept: (_driver, stream, reading) => {
      readings.push({ stream, reading });
      happened();
    },
    onFailure: happened,
    onState: happened,
  });
  t.after(async () => driver.close(5_000));
  await driver.open();
  const entered = (state: string): Promise<void> => until(() => driver.state === state);
  return {
    board,
    driver,
    logged,
    readings,
    happened: until,
    reached: entered,
    said: (words) => until(() => logged.some((line) => words.test(line))),
  };
}
