/**
 * What every driver must keep to, whatever it drives. A scenario says how its hardware is set up, taken away and given
 * back on the mock board; the rest follows from the definition alone.
 */
import assert from "node:assert/strict";
import { Check } from "typebox/schema";
import type { Board } from "../board.ts";
import { DriverError, driverErrorCodes, type DriverErrorCode } from "../driver-error.ts";
import type { DriverDefinition, DriverInstance } from "../driver.ts";
import { qualities } from "../reading.ts";
import { DriverRig } from "./driver-rig.ts";
import { settle } from "./virtual-clock.ts";

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

/** One sentence of the contract. Rejects with what is wrong when the driver does not keep it. */
export interface ContractCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
}

type AddCheck = (name: string, run: () => void | Promise<void>) => void;

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

/** Rejects, or throws, with a DriverError of this code; otherwise says what it did instead. */
async function assertRefuses(what: string, code: DriverErrorCode, attempt: () => unknown): Promise<DriverError> {
  let outcome: unknown;
  try {
    const answer = await attempt();
    assert.fail(
      `${what} must be refused with a DriverError ${code}; it answers ${JSON.stringify(answer) ?? "nothing"}`,
    );
  } catch (error) {
    outcome = error;
  }
  if (outcome instanceof assert.AssertionError) throw outcome;
  assert.ok(
    outcome instanceof DriverError && outcome.code === code,
    `${what} must be refused with a DriverError ${code}; it is refused with ${outcome instanceof DriverError ? outcome.code : String(outcome)}`,
  );
  return outcome;
}

function assertNothingLeft(rig: DriverRig): void {
  assert.equal(rig.clock.pending, 0, "timers that are left");
  assert.equal(rig.board.gpio.openLines, 0, "GPIO lines left open");
  assert.equal(rig.board.serial.openPorts, 0, "serial ports left open");
  assert.equal(rig.board.pwm.openChannels, 0, "PWM channels left open");
  assert.equal(rig.board.i2c.openDevices, 0, "I2C devices left open");
}

/** All of them, in the order in which they are best read. Each has hardware of its own. */
export function driverContract(definition: DriverDefinition, scenario: DriverScenario): readonly ContractCheck[] {
  const checks: ContractCheck[] = [];
  const test: AddCheck = (name, run) => void checks.push({ name, run: async () => run() });
  describeAndPlan(test, definition, scenario);
  lifecycle(test, definition, scenario);
  calls(test, definition, scenario);
  readings(test, definition, scenario);
  unplugging(test, definition, scenario);
  return checks;
}

function readings(test: AddCheck, definition: DriverDefinition, scenario: DriverScenario): void {
  test("every reading is declared and matches its stream's schema", async () => {
    const { rig, driver } = await opened(definition, scenario);
    await scenario.stimulate(rig);
    const streams = Object.assign(
      {},
      ...definition.describe(scenario.config).channels.map((one) => one.streams),
    ) as Record<string, { schema: Record<string, unknown> }>; // the merged streams of all channels, by the description's type
    assert.deepEqual(
      [...new Set(rig.readings.map(({ stream }) => stream))].toSorted(),
      Object.keys(streams).toSorted(),
      "the scenario's stimulate makes every stream of the description publish, and no other publishes",
    );
    for (const { stream, value, quality = "good", cause } of rig.readings) {
      const schema = streams[stream]?.schema;
      assert.ok(schema, `${stream} is not declared`);
      assert.ok(qualities.includes(quality), `${stream}: there is no quality ${quality}`);
      if (quality === "error")
        assert.ok(
          value === null && cause !== undefined && cause !== "",
          `${stream}: an error has value null and a cause`,
        );
      else assert.ok(Check(schema, value), `${stream}: ${JSON.stringify(value)} is not what its schema says`);
    }
    await driver.close();
  });
}

function unplugging(test: AddCheck, definition: DriverDefinition, scenario: DriverScenario): void {
  test("hardware that goes away is told of, and used again when it comes back", async () => {
    if (!scenario.unplug || !scenario.replug) {
      assert.deepEqual(
        definition.plan(scenario.config),
        [],
        "a driver that claims hardware needs unplug and replug in its scenario",
      );
      return;
    }
    const { rig, driver } = await opened(definition, scenario);
    await scenario.stimulate(rig);
    assert.equal(driver.health().state, "ok", "health with the hardware there");
    rig.readings.length = 0;
    scenario.unplug(rig);
    await rig.clock.advance(60_000);
    assert.equal(driver.health().state, "faulted", "health 60 s after the hardware was taken away");
    assert.ok(driver.health().cause, "health has no cause");
    assert.ok(
      rig.readings.some(({ quality }) => quality === "error"),
      "no reading of quality error within 60 s after the hardware was taken away",
    );
    scenario.replug(rig);
    await rig.clock.advance(60_000);
    assert.equal(driver.health().state, "ok", driver.health().cause);
    rig.readings.length = 0;
    await scenario.stimulate(rig);
    assert.ok(
      rig.readings.some(({ quality }) => quality !== "error"),
      "no good reading after the hardware was given back",
    );
    assert.deepEqual(rig.failures, [], "ctx.failed is for what the driver cannot mend by itself");
    await driver.close();
    assertNothingLeft(rig);
  });
}

function describeAndPlan(test: AddCheck, definition: DriverDefinition, { config }: DriverScenario): void {
  test("the definition is frozen and its schema is plain JSON", () => {
    assert.ok(Object.isFrozen(definition), "make it with defineDriver, which freezes it");
    assert.deepEqual(jsonCopy(definition.configSchema), JSON.parse(JSON.stringify(definition.configSchema)));
    assert.deepEqual(definition.check(config), [], "the scenario's config is accepted");
  });

  test("the description is pure, JSON-safe, and its names are unique", () => {
    const before = JSON.stringify(config);
    const description = definition.describe(config);
    assert.deepEqual(definition.describe(config), description, "describe answers another thing the second time");
    assert.equal(JSON.stringify(config), before, "describe changes the configuration");
    assert.deepEqual(
      jsonCopy(description),
      description,
      "the description holds what is no JSON (undefined, a function)",
    );
    assert.equal(description.kind, definition.kind, "the description's kind is the driver's");
    const names = description.channels.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length, "two channels of one name");
    const streams = description.channels.flatMap((channel) => Object.keys(channel.streams));
    assert.equal(new Set(streams).size, streams.length, "two streams of one name");
    for (const name of [...names, ...streams]) assert.match(name, /^[a-z][a-z0-9_]*$/);
  });

  test("the plan is pure, and nothing beyond it can be opened", async () => {
    const plan = definition.plan(config);
    assert.deepEqual(definition.plan(config), plan, "plan answers another thing the second time");
    assert.deepEqual(jsonCopy(plan), plan, "the plan holds what is no JSON");
    const owners = new Set(definition.describe(config).channels.map(({ name }) => name));
    for (const { owner } of plan) assert.ok(owners.has(owner), `the owner ${owner} of a claim is none of the channels`);
    const { board } = new DriverRig().context(definition, config);
    await assertRefused(board);
  });

  test("unknown keys are refused by name", async () => {
    assert.ok(typeof config === "object" && config !== null);
    const issues = definition.check({ ...config, frobnicate: 1 });
    assert.equal(issues.length, 1, "configSchema has additionalProperties: false");
    assert.equal(issues[0]?.path, "/frobnicate", "the path of the issue");
    assert.match(issues[0]?.message ?? "", /frobnicate.*allowed/);
    const wrong = { ...config, frobnicate: 1 };
    await assertRefuses("describe of an unknown key", "bad_config", () => definition.describe(wrong));
    await assertRefuses("plan of an unknown key", "bad_config", () => definition.plan(wrong));
    for (const nonsense of [null, undefined, 1, "x", [], Number.NaN])
      assert.ok(definition.check(nonsense).length > 0, `${String(nonsense)} is accepted as a configuration`);
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
    await assertRefuses("what is not claimed", "not_claimed", attempt);
  }
}

function lifecycle(test: AddCheck, definition: DriverDefinition, scenario: DriverScenario): void {
  test("a hundred times opened and closed, nothing is left", async () => {
    const rig = new DriverRig();
    scenario.prepare(rig);
    for (let round = 0; round < 100; round += 1) {
      const driver = await definition.open(scenario.config, rig.context(definition, scenario.config));
      await driver.close();
      assertNothingLeft(rig);
    }
  });

  test("close is idempotent, also while it is closing, and ends all publishing", async () => {
    const { rig, driver } = await opened(definition, scenario);
    await Promise.all([driver.close(), driver.close()]);
    await driver.close();
    assertNothingLeft(rig);
    const said = rig.readings.length;
    await scenario.stimulate(rig);
    await rig.clock.advance(120_000);
    assert.equal(rig.readings.length, said, "it publishes after close has resolved");
    assertNothingLeft(rig);
  });

  test("an open that is aborted before or while it runs leaves nothing behind", async () => {
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
      if (!late) await assertRefuses("an open whose signal is aborted already", "aborted", () => opening);
    }
  });

  test("opening with a wrong configuration rejects and touches nothing", async () => {
    const rig = new DriverRig();
    const context = rig.context(definition, scenario.config);
    await assertRefuses("an open with an unknown key", "bad_config", () => definition.open({ frobnicate: 1 }, context));
    assertNothingLeft(rig);
  });
}

function calls(test: AddCheck, definition: DriverDefinition, scenario: DriverScenario): void {
  const { actions: own = {}, channels } = definition.describe(scenario.config);
  const onChannels = new Map(
    channels.flatMap(({ name, actions }) => Object.keys(actions).map((action) => [action, name])),
  );

  test("every declared action answers what its result schema says", async () => {
    const { rig, driver } = await opened(definition, scenario);
    await scenario.stimulate(rig);
    for (const { name, actions, aliases } of channels) {
      for (const [action, { result }] of Object.entries(actions)) {
        for (const address of [name, ...aliases]) {
          const answer = await driver.invoke(action, address, scenario.args[action] ?? []);
          assert.ok(
            Check({ ...result }, answer),
            `${action} on ${String(address)} answers ${JSON.stringify(answer)}, which its result schema does not allow`,
          );
        }
      }
    }
    for (const [action, { result }] of Object.entries(own)) {
      assert.ok(Check({ ...result }, await driver.invoke(action, undefined, scenario.args[action] ?? [])), action);
    }
    await driver.close();
  });

  wrongCalls(test, { definition, scenario, onChannels });
  afterClose(test, { definition, scenario, onChannels });
}

interface CallChecks {
  readonly definition: DriverDefinition;
  readonly scenario: DriverScenario;
  /** An action, and the last channel that has it. */
  readonly onChannels: ReadonlyMap<string, string>;
}

function wrongCalls(test: AddCheck, { definition, scenario, onChannels }: CallChecks): void {
  const { channels } = definition.describe(scenario.config);
  test("whatever is asked wrongly, the answer is a DriverError with its cure", async () => {
    const { driver } = await opened(definition, scenario);
    const odd: unknown[] = [null, Number.NaN, -1, 2, 1e300, "", "x".repeat(70_000), [], {}, [300], 10n, Symbol("s")];
    for (const unknown of ["no_such_action", "toString", "constructor", "__proto__"]) {
      await assertRefuses(`the action ${unknown}`, "unknown_action", () =>
        driver.invoke(unknown, channels[0]?.name, []),
      );
    }
    for (const [action, name] of onChannels) {
      for (const nowhere of ["no_such_channel", 4711, undefined, "__proto__"]) {
        const what = `${action} on the channel ${String(nowhere)}`;
        const args = scenario.args[action] ?? [];
        const { message } = await assertRefuses(what, "unknown_channel", () => driver.invoke(action, nowhere, args));
        assert.ok(message.includes(channels[0]?.name ?? ""), `${what}: the words do not name the channels there are`);
      }
      const tooMany = [...(scenario.args[action] ?? []), 1, 2, 3];
      await assertRefuses(`${action} with too many arguments`, "invalid_argument", () =>
        driver.invoke(action, name, tooMany),
      );
      for (const value of odd) {
        const outcome = await driver.invoke(action, name, [value]).then(
          () => undefined,
          (error: unknown) => error,
        );
        assert.ok(
          outcome === undefined || isDriverError(outcome),
          `${action} of something odd rejects with ${String(outcome)}, which is no DriverError`,
        );
      }
    }
    await driver.close();
  });
}

function afterClose(test: AddCheck, { definition, scenario, onChannels }: CallChecks): void {
  test("after close every action is refused or does nothing", async () => {
    const { rig, driver } = await opened(definition, scenario);
    await driver.close();
    for (const [action, name] of onChannels) {
      const outcome = await driver.invoke(action, name, scenario.args[action] ?? []).catch((error: unknown) => error);
      if (outcome instanceof Error) assert.ok(isDriverError(outcome), String(outcome));
    }
    assertNothingLeft(rig);
  });
}
