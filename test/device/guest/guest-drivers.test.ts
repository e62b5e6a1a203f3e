/** A driver of somebody else at work, and all that it can do wrong: it is named, bounded, and nobody else's trouble. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { driverText, opened } from "./guest-rig.ts";

const output = `
  const line = await ctx.board.gpio.openOutput({ line: 17, activeLow: false, consumer: "mine", initial: 0, keep: false });
  await line.write(1);
`;
const config = { line: 17 };

test("it is called, publishes, reaches the hardware that it claims, and closes", async (t) => {
  const text = driverText({
    open: `${output}
      const input = await ctx.board.gpio.openInput({
        line: 17, activeLow: false, consumer: "mine", edge: "both", onEdge: () => {},
      }).catch((error) => error);
      ctx.publish("one", { value: 1.5, unit: "V" });
      ctx.log.info("hello", { code: input.code });
      return {
        ...usual,
        invoke: async (action, channel, args, caller) => ({ action, args, caller, level: await line.read() }),
        close: async () => { await line.write(0); await line.close(); },
      };`,
  });
  const { driver, board, readings, logged } = await opened(t, text, { config });
  assert.equal(driver.state, "ready");
  assert.equal(board.gpio.line(17).level, 1);
  assert.deepEqual(readings, [{ stream: "one", reading: { value: 1.5, unit: "V" } }]);
  assert.ok(logged.includes('hello {"code":"busy"}'), logged.join("\n"));
  const caller = { id: "7", role: "operator" };
  assert.deepEqual(await driver.invoke("poke", "one", [3], caller), { action: "poke", args: [3], caller, level: 1 });
  assert.equal(await driver.close(3_000), true);
  assert.equal(board.gpio.line(17).level, 0);
  assert.equal(board.gpio.openLines, 0);
});

test("what its plan does not claim it does not get", async (t) => {
  const { driver } = await opened(t, driverText({ open: `${output} return usual;` }));
  assert.match(driver.cause ?? "", /The plan does not claim line 17/);
  assert.equal(driver.report().state, "restarting");
});

test("a DriverError crosses as it is, anything else as a fault of the driver with its place", async (t) => {
  const text = driverText({
    open: `return { ...usual, invoke: async (action, channel, [what]) => {
      if (what === 1) throw new DriverError("busy", "The thing is busy");
      if (what === 2) throw new TypeError("oops");
      if (what === 3) throw "a text";
      return () => 1;
    } };`,
  });
  const { driver } = await opened(t, text);
  await assert.rejects(driver.invoke("poke", "one", [1]), { code: "busy", what: "The thing is busy" });
  await assert.rejects(driver.invoke("poke", "one", [2]), {
    code: "driver_fault",
    what: /TypeError: oops \(my\.mjs:\d+:\d+\)/,
  });
  await assert.rejects(driver.invoke("poke", "one", [3]), {
    code: "driver_fault",
    what: /a text \(which is no Error\)/,
  });
  await assert.rejects(driver.invoke("poke", "one", [4]), {
    code: "driver_fault",
    what: /answer of poke cannot be sent/,
  });
  assert.equal(driver.state, "ready");
});

const ends: readonly [what: string, how: string, cause: RegExp][] = [
  [
    "throws in a timer",
    `setTimeout(() => { throw new RangeError("late"); }, 50)`,
    /threw outside of any call: RangeError: late \(my\.mjs/,
  ],
  [
    "leaves a rejected promise to nobody",
    `setTimeout(() => void Promise.reject(new Error("lost")), 50)`,
    /rejected promise to nobody: lost/,
  ],
  ["ends its own process", "setTimeout(() => process.exit(4), 50)", /ended its process with status 4/],
  ["crashes", `setTimeout(() => process.kill(process.pid, "SIGSEGV"), 50)`, /was ended by SIGSEGV/],
  [
    "says that it cannot go on",
    `setTimeout(() => ctx.failed(new DriverError("io", "The bus is dead")), 50)`,
    /The bus is dead/,
  ],
];

for (const [what, how, cause] of ends) {
  test(`a driver that ${what} is opened anew, and its output goes to the level it was opened with`, async (t) => {
    const { driver, board, reached, said } = await opened(t, driverText({ open: `${output} ${how}; return usual;` }), {
      config,
    });
    await reached("restarting");
    assert.match(driver.cause ?? "", cause);
    await said(/outputs at the level they were opened with: output 17|left open, and the board closed: output 17/);
    assert.equal(board.gpio.line(17).level, 0);
    await reached("ready");
  });
}

test("an endless loop is ended; calls that wait for it are answered", async (t) => {
  const text = driverText({ open: `${output} return { ...usual, invoke: async () => { for (;;); } };` });
  const { driver, board, reached } = await opened(t, text, { config, factor: 3 });
  await assert.rejects(driver.invoke("poke", "one", []), {
    code: "driver_fault",
    what: /not come to rest for 10 s: an endless loop/,
  });
  await reached("restarting");
  assert.equal(board.gpio.line(17).level, 0);
  await reached("ready");
});

test("memory that it leaks ends it, on JavaScript's heap and beside it", async (t) => {
  for (const leak of [
    "kept.push(Buffer.alloc(4_000_000, 1))",
    `kept.push(Array.from({ length: 100_000 }, (_, i) => ({ i })))`,
  ]) {
    const text = driverText({ top: "const kept = [];", open: `setInterval(() => ${leak}, 10); return usual;` });
    const { driver, reached } = await opened(t, text);
    await reached("restarting");
    assert.match(driver.cause ?? "", /memory.* 96 MiB of board\.driverMemory/);
    await driver.close(5_000);
  }
});

test("a flood of readings is cut, giant and misshapen ones are left out, each with a word, and it goes on", async (t) => {
  const text = driverText({
    open: `
      for (let i = 0; i < 5_000; i += 1) ctx.publish("one", { value: i });
      return { ...usual, invoke: async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        ctx.publish("giant", { value: "x".repeat(100_000) });
        ctx.publish("bare", 21.5);
        ctx.publish("odd", { value: 1, quality: "splendid" });
        ctx.publish("big", { value: 10n });
        return null;
      } };`,
  });
  const { driver, readings, said } = await opened(t, text);
  await said(/a reading on one was not sent: more than 1000 readings a second/);
  await driver.invoke("poke", "one", []);
  await said(/giant was not sent: it has 100\d\d\d octets, more than 65536/);
  await said(/bare was not sent: a reading is \{ value, .* and not number/);
  await said(/odd was not sent: the quality of a reading is one of good/);
  await said(/big was not sent: its value is no JSON/);
  assert.ok(readings.length >= 2_000 && readings.length < 3_000, String(readings.length));
  assert.equal(driver.state, "ready");
  assert.equal(driver.report().state, "degraded");
});

test("what it leaves open is closed and named; a close that hangs is ended, its outputs safe", async (t) => {
  const left = await opened(t, driverText({ open: `${output} return usual;` }), { config });
  assert.equal(await left.driver.close(3_000), true);
  assert.ok(left.logged.some((line) => /left open, and the board closed: output 17/.test(line)));
  assert.equal(left.board.gpio.line(17).level, 0);
  const hangs = driverText({ open: `${output} return { ...usual, close: () => new Promise(() => {}) };` });
  const hanging = await opened(t, hangs, { config });
  assert.equal(await hanging.driver.close(3_000), true);
  assert.ok(hanging.logged.some((line) => /did not close within 1000 ms/.test(line)));
  assert.equal(hanging.board.gpio.line(17).level, 0);
  assert.equal(hanging.board.gpio.openLines, 0);
});

test("what it prints is logged, a flood of it counted; secrets of the board are not in its environment", async (t) => {
  process.env["PINION_SECRET"] = "hush";
  t.after(() => delete process.env["PINION_SECRET"]);
  const text = driverText({
    open: `for (let i = 0; i < 100; i += 1) console.log("line", i, process.env.PINION_SECRET ?? "none"); return usual;`,
  });
  const { said, logged } = await opened(t, text);
  await said(/it wrote: line 3 none/);
  await said(/it wrote 80 more lines in a second/);
  assert.ok(!logged.some((line) => line.includes("hush")));
});

test("its health is the board's to tell, also when it cannot tell it", async (t) => {
  const text = driverText({
    open: `let asked = 0; return { ...usual, health: () => {
      asked += 1;
      if (asked < 2) return { state: "degraded", cause: "half of it" };
      throw new Error("no idea");
    } };`,
  });
  const { driver } = await opened(t, text);
  const states = new Set<string>();
  while (states.size < 2) {
    states.add(`${driver.report().state}: ${driver.report().cause ?? ""}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual([...states].filter((one) => !one.startsWith("ok")).length > 0, true);
  while (!/cannot tell its health: no idea/.test(driver.report().cause ?? ""))
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(driver.report().state, "faulted");
});

test("an open that is given up ends its process, whatever it does, and is tried again", async (t) => {
  const hangs = "await new Promise(() => {});";
  const { driver, said } = await opened(t, driverText({ open: `console.log("process", process.pid); ${hangs}` }), {
    factor: 3,
  });
  assert.match(driver.cause ?? "", /not open after 15 s/);
  await said(/"failures":2/);
  assert.equal(await driver.close(5_000), true);
});
