import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError } from "@pinion/wamp";
import type { ReceivedEvent } from "@pinion/wamp/client";
import { settle } from "../support/virtual-clock.ts";
import { script } from "./flaky-driver.ts";
import { answer, at, makeRig, type Rig } from "./rig.ts";

async function started(rig: Rig = makeRig()) {
  await rig.start();
  return { ...rig, client: await rig.guest() };
}

async function refusal(work: Promise<unknown>): Promise<ApplicationError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof ApplicationError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

test("set answers with a receipt and moves the pin", async () => {
  const { client, board } = await started();
  const receipt = await answer(client, "device.gpio.set", ["relay", 1]);
  assert.deepEqual(
    { pin: at(receipt, "pin"), requested: at(receipt, "requested"), readBack: at(receipt, "readBack") },
    { pin: "relay", requested: 1, readBack: 1 },
  );
  assert.equal(at(receipt, "previous"), 0);
  assert.equal(typeof at(receipt, "t"), "number");
  assert.equal(board.gpio.line(17).level, 1);
});

test("a pin is found by name, by number, as text and by header position, and arguments also by name", async () => {
  const { client, board } = await started();
  for (const [i, pin] of ["relay", 17, "17", "GPIO17", "pin 11", "header 11"].entries()) {
    const level = i % 2 === 0 ? 1 : 0;
    await answer(client, "device.gpio.set", [pin, level]);
    assert.equal(board.gpio.line(17).level, level, String(pin));
  }
  await answer(client, "device.gpio.set", ["relay"], { value: 1 });
  assert.equal(board.gpio.line(17).level, 1);
  await answer(client, "device.gpio.set", [], { channel: "relay", value: 0 });
  assert.equal(board.gpio.line(17).level, 0);
  await answer(client, "device.gpio.set", [0], { channel: "relay" }).then(() =>
    assert.equal(board.gpio.line(17).level, 0),
  );
});

test("a wrong argument is refused with invalid_argument and names what is allowed", async () => {
  const { client, board } = await started();
  const table: readonly [args: unknown[], kwargs: object, words: RegExp, code: string][] = [
    [["relay", 7], {}, /'value'.*may not be 7.*0, 1, true or false/, "invalid_argument"],
    [["relay", "on"], {}, /'value'.*0, 1, true or false/, "invalid_argument"],
    [["relay"], {}, /'value'.*is missing.*0, 1, true or false/, "invalid_argument"],
    [["relay", null], {}, /'value'/, "invalid_argument"],
    [
      ["relay", 1, "1s", "key", 2],
      {},
      /1 argument\(s\) too many.*device\.gpio\.set\(channel, value, lease, idempotencyKey\)/,
      "invalid_argument",
    ],
    [["relay", 1], { value: 1 }, /'value' is given twice/, "invalid_argument"],
    [
      ["relay", 1],
      { vlaue: 1 },
      /no argument 'vlaue'.*device\.gpio\.set\(channel, value, lease, idempotencyKey\)/,
      "invalid_argument",
    ],
    [["pump", 1], {}, /no channel 'pump'.*relay/, "unknown_channel"],
    [["GPIO5", 1], {}, /no channel 'GPIO5'.*relay/, "unknown_channel"],
    [[], {}, /channel is missing.*relay/, "invalid_argument"],
    [[{ a: 1 }, 1], {}, /no channel.*relay/, "unknown_channel"],
    [["door", 1], {}, /'door' is an input.*set works on: relay/, "not_an_output"],
  ];
  for (const [args, kwargs, words, code] of table) {
    const error = await refusal(client.call("device.gpio.set", args, { ...kwargs }));
    assert.equal(error.uri, "wamp.error.invalid_argument", JSON.stringify(args));
    assert.match(String(error.args[0]), words);
    assert.equal(error.kwargs["code"], code, JSON.stringify(args));
  }
  assert.equal(board.gpio.line(17).history.filter(({ level }) => level === 1).length, 0, "the pin did not move");
});

test("an optional argument may be left out, and positions and names may be mixed", async () => {
  const { client } = await started(makeRig({ drivers: "drivers: [{ use: flaky, name: opt }]" }));
  assert.deepEqual(at(await answer(client, "device.flaky.poke", ["opt", 3]), "args"), [3]);
  assert.deepEqual(at(await answer(client, "device.flaky.poke", ["opt", 3], { word: "hi" }), "args"), [3, "hi"]);
  const error = await refusal(client.call("device.flaky.poke", ["opt", 10]));
  assert.match(String(error.args[0]), /a whole number from 1 to 9 N/);
});

test("an action of a driver as a whole takes no channel", async () => {
  const { client } = await started(makeRig({ drivers: "drivers: [{ use: flaky, name: whole }]" }));
  assert.deepEqual(await answer(client, "device.flaky.list"), { action: "list", channel: null, args: [] });
  const error = await refusal(client.call("device.flaky.list", ["whole"]));
  assert.match(String(error.args[0]), /too many/);
});

test("two drivers of one kind share their procedures, and the channel chooses", async () => {
  const drivers = "drivers: [{ use: flaky, name: first }, { use: flaky, name: second }]";
  const { client } = await started(makeRig({ drivers }));
  assert.equal(at(await answer(client, "device.flaky.poke", ["second", 1]), "channel"), "second");
  assert.equal(at(await answer(client, "device.flaky.poke", ["first", 1]), "channel"), "first");
});

test("what a faulty driver throws reaches the caller as runtime_error and the log", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: thrower }]" });
  script("thrower").invokeError = new TypeError("undefined is not a function");
  const { client, logged } = await started(rig);
  const error = await refusal(client.call("device.flaky.poke", ["thrower", 1]));
  assert.equal(error.uri, "wamp.error.runtime_error");
  assert.ok(logged.some((line) => line.includes("flaky") && line.includes("undefined is not a function")));
});

test("readings are events with the value as the only argument and the rest beside it", async () => {
  const { client, board, clock } = await started();
  const events: ReceivedEvent[] = [];
  await client.subscribe("sensor.", (event) => void events.push(event), { match: "prefix" });
  board.gpio.line(27).pull(1);
  await clock.advance(100);
  const [event] = events;
  assert.ok(event);
  assert.equal(event.topic, "sensor.door");
  assert.deepEqual(event.args, [1]);
  const { t, seq, boot, quality, device, mono } = event.kwargs;
  assert.equal(typeof t, "number");
  assert.equal(typeof mono, "number");
  assert.equal(boot, "boot1");
  assert.equal(quality, "good");
  assert.equal(device, "bench");
  assert.ok(Number(seq) >= 1);
  board.gpio.line(27).pull(0);
  await clock.advance(100);
  assert.equal(events[1]?.kwargs["seq"], Number(seq) + 1, "readings are numbered without a hole");
});

test("a unit comes from the description, and a cause travels with a reading that is not good", async () => {
  const { client, clock } = await started(makeRig({ drivers: "drivers: [{ use: flaky, name: force }]" }));
  const events: ReceivedEvent[] = [];
  await client.subscribe("sensor.force", (event) => void events.push(event));
  script("force").ctx?.publish("force", { value: 3 });
  script("force").ctx?.publish("force", { value: null, quality: "error", cause: "no answer" });
  await clock.advance(10);
  assert.equal(events[0]?.kwargs["unit"], "N");
  assert.deepEqual(
    [events[1]?.args, events[1]?.kwargs["quality"], events[1]?.kwargs["cause"]],
    [[null], "error", "no answer"],
  );
});

test("a stream that is not described is refused aloud, another driver's stream too", async () => {
  const drivers = "drivers: [{ use: flaky, name: one }, { use: flaky, name: other }]";
  const { client, clock, logged, runtime } = await started(makeRig({ drivers }));
  const topics: string[] = [];
  await client.subscribe("sensor.", ({ topic }) => void topics.push(topic), { match: "prefix" });
  for (let i = 0; i < 10; i += 1) script("one").ctx?.publish("made_up", { value: i });
  script("one").ctx?.publish("other", { value: 1 });
  await clock.advance(10);
  assert.deepEqual(topics, []);
  const refused = logged.filter((line) => line.startsWith("error") && line.includes("refused"));
  assert.equal(refused.length, 2, "each stream is named once");
  assert.equal(runtime.health().drivers[0]?.refusedReadings, 11);
  assert.match(refused[0] ?? "", /made_up.*it has: one/);
});

test("a value that breaks its stream's schema is published as an error, not as a value", async () => {
  const { client, clock } = await started(makeRig({ drivers: "drivers: [{ use: flaky, name: broken }]" }));
  const events: ReceivedEvent[] = [];
  await client.subscribe("sensor.broken", (event) => void events.push(event));
  script("broken").ctx?.publish("broken", { value: "three" });
  await clock.advance(10);
  assert.deepEqual(events[0]?.args, [null]);
  assert.equal(events[0]?.kwargs["quality"], "error");
  assert.match(String(events[0]?.kwargs["cause"]), /three.*schema/);
});

test("the description needs no naming rule: procedures, topics and the newest readings are spelled out", async () => {
  const { client, board, clock } = await started();
  board.gpio.line(27).pull(1);
  await clock.advance(100);
  const board1 = await answer(client, "device.describe");
  assert.equal(at(board1, "id"), "bench");
  assert.equal(at(board1, "title"), "Bench");
  assert.equal(at(board1, "version"), "9.9.9");
  assert.equal(at(board1, "boot"), "boot1");
  assert.equal(at(board1, "naming"), "single");
  assert.equal(at(board1, "startedAt"), 1_700_001_000_000);
  assert.deepEqual(at(board1, "procedures"), {
    describe: "device.describe",
    health: "device.health",
    history: "device.history",
  });
  const channel = at(board1, "drivers", 0, "channels", 0);
  assert.equal(at(channel, "name"), "relay");
  assert.equal(at(channel, "actions", "set", "procedure"), "device.gpio.set");
  assert.equal(at(channel, "streams", "relay", "topic"), "sensor.relay");
  assert.equal(at(board1, "drivers", 0, "state"), "ready");
  const last = at(board1, "lastReadings");
  assert.ok(Array.isArray(last));
  const door: unknown = last.find((one) => at(one, "topic") === "sensor.door");
  assert.deepEqual([at(door, "value"), at(door, "stream"), at(door, "boot")], [1, "door", "boot1"]);
});

test("whoever publishes device.discover gets the board's description as device.announce", async () => {
  const { client, clock } = await started();
  const announced: unknown[] = [];
  await client.subscribe("device.announce", ({ args }) => void announced.push(args[0]));
  await clock.advance(1_000);
  announced.length = 0;
  await client.publish("device.discover");
  await clock.advance(10);
  assert.equal(announced.length, 1);
  assert.deepEqual(announced[0], await answer(client, "device.describe"));
});

test("a flood of device.discover is answered at most four times a second", async () => {
  const { client, clock } = await started();
  const announced: unknown[] = [];
  await client.subscribe("device.announce", ({ args }) => void announced.push(args[0]));
  await clock.advance(1_000);
  announced.length = 0;
  for (let i = 0; i < 100; i += 1) {
    await client.publish("device.discover");
    await clock.advance(10);
  }
  assert.ok(announced.length >= 3 && announced.length <= 5, String(announced.length));
});

test("in a fleet two boards live side by side under their ids", async () => {
  const kitchen = makeRig({ id: "kitchen", naming: "fleet", boot: "k" });
  await kitchen.start();
  const attic = makeRig({ id: "attic", naming: "fleet", boot: "a", clock: kitchen.clock, host: kitchen.host });
  await attic.start();
  const client = await kitchen.guest();
  await answer(client, "device.attic.gpio.set", ["relay", 1]);
  assert.equal(attic.board.gpio.line(17).level, 1);
  assert.equal(kitchen.board.gpio.line(17).level, 0);
  assert.equal(at(await answer(client, "device.kitchen.describe"), "id"), "kitchen");
  assert.equal(at(await answer(client, "device.attic.health"), "id"), "attic");
  const topics: string[] = [];
  await client.subscribe("sensor.", ({ topic }) => void topics.push(topic), { match: "prefix" });
  attic.board.gpio.line(27).pull(1);
  await kitchen.clock.advance(100);
  assert.deepEqual(topics, ["sensor.attic.door"]);
  const ids: unknown[] = [];
  await client.subscribe("device.announce", ({ args }) => void ids.push(at(args[0], "id")));
  await client.publish("device.discover");
  await kitchen.clock.advance(500);
  assert.deepEqual(ids.map(String).toSorted(), ["attic", "kitchen"]);
});

test("a second single board learns who is in its way and what to set, offers nothing, and takes over when it can", async () => {
  const first = makeRig({ id: "first", boot: "b1" });
  await first.start();
  const second = makeRig({ id: "second", boot: "b2", clock: first.clock, host: first.host });
  await second.start();
  await first.clock.advance(15_000);
  const { link } = second.runtime.health();
  assert.match(link.collision ?? "", /'first'.*device\.naming: fleet/);
  assert.ok(link.refused.includes("device.gpio.set"));
  assert.ok(second.logged.some((line) => line.startsWith("error") && line.includes("device.naming: fleet")));
  assert.equal(second.runtime.health().state, "degraded");
  const offered = second.runtime.describe().drivers[0]?.channels[0]?.actions;
  assert.deepEqual(offered, {}, "nobody is led to switch the other board's relay");
  assert.ok(second.runtime.describe().collision);

  const gone = first.runtime.stop();
  await first.clock.advance(120_000);
  await gone;
  const client = await second.guest();
  await answer(client, "device.gpio.set", ["relay", 1]);
  assert.equal(second.board.gpio.line(17).level, 1);
  assert.equal(second.runtime.health().link.collision, undefined);
  assert.deepEqual(second.runtime.health().link.refused, []);
  assert.equal(second.runtime.describe().collision, undefined);
});

test("two fleet boards with one id are told to change the id", async () => {
  const first = makeRig({ id: "twin", naming: "fleet", boot: "b1" });
  await first.start();
  const second = makeRig({ id: "twin", naming: "fleet", boot: "b2", clock: first.clock, host: first.host });
  await second.start();
  await first.clock.advance(15_000);
  assert.match(second.runtime.health().link.collision ?? "", /the board 'twin'.*another device\.id than 'twin'/);
});

test("a session that is no board holds the procedures: the words say what it may be", async () => {
  const first = makeRig();
  const stranger = await first.guest();
  await stranger.register("device.gpio.set", () => 1);
  await first.start();
  await first.clock.advance(15_000);
  const { collision, refused } = first.runtime.health().link;
  assert.deepEqual(refused, ["device.gpio.set"]);
  assert.match(collision ?? "", /does not say which board it is.*own lost connection/);
  const errors = first.logged.filter((line) => line.startsWith("error"));
  await first.clock.advance(600_000);
  assert.deepEqual(
    first.logged.filter((line) => line.startsWith("error")),
    errors,
    "it is said once, not with every try",
  );
  await stranger.close();
  await first.clock.advance(120_000);
  assert.deepEqual(first.runtime.health().link.refused, []);
});

test("calls are refused while the board stops", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: slow_close, role: output }]" });
  const { client, clock } = await started(rig);
  script("slow_close").hangClose = true;
  const stopped = rig.runtime.stop();
  await settle();
  const error = await refusal(client.call("device.flaky.poke", ["slow_close", 1]));
  assert.equal(error.uri, "pinion.error.closed");
  await clock.advance(10_000);
  assert.equal(await stopped, false);
});
