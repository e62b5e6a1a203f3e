/** What an output does by itself, and what it refuses: leases, times, interlocks, the link, retried calls, the audit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Caller, DriverInstance } from "../../drivers/driver.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { DriverRig } from "../support/driver-rig.ts";
import { settle } from "../support/virtual-clock.ts";

const anna: Caller = { id: "1001", authid: "anna", role: "operator" };
const bert: Caller = { id: "1002" };

interface Opened {
  readonly rig: DriverRig;
  readonly driver: DriverInstance;
  /** The electrical levels that line 17 has been driven to. */
  readonly driven: () => readonly number[];
}

async function opened(pin: object, others: object = {}): Promise<Opened> {
  const rig = new DriverRig();
  const pins = { pump: { pin: 17, direction: "out", ...pin }, ...others };
  const driver = await rig.open(gpio, { checkInterval: 0, pins });
  const driven = (): readonly number[] => rig.board.gpio.line(17).history.map(({ level }) => level);
  return { rig, driver, driven };
}

const level = ({ rig }: Opened, line = 17): number => rig.board.gpio.line(line).level;

/** A field of an answer. */
function field(answer: unknown, ...path: readonly string[]): unknown {
  let here = answer;
  // an answer is a JSON object; what is not there is undefined
  for (const step of path) here = (here as Readonly<Record<string, unknown>> | undefined)?.[step];
  return here;
}

const whys = async ({ driver }: Opened): Promise<unknown[]> => {
  const entries = (await driver.invoke("audit", undefined, ["pump"])) as object[]; // the audit is a list of entries
  return entries.map((entry) => field(entry, "why"));
};

test("an output on lease goes to its safe level when the lease is not renewed", async () => {
  const board = await opened({});
  const receipt = await board.driver.invoke("set", "pump", [1, "5s"], anna);
  assert.deepEqual(field(receipt, "lease"), { duration: 5000, endsWithCaller: true });
  await board.rig.clock.advance(4999);
  assert.equal(level(board), 1);
  await board.rig.clock.advance(1);
  assert.equal(level(board), 0);
  assert.deepEqual(await whys(board), ["lease expired", "call", "start"]);
  await board.driver.close();
});

test("a lease is put off by renewing it, and by setting the output again, without an edge", async () => {
  const board = await opened({});
  await board.driver.invoke("set", "pump", [1, 5000], anna);
  await board.rig.clock.advance(4000);
  await board.driver.invoke("renew", "pump", ["5s"], anna);
  await board.rig.clock.advance(4000);
  await board.driver.invoke("set", "pump", [1, 5000], anna);
  await board.rig.clock.advance(4999);
  assert.deepEqual(board.driven(), [0, 1]);
  await board.rig.clock.advance(1);
  assert.deepEqual(board.driven(), [0, 1, 0]);
  await assert.rejects(board.driver.invoke("renew", "pump", ["5s"], anna), {
    code: "invalid_argument",
    message: /no lease on pump/,
  });
  await board.driver.close();
});

test("a set without a lease ends the lease: the output stays", async () => {
  const board = await opened({});
  await board.driver.invoke("set", "pump", [1, 5000], anna);
  assert.equal(field(await board.driver.invoke("set", "pump", [1], bert), "lease"), undefined);
  await board.rig.clock.advance(60_000);
  assert.equal(level(board), 1);
  await board.driver.close();
});

test("a lease ends with the caller it belongs to, and with nobody else", async () => {
  const board = await opened({});
  await board.driver.invoke("set", "pump", [1, "1h"], anna);
  board.driver.callerLeft?.(bert.id);
  await settle();
  assert.equal(level(board), 1);
  board.driver.callerLeft?.(anna.id);
  await settle();
  assert.equal(level(board), 0);
  assert.deepEqual((await whys(board))[0], "caller left");
  await board.driver.invoke("set", "pump", [1], anna);
  board.driver.callerLeft?.(anna.id);
  await settle();
  assert.equal(level(board), 1);
  await board.driver.close();
});

test("a lease is counted on the monotonic clock, and a receipt says when the caller is not known", async () => {
  const board = await opened({});
  assert.deepEqual(field(await board.driver.invoke("set", "pump", [1, 1000]), "lease"), {
    duration: 1000,
    endsWithCaller: false,
  });
  await board.rig.clock.advance(1000);
  assert.equal(level(board), 0);
  await board.driver.close();
});

test("a lease that ends while the chip is away leaves the output at its safe level when the chip is back", async () => {
  const board = await opened({});
  await board.driver.invoke("set", "pump", [1, "5s"], anna);
  board.rig.board.gpio.removeChip();
  await board.rig.clock.advance(10_000);
  board.rig.board.gpio.restoreChip();
  await assert.rejects(board.driver.invoke("set", "pump", [1]), { code: "not_open" });
  await board.rig.clock.advance(60_000);
  assert.equal(level(board), 0);
  await board.driver.close();
});

test("too_soon: minOn and minOff bind callers, from the start on, and never the way to safety", async () => {
  const board = await opened({ minOn: "10s", minOff: "1min" });
  const { driver, rig } = board;
  await assert.rejects(driver.invoke("set", "pump", [1]), {
    code: "too_soon",
    message: /stay off for another 60s|1min/,
  });
  await rig.clock.advance(60_000);
  await driver.invoke("set", "pump", [1]);
  await rig.clock.advance(9000);
  await assert.rejects(driver.invoke("set", "pump", [0]), {
    code: "too_soon",
    message: /on for another 1s .*minOn 10s/,
  });
  await assert.rejects(driver.invoke("toggle", "pump", []), { code: "too_soon" });
  await driver.invoke("set", "pump", [1, 500]);
  await rig.clock.advance(500);
  assert.equal(level(board), 0);
  await assert.rejects(driver.invoke("set", "pump", [1]), { code: "too_soon" });
  await rig.clock.advance(60_000);
  await driver.invoke("set", "pump", [1]);
  await driver.close();
  assert.equal(level(board), 0);
});

test("maxOn: an output that is on for too long goes off, and setting it again does not prolong it", async () => {
  const board = await opened({ maxOn: "10s" });
  await board.driver.invoke("set", "pump", [1]);
  await board.rig.clock.advance(6000);
  await board.driver.invoke("set", "pump", [1]);
  await board.rig.clock.advance(4000);
  assert.deepEqual(board.driven(), [0, 1, 0]);
  assert.equal((await whys(board))[0], "maximum on time");
  await assert.rejects(board.driver.invoke("pulse", "pump", ["11s"]), { code: "invalid_argument", message: /maxOn/ });
  await assert.rejects(board.driver.invoke("blink", "pump", ["11s"]), { code: "invalid_argument", message: /maxOn/ });
  await board.driver.close();
});

test("interlocked: of a group only one is ever on, whichever action asks, also in the pauses of a blink", async () => {
  const down = { down: { pin: 18, direction: "out", interlock: "shutter" } };
  const board = await opened({ interlock: "shutter" }, down);
  const { driver, rig } = board;
  await driver.invoke("set", "pump", [1]);
  for (const [action, args] of Object.entries({ set: [1], toggle: [], pulse: [100], blink: [100], pwm: [0.5] })) {
    await assert.rejects(driver.invoke(action, "down", args), { code: "interlocked", message: /together with pump/ });
  }
  assert.deepEqual(rig.board.gpio.line(18).history.length, 1);
  assert.equal(driver.health().state, "ok");
  await driver.invoke("set", "pump", [0]);
  await driver.invoke("blink", "down", [100]);
  await rig.clock.advance(150);
  assert.equal(level(board, 18), 0);
  await assert.rejects(driver.invoke("set", "pump", [1]), { code: "interlocked" });
  await driver.invoke("set", "down", [0]);
  await driver.invoke("set", "pump", [1]);
  await driver.close();
});

test("an interlocked output that is lost while on keeps the others off until it is known to be off", async () => {
  const board = await opened({ interlock: "m" }, { other: { pin: 18, direction: "out", interlock: "m" } });
  await board.driver.invoke("set", "pump", [1]);
  board.rig.board.gpio.line(17).fault("io", "write");
  await assert.rejects(board.driver.invoke("set", "pump", [0]), { code: "io" });
  await assert.rejects(board.driver.invoke("set", "other", [1]), { code: "interlocked" });
  board.rig.board.gpio.line(17).fault(undefined);
  await board.rig.clock.advance(5000);
  assert.equal(level(board), 0);
  await board.driver.invoke("set", "other", [1]);
  await board.driver.close();
});

test("rate_limited: callers may switch only so often, and what is on lease still goes off", async () => {
  const board = await opened({ rateLimit: { changes: 3, per: "1min" } });
  await board.driver.invoke("set", "pump", [1]);
  await board.driver.invoke("set", "pump", [0]);
  await board.rig.clock.advance(20_000);
  await board.driver.invoke("set", "pump", [1, "1s"]);
  for (let renewal = 0; renewal < 5; renewal += 1) await board.driver.invoke("set", "pump", [1, "1s"]);
  await assert.rejects(board.driver.invoke("toggle", "pump", []), { code: "rate_limited", message: /again in 40s/ });
  await board.rig.clock.advance(1000);
  assert.equal(level(board), 0);
  await board.rig.clock.advance(39_000);
  await board.driver.invoke("set", "pump", [1]);
  await board.driver.close();
});

test("onLinkLost: hold, safe, and safe-after, which a link that is back in time calls off", async () => {
  const others = {
    now: { pin: 18, direction: "out", onLinkLost: "safe" },
    later: { pin: 19, direction: "out", onLinkLost: "safe-after 30" },
  };
  const board = await opened({ onLinkLost: "hold", tags: ["actuator"] }, others);
  const { driver, rig } = board;
  const all = (): number[] => [17, 18, 19].map((line) => level(board, line));
  driver.linkChanged?.(true);
  for (const pin of ["pump", "now", "later"]) await driver.invoke("set", pin, [1]);
  driver.linkChanged?.(false);
  await settle();
  assert.deepEqual(all(), [1, 0, 1]);
  await rig.clock.advance(29_999);
  driver.linkChanged?.(true);
  await rig.clock.advance(60_000);
  assert.deepEqual(all(), [1, 0, 1]);
  driver.linkChanged?.(false);
  await rig.clock.advance(20_000);
  driver.linkChanged?.(false);
  await rig.clock.advance(9_999);
  assert.deepEqual(all(), [1, 0, 1]);
  await rig.clock.advance(1);
  assert.deepEqual(all(), [1, 0, 0]);
  await driver.close();
});

test("an output tagged actuator must say what happens when the link is lost", () => {
  const pins = { pump: { pin: 17, direction: "out", tags: ["actuator"] } };
  const [issue] = gpio.check({ pins });
  assert.equal(issue?.path, "/pins/pump");
  assert.match(issue?.message ?? "", /tagged actuator.*onLinkLost: hold, safe or safe-after/);
  assert.deepEqual(gpio.check({ pins: { pump: { ...pins.pump, onLinkLost: "safe-after 5min" } } }), []);
  for (const wrong of ["never", "safe-after", "safe-after 5 days", "safe-after 48h"]) {
    assert.equal(gpio.check({ pins: { pump: { ...pins.pump, onLinkLost: wrong } } }).length, 1, wrong);
  }
});

test("rules that contradict each other are refused", () => {
  const pins = {
    a: { pin: 1, direction: "out", safe: 1, interlock: "x" },
    b: { pin: 2, direction: "out", safe: 1, interlock: "x" },
    c: { pin: 3, direction: "out", safe: 1, maxOn: "1s" },
    d: { pin: 4, direction: "out", minOn: "2s", maxOn: "1s" },
    e: { pin: 5, direction: "in", minOn: "2s" },
  };
  assert.deepEqual(
    gpio
      .check({ pins })
      .map(({ path }) => path)
      .toSorted(),
    ["/pins/b/safe", "/pins/c/maxOn", "/pins/d/maxOn", "/pins/e/minOn"],
  );
});

test("a retried call under the same idempotency key is answered again and not done again", async () => {
  const board = await opened({});
  const { driver, rig } = board;
  const first = await driver.invoke("toggle", "pump", [undefined, "k1"], anna);
  assert.deepEqual(await driver.invoke("toggle", "pump", [undefined, "k1"], bert), {
    ...Object(first),
    repeated: true,
  });
  assert.equal(level(board), 1);
  await Promise.all([1, 2].map(async () => driver.invoke("pulse", "pump", [100, 0, "k2"])));
  await rig.clock.advance(1000);
  assert.deepEqual(board.driven(), [0, 1, 0, 1]);
  await assert.rejects(driver.invoke("pulse", "pump", [200, 0, "k2"]), {
    code: "invalid_argument",
    message: /k2.*another call/,
  });
  await rig.clock.advance(600_000);
  await driver.invoke("toggle", "pump", [undefined, "k1"]);
  assert.equal(level(board), 0);
  await driver.close();
});

test("what failed may be tried again under its key", async () => {
  const board = await opened({});
  board.rig.board.gpio.line(17).fault("io", "write");
  await assert.rejects(board.driver.invoke("toggle", "pump", [undefined, "k"]), { code: "io" });
  board.rig.board.gpio.line(17).fault(undefined);
  await board.rig.clock.advance(2000);
  await board.driver.invoke("toggle", "pump", [undefined, "k"]);
  assert.equal(level(board), 1);
  await board.driver.close();
});

test("the audit says who moved an output, by which action, newest first", async () => {
  const board = await opened({}, { other: { pin: 18, direction: "out" } });
  await board.driver.invoke("set", "pump", [1], anna);
  await board.driver.invoke("set", "other", [1], bert);
  await board.driver.invoke("toggle", "pump", []);
  const entries = (await board.driver.invoke("audit", undefined, ["GPIO17", 2])) as object[]; // a list of entries
  assert.deepEqual(
    entries.map((entry) => [field(entry, "action"), field(entry, "readBack"), field(entry, "caller")]),
    [
      ["toggle", 0, null],
      ["set", 1, { id: "1001", authid: "anna", role: "operator" }],
    ],
  );
  const all = (await board.driver.invoke("audit", undefined, [])) as object[]; // a list of entries
  assert.deepEqual(
    all.map((entry) => field(entry, "pin")),
    ["pump", "other", "pump", "other", "pump"],
  );
  await assert.rejects(board.driver.invoke("audit", undefined, ["nobody"]), { code: "unknown_channel" });
  await board.driver.close();
});

test("blink switches by turns, keeps its beat, and ends at the safe level", async () => {
  const board = await opened({});
  const answer = await board.driver.invoke("blink", "pump", [100, 50, 3]);
  assert.deepEqual([field(answer, "count"), field(answer, "endsWith")], [3, 0]);
  await board.rig.clock.advance(10_000);
  const history = board.rig.board.gpio.line(17).history.slice(1);
  const [first] = history;
  assert.deepEqual(
    history.map((one) => [one.mono - (first?.mono ?? 0), one.level]),
    [
      [0, 1],
      [100, 0],
      [150, 1],
      [250, 0],
      [300, 1],
      [400, 0],
    ],
  );
  assert.equal(board.rig.clock.pending, 0);
  await board.driver.close();
});

test("an endless blink ends with a set, with its lease, and with the driver", async () => {
  const board = await opened({});
  await board.driver.invoke("blink", "pump", [100, 100, undefined, "1s"]);
  await board.rig.clock.advance(1000);
  const count = board.driven().length;
  await board.rig.clock.advance(1000);
  assert.deepEqual([level(board), board.driven().length], [0, count]);
  await board.driver.invoke("blink", "pump", [100]);
  await board.driver.invoke("set", "pump", [1]);
  await board.rig.clock.advance(1000);
  assert.equal(level(board), 1);
  await board.driver.invoke("blink", "pump", [100]);
  await board.driver.close();
  assert.deepEqual([level(board), board.rig.clock.pending], [0, 0]);
});

test("software PWM keeps duty and frequency, publishes no flood, and says what it cannot", async () => {
  const board = await opened({});
  board.rig.readings.length = 0;
  const answer = await board.driver.invoke("pwm", "pump", [0.25, 5]);
  assert.deepEqual([field(answer, "mode"), field(answer, "duty")], ["software", 0.25]);
  await board.rig.clock.advance(999);
  const history = board.rig.board.gpio.line(17).history.slice(1);
  assert.equal(history.filter((one) => one.level === 1).length, 5);
  assert.deepEqual(board.rig.take("pump"), [1]);
  await assert.rejects(board.driver.invoke("pwm", "pump", [0.01, 10]), {
    code: "invalid_argument",
    message: /less than 5ms.*1\.0 ms.*hardware PWM/,
  });
  await assert.rejects(board.driver.invoke("pwm", "pump", [0.5, 50]), { code: "invalid_argument" });
  await board.driver.invoke("pwm", "pump", [1]);
  await board.rig.clock.advance(5000);
  assert.equal(level(board), 1);
  await board.driver.close();
});

test("a kept output that is on counts as on: interlock and maximum on time hold from the start", async () => {
  const rig = new DriverRig();
  rig.board.gpio.line(17).drive(1);
  rig.board.gpio.line(18).drive(1);
  const common = { direction: "out", initial: "keep", interlock: "m" };
  const pins = { a: { pin: 17, maxOn: "5s", ...common }, b: { pin: 18, ...common } };
  const driver = await rig.open(gpio, { checkInterval: 0, pins });
  assert.deepEqual(
    [17, 18].map((line) => rig.board.gpio.line(line).level),
    [1, 0],
  );
  await rig.clock.advance(5000);
  assert.equal(rig.board.gpio.line(17).level, 0);
  await driver.close();
});
