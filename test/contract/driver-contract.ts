/**
 * What every driver must keep to, whatever it drives. A scenario says how its hardware is set up, taken away and given
 * back on the mock board; the rest follows from the definition alone.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Check } from "typebox/value";
import type { Board } from "../../drivers/board.ts";
import { DriverError, driverErrorCodes } from "../../drivers/driver-error.ts";
import type { DriverDefinition, DriverInstance } from "../../drivers/driver.ts";
import { qualities } from "../../drivers/reading.ts";
import { DriverRig } from "../support/driver-rig.ts";
import { settle } from "../support/virtual-clock.ts";

export interface DriverScenario {
  readonly config: unknown;
  readonly prepare: (rig: DriverRig) => void;
  /** Makes every stream of the driver publish at least once. */
  readonly stimulate: (rig: DriverRig) => Promise<void>;
  /** Takes the hardware away and gives it back; left out where there is none. */
  readonly unplug?: (rig: DriverRig) => void;
  readonly replug?: (rig: DriverRig) => void;
  /** Arguments that each action accepts on its first channel that has it. */
  readonly args: Readonly<Record<string, readonly unknown[]>>;
}

interface Opened {
  readonly rig: DriverRig;
  readonly driver: DriverInstance;
}

async function opened(definition: DriverDefinition, scenario: DriverScenario): Promise<Opened> {
  const rig = new DriverRig();
  scenario.prepare(rig);
  return { rig, driver: await rig.open(definition, scenario.config) };
}

const jsonCopy = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const isDriverError = (error: unknown): boolean =>
  error instanceof DriverError && driverErrorCodes.includes(error.code) && error.message.includes(error.cure);

function assertNothingLeft(rig: DriverRig): void {
  assert.equal(rig.clock.pending, 0, "timers");
  assert.equal(rig.board.gpio.openLines, 0, "lines");
  assert.equal(rig.board.serial.openPorts, 0, "ports");
  assert.equal(rig.board.pwm.openChannels, 0, "PWM channels");
  assert.equal(rig.board.i2c.openDevices, 0, "I2C devices");
}

export function driverContract(definition: DriverDefinition, scenario: DriverScenario): void {
  const { kind } = definition;
  describeAndPlan(definition, scenario);
  lifecycle(definition, scenario);
  calls(definition, scenario);

  test(`${kind}: every reading is declared and matches its stream's schema`, async () => {
    const { rig, driver } = await opened(definition, scenario);
    await scenario.stimulate(rig);
    const streams = Object.assign(
      {},
      ...definition.describe(scenario.config).channels.map((one) => one.streams),
    ) as Record<string, { schema: Record<string, unknown> }>; // the merged streams of all channels, by the description's type
    assert.deepEqual(
      [...new Set(rig.readings.map(({ stream }) => stream))].toSorted(),
      Object.keys(streams).toSorted(),
    );
    for (const { stream, value, quality = "good", cause } of rig.readings) {
      const schema = streams[stream]?.schema;
      assert.ok(schema, `${stream} is not declared`);
      assert.ok(qualities.includes(quality));
      if (quality === "error") assert.ok(value === null && cause !== undefined && cause !== "");
      else assert.ok(Check(schema, value), `${stream}: ${JSON.stringify(value)}`);
    }
    await driver.close();
  });

  test(`${kind}: hardware that goes away is told of, and used again when it comes back`, async () => {
    if (!scenario.unplug || !scenario.replug) {
      assert.deepEqual(
        definition.plan(scenario.config),
        [],
        "a driver that claims hardware must have it taken away here",
      );
      return;
    }
    const { rig, driver } = await opened(definition, scenario);
    await scenario.stimulate(rig);
    assert.equal(driver.health().state, "ok");
    rig.readings.length = 0;
    scenario.unplug(rig);
    await rig.clock.advance(60_000);
    assert.equal(driver.health().state, "faulted");
    assert.ok(driver.health().cause);
    assert.ok(rig.readings.some(({ quality }) => quality === "error"));
    scenario.replug(rig);
    await rig.clock.advance(60_000);
    assert.equal(driver.health().state, "ok", driver.health().cause);
    rig.readings.length = 0;
    await scenario.stimulate(rig);
    assert.ok(rig.readings.some(({ quality }) => quality !== "error"));
    assert.deepEqual(rig.failures, []);
    await driver.close();
    assertNothingLeft(rig);
  });
}

function describeAndPlan(definition: DriverDefinition, { config }: DriverScenario): void {
  const { kind } = definition;

  test(`${kind}: the definition is frozen and its schema is plain JSON`, () => {
    assert.ok(Object.isFrozen(definition));
    assert.deepEqual(jsonCopy(definition.configSchema), JSON.parse(JSON.stringify(definition.configSchema)));
    assert.deepEqual(definition.check(config), []);
  });

  test(`${kind}: the description is pure, JSON-safe, and its names are unique`, () => {
    const before = JSON.stringify(config);
    const description = definition.describe(config);
    assert.deepEqual(definition.describe(config), description);
    assert.equal(JSON.stringify(config), before);
    assert.deepEqual(jsonCopy(description), description);
    assert.equal(description.kind, kind);
    const names = description.channels.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    const streams = description.channels.flatMap((channel) => Object.keys(channel.streams));
    assert.equal(new Set(streams).size, streams.length);
    for (const name of [...names, ...streams]) assert.match(name, /^[a-z][a-z0-9_]*$/);
  });

  test(`${kind}: the plan is pure, and nothing beyond it can be opened`, async () => {
    const plan = definition.plan(config);
    assert.deepEqual(definition.plan(config), plan);
    assert.deepEqual(jsonCopy(plan), plan);
    const owners = new Set(definition.describe(config).channels.map(({ name }) => name));
    for (const claim of plan) assert.ok(owners.has(claim.owner));
    const { board } = new DriverRig().context(definition, config);
    await assertRefused(board);
  });

  test(`${kind}: unknown keys are refused by name`, () => {
    assert.ok(typeof config === "object" && config !== null);
    const issues = definition.check({ ...config, frobnicate: 1 });
    assert.equal(issues.length, 1);
    assert.equal(issues[0]?.path, "/frobnicate");
    assert.match(issues[0]?.message ?? "", /frobnicate.*allowed/);
    assert.throws(() => definition.describe({ ...config, frobnicate: 1 }), { code: "bad_config" });
    assert.throws(() => definition.plan({ ...config, frobnicate: 1 }), { code: "bad_config" });
    for (const nonsense of [null, undefined, 1, "x", [], Number.NaN]) assert.ok(definition.check(nonsense).length > 0);
  });
}

async function assertRefused(board: Board): Promise<void> {
  const noop = (): void => undefined;
  const line = { line: 1000, activeLow: false, consumer: "test" };
  const settings = { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1, onData: noop, onClose: noop } as const;
  for (const attempt of [
    async () => board.gpio.openOutput({ ...line, initial: 0, keep: false }),
    async () => board.gpio.openInput({ ...line, edge: "both", onEdge: noop }),
    async () => board.serial.open({ path: "/dev/never", ...settings }),
    async () => board.i2c.open({ bus: 9, address: 0x11, consumer: "test" }),
    async () => board.files.readText("/etc/passwd"),
    async () => board.files.list("/sys/class/thermal/.."),
    async () => board.files.realpath("/"),
  ]) {
    await assert.rejects(attempt, { code: "not_claimed" });
  }
}

function lifecycle(definition: DriverDefinition, scenario: DriverScenario): void {
  const { kind } = definition;

  test(`${kind}: a hundred times opened and closed, nothing is left`, async () => {
    const rig = new DriverRig();
    scenario.prepare(rig);
    for (let round = 0; round < 100; round += 1) {
      const driver = await definition.open(scenario.config, rig.context(definition, scenario.config));
      await driver.close();
      assertNothingLeft(rig);
    }
  });

  test(`${kind}: close is idempotent, also while it is closing, and ends all publishing`, async () => {
    const { rig, driver } = await opened(definition, scenario);
    await Promise.all([driver.close(), driver.close()]);
    await driver.close();
    assertNothingLeft(rig);
    const said = rig.readings.length;
    await scenario.stimulate(rig);
    await rig.clock.advance(120_000);
    assert.equal(rig.readings.length, said);
    assertNothingLeft(rig);
  });

  test(`${kind}: an open that is aborted before or while it runs leaves nothing behind`, async () => {
    for (const late of [false, true]) {
      const rig = new DriverRig();
      scenario.prepare(rig);
      if (!late) rig.abort.abort();
      const opening = definition.open(scenario.config, rig.context(definition, scenario.config));
      const outcome = opening.then(
        async (driver) => driver.close(),
        (error: unknown) => assert.equal(error instanceof DriverError && error.code, "aborted"),
      );
      rig.abort.abort();
      await outcome;
      await settle();
      assertNothingLeft(rig);
      if (!late) await assert.rejects(opening, { code: "aborted" });
    }
  });

  test(`${kind}: opening with a wrong configuration rejects and touches nothing`, async () => {
    const rig = new DriverRig();
    const context = rig.context(definition, scenario.config);
    await assert.rejects(definition.open({ frobnicate: 1 }, context), { code: "bad_config" });
    assertNothingLeft(rig);
  });
}

function calls(definition: DriverDefinition, scenario: DriverScenario): void {
  const { kind } = definition;
  const { actions: own = {}, channels } = definition.describe(scenario.config);
  const onChannels = new Map(
    channels.flatMap(({ name, actions }) => Object.keys(actions).map((action) => [action, name])),
  );

  test(`${kind}: every declared action answers what its result schema says`, async () => {
    const { rig, driver } = await opened(definition, scenario);
    await scenario.stimulate(rig);
    for (const { name, actions, aliases } of channels) {
      for (const [action, { result }] of Object.entries(actions)) {
        for (const address of [name, ...aliases]) {
          const answer = await driver.invoke(action, address, scenario.args[action] ?? []);
          assert.ok(Check({ ...result }, answer), `${action} on ${String(address)}: ${JSON.stringify(answer)}`);
        }
      }
    }
    for (const [action, { result }] of Object.entries(own)) {
      assert.ok(Check({ ...result }, await driver.invoke(action, undefined, scenario.args[action] ?? [])), action);
    }
    await driver.close();
  });

  test(`${kind}: whatever is asked wrongly, the answer is a DriverError with its cure`, async () => {
    const { driver } = await opened(definition, scenario);
    const odd: unknown[] = [null, Number.NaN, -1, 2, 1e300, "", "x".repeat(70_000), [], {}, [300], 10n, Symbol("s")];
    await assert.rejects(driver.invoke("no_such_action", channels[0]?.name, []), { code: "unknown_action" });
    for (const inherited of ["toString", "constructor", "__proto__"]) {
      await assert.rejects(driver.invoke(inherited, channels[0]?.name, []), { code: "unknown_action" });
    }
    for (const [action, name] of onChannels) {
      for (const nowhere of ["no_such_channel", 4711, undefined, "__proto__"]) {
        await assert.rejects(driver.invoke(action, nowhere, scenario.args[action] ?? []), (error) => {
          assert.ok(error instanceof DriverError && error.code === "unknown_channel");
          return error.message.includes(channels[0]?.name ?? "");
        });
      }
      const tooMany = [...(scenario.args[action] ?? []), 1, 2, 3];
      await assert.rejects(driver.invoke(action, name, tooMany), { code: "invalid_argument" });
      for (const value of odd) {
        const outcome = await driver.invoke(action, name, [value]).then(
          () => undefined,
          (error: unknown) => error,
        );
        assert.ok(outcome === undefined || isDriverError(outcome), String(outcome));
      }
    }
    await driver.close();
  });

  afterClose(definition, scenario, onChannels);
}

function afterClose(
  definition: DriverDefinition,
  scenario: DriverScenario,
  onChannels: ReadonlyMap<string, string>,
): void {
  test(`${definition.kind}: after close every action is refused or does nothing`, async () => {
    const { rig, driver } = await opened(definition, scenario);
    await driver.close();
    for (const [action, name] of onChannels) {
      const outcome = await driver.invoke(action, name, scenario.args[action] ?? []).catch((error: unknown) => error);
      if (outcome instanceof Error) assert.ok(isDriverError(outcome), String(outcome));
    }
    assertNothingLeft(rig);
  });
}
