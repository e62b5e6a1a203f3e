import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { ApplicationError } from "@pinion/wamp";
import type { ReceivedEvent } from "@pinion/wamp/client";
import { DriverError, type LineRequest } from "../../drivers/board.ts";
import { settle } from "../support/virtual-clock.ts";
import { failure, script } from "./flaky-driver.ts";
import { answer, at, makeRig } from "./rig.ts";

test("drivers open in the order of the file, then the session; they close in reverse order, then it says goodbye", async () => {
  const order = ["life_a", "life_b", "life_c"];
  const rig = makeRig({ drivers: `drivers: [${order.map((name) => `{ use: flaky, name: ${name} }`).join(", ")}]` });
  const events: string[] = [];
  for (const name of order) script(name).events.push = (...what: string[]) => events.push(...what);
  assert.equal(rig.host.links.length, 0);
  await rig.start();
  assert.deepEqual(events, ["open life_a", "open life_b", "open life_c"]);
  assert.equal(rig.host.router.size().members, 1);
  const stopped = rig.runtime.stop();
  await rig.clock.advance(10);
  assert.equal(await stopped, true);
  assert.deepEqual(events.slice(3), ["close life_c", "close life_b", "close life_a"]);
  assert.equal(rig.host.router.size().members, 0);
  assert.equal(rig.clock.pending, 0, "nothing is left running");
});

test("a board that ends while it waits for the right to use a line ends well, and says nothing of that line", async () => {
  const rig = makeRig();
  const asked: string[] = [];
  for (const open of ["openOutput", "openInput"] as const)
    rig.board.gpio[open] = async ({ consumer, signal }: LineRequest) => {
      asked.push(consumer);
      for (let turns = 0; turns < 10_000; turns += 1) {
        if (signal?.aborted === true) throw new DriverError("aborted", "it is no longer waited for");
        await setImmediate();
      }
      throw new DriverError("no_permission", "nobody gave it");
    };
  void rig.runtime.start();
  await rig.clock.advance(1_000);
  const stopped = rig.runtime.stop();
  await settle();
  await rig.clock.advance(5_000);
  assert.equal(await stopped, true);
  assert.deepEqual(asked, ["relay"]);
  assert.deepEqual(
    rig.logged.filter((line) => /^(warn|error)/.test(line)),
    [],
  );
});

test("what holds outputs is closed before everything else", async () => {
  const drivers = "drivers: [{ use: flaky, name: out_one, role: output }, { use: flaky, name: in_two }]";
  const rig = makeRig({ drivers });
  const events: string[] = [];
  for (const name of ["out_one", "in_two"]) script(name).events.push = (...what: string[]) => events.push(...what);
  await rig.start();
  const stopped = rig.runtime.stop();
  await rig.clock.advance(10);
  await stopped;
  assert.deepEqual(events.slice(2), ["close out_one", "close in_two"]);
});

test("stopping brings outputs to their safe level, and subscribers see it before the session ends", async () => {
  const rig = makeRig({
    drivers: `
drivers:
  - use: gpio
    checkInterval: 0
    pins:
      relay: { pin: GPIO17, direction: out }
      valve: { pin: GPIO22, direction: out, safe: 1 }
`,
  });
  await rig.start();
  const client = await rig.guest();
  await answer(client, "device.gpio.set", ["relay", 1]);
  await answer(client, "device.gpio.set", ["valve", 0]);
  const events: ReceivedEvent[] = [];
  await client.subscribe("sensor.", (event) => void events.push(event), { match: "prefix" });
  const stopped = rig.runtime.stop();
  await rig.clock.advance(10);
  assert.equal(await stopped, true);
  assert.equal(rig.board.gpio.line(17).level, 0);
  assert.equal(rig.board.gpio.line(22).level, 1);
  assert.equal(rig.board.gpio.openLines, 0);
  const told = new Map(events.map(({ topic, args }) => [topic, args[0]]));
  assert.equal(told.get("sensor.relay"), 0);
  assert.equal(told.get("sensor.valve"), 1);
});

test("no reconnect ever touches a pin", async () => {
  const rig = makeRig();
  await rig.start();
  const client = await rig.guest();
  await answer(client, "device.gpio.set", ["relay", 1]);
  const relay = rig.board.gpio.line(17);
  const door = rig.board.gpio.line(27);
  const before = [relay.history.length, door.history.length];
  for (let i = 0; i < 5; i += 1) {
    rig.host.crash();
    await rig.clock.advance(30_000);
    assert.equal(rig.runtime.health().link.state === "ready", false);
    rig.host.restart();
    await rig.clock.advance(120_000);
    assert.equal(rig.runtime.health().link.state, "ready");
  }
  assert.equal(rig.runtime.health().link.sessions, 6);
  assert.deepEqual([relay.history.length, door.history.length], before);
  assert.equal(relay.level, 1);
  assert.equal(at(await answer(await rig.guest(), "device.gpio.get", ["relay"]), "value"), 1);
});

test("a driver that does not open leaves the others working, says why, and is tried again 1 s x 2 up to 60 s", async () => {
  const drivers = "drivers: [{ use: flaky, name: sick }, { use: flaky, name: sound }]";
  const rig = makeRig({ drivers });
  const sick = script("sick");
  for (let i = 0; i < 9; i += 1) sick.openErrors.push(failure("no_such_device"));
  await rig.start();
  const client = await rig.guest();
  const [first, second] = rig.runtime.health().drivers;
  assert.deepEqual([first?.name, first?.state, second?.name, second?.state], ["flaky", "restarting", "flaky_2", "ok"]);
  assert.match(first?.cause ?? "", /made-up no_such_device/);
  assert.equal(rig.runtime.health().state, "degraded");
  await answer(client, "device.flaky.poke", ["sound", 1]);
  await assert.rejects(client.call("device.flaky.poke", ["sick", 1]), (error: unknown) => {
    assert.ok(error instanceof ApplicationError);
    assert.equal(error.uri, "pinion.error.no_such_device");
    assert.match(String(error.args[0]), /flaky is not open: made-up no_such_device/);
    return true;
  });
  assert.equal(rig.runtime.describe().drivers[0]?.state, "restarting");

  // 1 + 2 + 4 + 8 + 16 + 32 + 60 + 60 + 60 s
  const opens = (): number => sick.events.filter((event) => event.startsWith("open")).length;
  const times: number[] = [];
  let seen = opens();
  for (let second = 0; second < 300 && times.length < 8; second += 1) {
    await rig.clock.advance(1_000);
    if (opens() > seen) times.push(second);
    seen = opens();
  }
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  assert.deepEqual(gaps, [4, 8, 16, 32, 60, 60, 60]);
  assert.equal(rig.runtime.health().drivers[0]?.state, "ok");
  assert.equal(at(await answer(client, "device.flaky.poke", ["sick", 1]), "channel"), "sick");
});

test("a driver is faulted after five failures in a row, and stays so while it is tried; a minute of good work forgives them", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: fragile }, { use: flaky, name: neighbour }]" });
  const fragile = script("fragile");
  await rig.start();
  const report = () => rig.runtime.health().drivers[0];
  const states: unknown[] = [];
  for (let failures = 1; failures <= 6; failures += 1) {
    fragile.ctx?.failed(failure("io"));
    states.push(report()?.state);
    await rig.clock.advance(35_000);
    assert.equal(report()?.state, "ok", "it is opened again, and that is no promise yet");
  }
  assert.deepEqual(states, ["restarting", "restarting", "restarting", "restarting", "faulted", "faulted"]);
  assert.equal(rig.runtime.health().state, "ok");
  assert.equal(rig.logged.filter((line) => line.startsWith("error driver flaky is faulted")).length, 2);
  await rig.clock.advance(61_000);
  fragile.ctx?.failed(failure("io"));
  assert.deepEqual([report()?.state, report()?.failures], ["restarting", 7]);
  assert.deepEqual(script("neighbour").events, ["open neighbour"], "nobody else is taken down");
});

test("a driver that may not use its device yet is told of once, as of one that waits, and as faulted when that lasts", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: early }, { use: flaky, name: never }]" });
  for (let i = 0; i < 2; i += 1) script("early").openErrors.push(failure("no_permission"));
  for (let i = 0; i < 6; i += 1) script("never").openErrors.push(failure("no_permission"));
  await rig.start();
  await rig.clock.advance(5_000);
  const told = (): readonly string[] =>
    rig.logged.flatMap((line) => /^.*driver flaky.*no_permission/.exec(line)?.slice(0, 1) ?? []);
  assert.deepEqual(told(), [
    "warn driver flaky waits for its rights: made-up no_permission",
    "warn driver flaky_2 waits for its rights: made-up no_permission",
  ]);
  assert.equal(rig.runtime.health().drivers[0]?.state, "ok");
  await rig.clock.advance(60_000);
  assert.deepEqual(told().slice(2), [
    "error driver flaky_2 is faulted: made-up no_permission",
    "error driver flaky_2 is faulted: made-up no_permission",
  ]);
});

test("a driver that is faulted is so during each further try, since its trouble began", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: hopeless }]" });
  const hopeless = script("hopeless");
  for (let i = 0; i < 8; i += 1) hopeless.openErrors.push(failure("no_such_device"));
  await rig.start();
  await rig.clock.advance(40_000);
  assert.equal(rig.runtime.health().drivers[0]?.state, "faulted");
  assert.equal(rig.runtime.health().state, "faulted");
  hopeless.hangOpen = true;
  await rig.clock.advance(30_000);
  assert.equal(rig.runtime.describe().drivers[0]?.state, "faulted", "while it is being opened once more");
  assert.ok((rig.runtime.health().drivers[0]?.for ?? 0) >= 69);
});

test("whether a driver works is announced when it changes", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: moody }]" });
  script("moody").openErrors.push(failure("io"));
  await rig.start();
  const client = await rig.guest();
  const states: unknown[] = [];
  await client.subscribe("device.announce", ({ args }) => void states.push(at(args[0], "drivers", 0, "state")));
  await rig.clock.advance(5_000);
  assert.equal(states.at(-1), "ready");
});

test("a configuration that only the hardware can refuse is not tried again", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: wrong }]" });
  script("wrong").openErrors.push(failure("bad_config"));
  await rig.start();
  await rig.clock.advance(600_000);
  assert.deepEqual(script("wrong").events, ["open wrong"]);
  assert.equal(rig.runtime.health().drivers[0]?.state, "faulted");
  assert.equal(rig.runtime.health().state, "faulted");
});

test("a driver that gives up is closed before it is opened again", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: tired }]" });
  await rig.start();
  const tired = script("tired");
  tired.ctx?.failed(failure("io"));
  assert.equal(rig.runtime.health().drivers[0]?.state, "restarting");
  await rig.clock.advance(5_000);
  assert.deepEqual(tired.events, ["open tired", "close tired", "open tired"]);
  assert.equal(rig.runtime.health().drivers[0]?.state, "ok");
  assert.equal(rig.runtime.health().drivers[0]?.failures, 1);
});

test("what a driver remembers is there when it is opened anew, and is its own", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: minds_a }, { use: flaky, name: minds_b }]" });
  await rig.start();
  const [one, other] = [script("minds_a"), script("minds_b")];
  const kept = one.ctx?.remembered("list", (): string[] => []);
  kept?.push("before");
  one.ctx?.failed(failure("io"));
  await rig.clock.advance(5_000);
  assert.equal(one.events.length, 3);
  assert.deepEqual(
    one.ctx?.remembered("list", (): string[] => []),
    ["before"],
  );
  assert.deepEqual(
    other.ctx?.remembered("list", (): string[] => []),
    [],
  );
});

test("what an earlier instance still publishes is not heard", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: ghostly }]" });
  await rig.start();
  const old = script("ghostly").ctx;
  old?.failed(failure("io"));
  await rig.clock.advance(5_000);
  old?.publish("ghostly", { value: 1 });
  old?.failed(failure("io"));
  assert.deepEqual(rig.runtime.describe().lastReadings, []);
  assert.equal(rig.runtime.health().drivers[0]?.state, "ok");
});

test("an open that hangs is a failure after its limit; the drivers after it open all the same", async () => {
  const drivers = "drivers: [{ use: flaky, name: stuck }, { use: flaky, name: behind }]";
  const rig = makeRig({ drivers });
  script("stuck").hangOpen = true;
  const started = rig.runtime.start();
  await rig.clock.advance(15_500);
  await started;
  const [first, second] = rig.runtime.health().drivers;
  assert.equal(first?.state, "restarting");
  assert.match(first?.cause ?? "", /not open after 15 s/);
  assert.equal(second?.state, "ok");
  assert.deepEqual(script("stuck").events, ["open stuck", "close stuck"], "what opened too late is let go of");
  script("stuck").hangOpen = false;
  await rig.clock.advance(2_000);
  assert.equal(rig.runtime.health().drivers[0]?.state, "ok");
});

test("a driver that failed and does not let go is a fault of the process, which only a new one cures", async () => {
  const rig = makeRig({ drivers: "drivers: [{ use: flaky, name: clinging }, { use: flaky, name: freed }]" });
  await rig.start();
  const clinging = script("clinging");
  clinging.hangClose = true;
  clinging.ctx?.failed(failure("io"));
  script("freed").ctx?.failed(failure("io"));
  await rig.clock.advance(20_000);
  assert.equal(rig.runtime.fault(), undefined);
  assert.equal(rig.runtime.health().drivers[1]?.state, "ok");
  await rig.clock.advance(20_000);
  assert.match(rig.runtime.fault() ?? "", /the driver flaky does not end its opening, or its closing/);
});

test("stopping ends within its bound when a driver hangs, closes the others, and says that outputs may not be safe", async () => {
  const drivers = "drivers: [{ use: flaky, name: good_end }, { use: flaky, name: bad_end, role: output }]";
  const rig = makeRig({ drivers });
  script("bad_end").hangClose = true;
  await rig.start();
  const stopped = rig.runtime.stop();
  await rig.clock.advance(4_500);
  assert.equal(await stopped, false);
  assert.ok(script("good_end").events.includes("close good_end"));
  assert.ok(rig.logged.some((line) => line.includes("flaky_2") && line.includes("may not be safe")));
});

test("stopping before the start is over opens nothing more", async () => {
  const drivers = "drivers: [{ use: flaky, name: early_one }, { use: flaky, name: early_two }]";
  const rig = makeRig({ drivers });
  script("early_one").hangOpen = true;
  const started = rig.runtime.start();
  await rig.clock.advance(100);
  const stopped = rig.runtime.stop();
  await rig.clock.advance(5_000);
  assert.equal(await stopped, true);
  await started;
  assert.deepEqual(script("early_two").events, []);
  assert.equal(rig.host.links.length, 0);
});

test("the first connection may fail for as long as it likes: drivers run meanwhile", async () => {
  const rig = makeRig();
  rig.host.crash();
  await rig.start();
  await rig.clock.advance(600_000);
  const { link, drivers } = rig.runtime.health();
  assert.equal(drivers[0]?.state, "ok");
  assert.match(link.cause ?? "", /refused/);
  rig.host.restart();
  await rig.clock.advance(80_000);
  assert.equal(rig.runtime.health().link.state, "ready");
});

test("readings without a link are counted as lost, and states are told again after it is back", async () => {
  const drivers = `
drivers:
  - use: gpio
    checkInterval: 0
    pins: { door: { pin: GPIO27, direction: in } }
  - { use: flaky, name: measure }
`;
  const rig = makeRig({ drivers });
  await rig.start();
  rig.host.crash();
  await rig.clock.advance(500);
  const { published, lost } = rig.runtime.health().readings;
  for (let i = 0; i < 1_000; i += 1) script("measure").ctx?.publish("measure", { value: i });
  rig.board.gpio.line(27).pull(1);
  await rig.clock.advance(100);
  const during = rig.runtime.health().readings;
  assert.equal(during.published, published);
  assert.equal(during.lost, lost + 1_001);

  rig.host.restart();
  const client = await rig.guest();
  const events: ReceivedEvent[] = [];
  await client.subscribe("sensor.", (event) => void events.push(event), { match: "prefix" });
  await rig.clock.advance(10_000);
  assert.deepEqual(
    events.filter(({ kwargs }) => kwargs["gap"] === undefined).map(({ topic, args }) => [topic, args[0]]),
    [["sensor.door", 1]],
    "the state, and no stale measurement",
  );
  const gaps = events.map(({ topic, kwargs }) => [topic, kwargs["gap"]]).filter(([, gap]) => gap !== undefined);
  assert.equal(gaps.length, 1, "the state that was told again is not lost");
  assert.equal(gaps[0]?.[0], "sensor.measure");
  const gap = gaps[0]?.[1];
  assert.deepEqual([at(gap, "from"), at(gap, "to"), at(gap, "reason")], [1, 1_000, "dropped_by_policy"]);
  assert.ok(rig.runtime.health().readings.restated >= 1);
  const last = rig.runtime.describe().lastReadings.find(({ stream }) => stream === "measure");
  assert.deepEqual([last?.value, last?.seq], [999, 1_000], "numbers go on, so that the hole can be seen");
});

test("health tells the link's state, cause and time, the drivers, the counters and the process", async () => {
  const rig = makeRig();
  await rig.start();
  const client = await rig.guest();
  await rig.clock.advance(60_000);
  const health = await answer(client, "device.health");
  assert.equal(at(health, "state"), "ok");
  assert.equal(at(health, "id"), "bench");
  assert.equal(at(health, "version"), "9.9.9");
  assert.ok(Number(at(health, "uptime")) >= 60);
  assert.equal(at(health, "link", "state"), "ready");
  assert.equal(at(health, "link", "url"), "memory:");
  assert.equal(typeof at(health, "link", "since"), "number");
  assert.equal(at(health, "drivers", 0, "name"), "gpio");
  assert.equal(at(health, "drivers", 0, "channels", "relay", "state"), "ok");
  assert.equal(at(health, "memory", "rss"), 1);
  assert.equal(at(health, "loopLag", "max"), 0);
});
