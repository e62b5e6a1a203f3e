/**
 * The drivers' contract on real hardware and in real time: what must hold of a driver on a kernel's chips and ports, as
 * driver-contract.ts has it for the mock board. Runs inside the virtual board; tells one fact for each rule that was looked at.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Check } from "typebox/value";
import type { Board } from "../../drivers/board.ts";
import { claimedBoard } from "../../drivers/claimed-board.ts";
import type { DriverContext, DriverDefinition, DriverInstance } from "../../drivers/driver.ts";
import { DriverError, driverErrorCodes } from "../../drivers/driver-error.ts";
import { Interlocks } from "../../drivers/interlock.ts";
import type { RawReading } from "../../drivers/reading.ts";
import { newMemory } from "../../drivers/remembered.ts";

/** ms that hardware under emulation may take. */
const PATIENCE = 60_000;
const ROUNDS = 5;

export interface HardwareScenario {
  /** The rules' facts are told as `<name>: <rule>`. */
  readonly name: string;
  readonly definition: DriverDefinition;
  readonly config: unknown;
  readonly board: Board;
  /** Arguments that each action accepts on the first channel that has it. */
  readonly args?: Readonly<Record<string, readonly unknown[]>>;
  /** Runs before each rule. */
  readonly prepare?: () => Promise<void> | void;
  /** Makes streams publish; repeated until each has. */
  readonly stimulate?: (driver: DriverInstance) => Promise<void> | void;
  /** Takes the hardware away and gives it back; the latter may be left out where it has another name then. */
  readonly unplug?: () => Promise<void> | void;
  readonly replug?: () => Promise<void> | void;
  /** What is to be seen of this hardware alone. */
  readonly also?: (opened: Opened) => Promise<void>;
}

export interface Opened {
  readonly driver: DriverInstance;
  readonly readings: (RawReading & { readonly stream: string })[];
}

export type Tell = (name: string, value: unknown) => void;

export async function until(what: string, done: () => Promise<boolean> | boolean, limit = PATIENCE): Promise<void> {
  for (const end = performance.now() + limit; performance.now() < end; await sleep(50)) if (await done()) return;
  throw new Error(`in vain: ${what}`);
}

export async function opened({ definition, config, board }: HardwareScenario): Promise<Opened> {
  const readings: Opened["readings"] = [];
  const say = (message: string): void => void process.stdout.write(`${message}\n`);
  const interlocks = new Interlocks();
  const ctx: DriverContext = {
    clock: { wall: () => Date.now(), mono: () => performance.now() },
    timers: {
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    interlock: (group) => interlocks.of(group),
    remembered: newMemory(),
    random: () => 0,
    log: { debug: say, info: say, warn: say, error: say },
    signal: new AbortController().signal,
    board: claimedBoard(board, definition.plan(config)),
    publish: (stream, reading) => void readings.push({ ...reading, stream }),
    failed: (error) => say(error.message),
  };
  return { driver: await definition.open(config, ctx), readings };
}

export async function hardwareContract(scenario: HardwareScenario, tell: Tell): Promise<void> {
  const rules: readonly (readonly [string, (scenario: HardwareScenario) => Promise<void>])[] = [
    ["every stream publishes what its schema allows", streams],
    ["every action answers as described, and refuses what it cannot do", actions],
    ["what is to be seen of it alone", own],
    ["hardware that is taken away is told of, and used again when it is back", takenAway],
    ["nothing is left after it was closed, however often", closings],
  ];
  for (const [rule, look] of rules) {
    await scenario.prepare?.();
    const started = performance.now();
    const outcome = await look(scenario).then(
      () => true,
      (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    tell(`${scenario.name}: ${rule}`, outcome);
    process.stdout.write(`${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  }
}

/** Closed in any case: what one rule leaves open, the next would find taken. */
async function withDriver(scenario: HardwareScenario, look: (one: Opened) => Promise<void>): Promise<void> {
  const one = await opened(scenario);
  try {
    await look(one);
  } finally {
    await one.driver.close().catch(() => undefined);
  }
}

async function streams(scenario: HardwareScenario): Promise<void> {
  const { channels } = scenario.definition.describe(scenario.config);
  const declared = new Map(channels.flatMap((one) => Object.entries(one.streams)));
  await withDriver(scenario, async ({ driver, readings }) => {
    const missing = (): string[] => [...declared.keys()].filter((name) => !readings.some((one) => isGood(one, name)));
    await until(`readings of ${[...declared.keys()].join(", ")}`, async () => {
      await scenario.stimulate?.(driver);
      return missing().length === 0;
    }).catch((error: unknown) => assert.fail(`${String(error)}; missing: ${missing().join(", ")}`));
    assert.equal(driver.health().state, "ok", driver.health().cause);
    for (const { stream, value, quality = "good", cause } of readings) {
      const schema = declared.get(stream)?.schema;
      assert.ok(schema, `${stream} is not declared`);
      if (quality === "error") assert.ok(value === null && cause !== undefined && cause !== "");
      else assert.ok(Check({ ...schema }, value), `${stream}: ${JSON.stringify(value)}`);
    }
  });
}

const isGood = ({ stream, quality }: Opened["readings"][number], name: string): boolean =>
  stream === name && quality !== "error";

async function actions(scenario: HardwareScenario): Promise<void> {
  const { definition, config, args = {} } = scenario;
  const { channels, actions: wholes = {} } = definition.describe(config);
  await withDriver(scenario, async ({ driver }) => {
    await until("the hardware", () => driver.health().state === "ok");
    await scenario.stimulate?.(driver);
    for (const { name, actions: own, aliases } of channels) {
      for (const [action, { result }] of Object.entries(own)) {
        for (const address of [name, ...aliases]) {
          const answer = await driver
            .invoke(action, address, args[action] ?? [])
            .catch((error: unknown) => assert.fail(`${action} on ${String(address)}: ${String(error)}`));
          assert.ok(Check({ ...result }, answer), `${action} on ${String(address)}: ${JSON.stringify(answer)}`);
        }
        await refused(driver.invoke(action, "no_such_channel", args[action] ?? []), "unknown_channel");
        await refused(driver.invoke(action, name, [...(args[action] ?? []), 1, 2, 3, 4, 5, 6]), "invalid_argument");
      }
    }
    for (const [action, { result }] of Object.entries(wholes)) {
      assert.ok(Check({ ...result }, await driver.invoke(action, undefined, args[action] ?? [])), action);
    }
    await refused(driver.invoke("no_such_action", channels[0]?.name, []), "unknown_action");
  });
}

async function refused(call: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof DriverError && driverErrorCodes.includes(error.code), String(error));
    assert.equal(error.code, code);
    return error.message.includes(error.cure);
  });
}

async function takenAway(scenario: HardwareScenario): Promise<void> {
  const { unplug, replug, stimulate } = scenario;
  if (unplug === undefined) return;
  await withDriver(scenario, async ({ driver, readings }) => {
    await until("the hardware", () => driver.health().state === "ok");
    await stimulate?.(driver);
    readings.length = 0;
    await unplug();
    await until("its loss", () => driver.health().state === "faulted");
    assert.ok(driver.health().cause);
    await until("its loss on a stream", () => readings.some(({ quality }) => quality === "error"));
    if (replug === undefined) return;
    await replug();
    await until("its return", () => driver.health().state === "ok").catch((error: unknown) =>
      assert.fail(`${String(error)}: ${driver.health().cause ?? ""}`),
    );
    readings.length = 0;
    await until("a reading after its return", async () => {
      await stimulate?.(driver);
      return readings.some(({ quality }) => quality !== "error");
    });
  });
}

async function own(scenario: HardwareScenario): Promise<void> {
  if (scenario.also) await withDriver(scenario, scenario.also);
}

async function closings(scenario: HardwareScenario): Promise<void> {
  const descriptors = (): number => readdirSync("/proc/self/fd").length;
  let before = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { driver, readings } = await opened(scenario);
    await Promise.all([driver.close(), driver.close()]);
    await driver.close();
    const said = readings.length;
    await sleep(20);
    assert.equal(readings.length, said, "it publishes after it was closed");
    const [channel] = scenario.definition.describe(scenario.config).channels;
    const [action] = Object.keys(channel?.actions ?? {});
    if (channel !== undefined && action !== undefined) {
      const answer = await driver
        .invoke(action, channel.name, scenario.args?.[action] ?? [])
        .catch((error: unknown) => error);
      if (answer instanceof Error) assert.ok(answer instanceof DriverError, String(answer));
    }
    // the first ones load libraries, and an output that was let go keeps its line
    if (round === 2) before = descriptors();
  }
  await until("no more descriptors than before", () => descriptors() <= before, 5_000);
}
