import assert from "node:assert/strict";
import { test } from "node:test";
import {
  anything,
  array,
  assert as holds,
  asyncProperty,
  constantFrom,
  dictionary,
  integer,
  oneof,
  string,
} from "fast-check";
import { ApplicationError } from "@pinion/wamp";
import { proceduresOf } from "../../device/actions.ts";
import { namingFor } from "../../device/naming.ts";
import { planDrivers } from "../../device/plan.ts";
import { SupervisedDriver } from "../../device/supervised-driver.ts";
import { createMockBoard } from "../../drivers/hardware/mock-board.ts";
import { Interlocks } from "../../drivers/interlock.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { script } from "./flaky-driver.ts";
import { definitions } from "./rig.ts";

async function openDriver(name: string): Promise<SupervisedDriver> {
  const clock = new VirtualClock();
  const { drivers } = planDrivers([{ use: "flaky", name, line: 4 }], definitions);
  const [planned] = drivers;
  assert.ok(planned);
  const quiet = (): void => {};
  const driver = new SupervisedDriver(planned, {
    board: createMockBoard(),
    clock: { wall: clock.now, mono: clock.now },
    timers: { after: () => quiet },
    random: () => 0,
    store: undefined,
    interlock: (group) => new Interlocks().of(group),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    accept: quiet,
    onFailure: quiet,
    onState: quiet,
  });
  await driver.open();
  return driver;
}

test("whatever a caller sends, a driver gets arguments of its description or none at all", async () => {
  const driver = await openDriver("fuzzed");
  const poke = proceduresOf([driver], namingFor("single", "x")).find(({ action }) => action === "poke");
  assert.ok(poke);
  const value = oneof(integer({ min: -2, max: 12 }), string({ maxLength: 8 }), anything());
  const args = array(oneof(constantFrom<unknown>("fuzzed", 5, "hi"), value), { maxLength: 5 });
  const kwargs = dictionary(
    constantFrom("channel", "force", "word", "other"),
    oneof(constantFrom<unknown>("fuzzed"), value),
  );
  let reached = 0;
  await holds(
    asyncProperty(args, kwargs, async (positions, names) => {
      let result: unknown;
      try {
        result = await poke.invoke({ args: positions, kwargs: names });
      } catch (error) {
        assert.ok(error instanceof ApplicationError, String(error));
        assert.equal(error.uri, "wamp.error.invalid_argument");
        assert.ok(String(error.args[0]).length < 1_000);
        return;
      }
      reached += 1;
      const { channel, args } = result as { channel: string; args: unknown[] }; // what the driver for tests answers
      assert.equal(channel, "fuzzed");
      const [force, word, ...more] = args;
      assert.ok(Number.isInteger(force) && Number(force) >= 1 && Number(force) <= 9);
      assert.ok(word === undefined || typeof word === "string");
      assert.deepEqual(more, []);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(reached > 0, "some calls are right");
});

test("a driver cannot reach what its plan does not name", async () => {
  const driver = await openDriver("confined");
  const { ctx } = script("confined");
  assert.ok(ctx);
  const request = { activeLow: false, consumer: "x", initial: 0, keep: false } as const;
  await (await ctx.board.gpio.openOutput({ ...request, line: 4 })).close();
  await assert.rejects(ctx.board.gpio.openOutput({ ...request, line: 5 }), { code: "not_claimed" });
  await assert.rejects(ctx.board.files.readText("/etc/passwd"), { code: "not_claimed" });
  assert.equal(driver.state, "ready");
});
