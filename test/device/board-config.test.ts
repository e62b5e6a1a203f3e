import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { formatProblems, type Problem } from "@pinion/config";
import { readBoardConfig, type BoardConfig } from "../../device/board-config.ts";
import { planWords } from "../../device/plan-words.ts";
import { temporaryFolder } from "../support/programs.ts";
import { definitions } from "./rig.ts";

function read(t: TestContext, text: string) {
  const file = join(temporaryFolder(t), "board.yaml");
  writeFileSync(file, text);
  return readBoardConfig(file, definitions, "Pump-House.local");
}

function good(t: TestContext, text: string): BoardConfig {
  const found = read(t, text);
  assert.ok(found.ok, found.ok ? "" : formatProblems(found.problems));
  return found.board;
}

function problems(t: TestContext, text: string): readonly Problem[] {
  const found = read(t, text);
  assert.ok(!found.ok, "the configuration was accepted");
  return found.problems;
}

test("an empty file is a board that only describes itself, with every default", (t) => {
  const { config, naming, title, drivers } = good(t, "");
  assert.equal(naming.id, "pump_house");
  assert.equal(title, "pump_house");
  assert.equal(naming.mode, "single");
  assert.equal(config.router.url, "rs://127.0.0.1:8080");
  assert.equal(config.router.realm, "realm1");
  assert.equal(config.router.serializer, "msgpack");
  assert.equal(config.board.gpio, "linux");
  assert.equal(config.log.level, "info");
  assert.deepEqual(drivers, []);
});

test("what is written is taken as it is, and drivers see only what was written", (t) => {
  const { config, naming, title, drivers, wires } = good(
    t,
    `
device: { id: shed, title: The shed, naming: fleet }
router: { url: "ws://10.0.0.2:8080/ws", realm: garden.realm, serializer: json, ping: 15s }
board: { gpio: simulated, wires: [[GPIO17, "pin 13"]] }
log: { level: debug }
drivers:
  - use: gpio
    pins:
      relay: { pin: 17, direction: out, safe: 1 }
      contact: { pin: 27, direction: in }
  - { use: flaky, name: one }
  - { use: flaky, name: two }
`,
  );
  assert.equal(naming.topic("x"), "sensor.shed.x");
  assert.equal(title, "The shed");
  assert.equal(config.log.level, "debug");
  assert.deepEqual(wires, [[17, 27]]);
  assert.deepEqual(
    drivers.map(({ name }) => name),
    ["gpio", "flaky", "flaky_2"],
  );
  assert.deepEqual(drivers[0]?.config, {
    pins: { relay: { pin: 17, direction: "out", safe: 1 }, contact: { pin: 27, direction: "in" } },
  });
});

const table: readonly [what: string, text: string, line: number, key: string, found: RegExp, cure: RegExp][] = [
  ["an unknown key", "device: { idd: x }", 1, "device.idd", /unknown key 'idd'/, /did you mean 'id'/],
  ["an id that is no URI component", 'device: { id: "Pump House" }', 1, "device.id", /Pump House/, /pump_house/],
  ["an unknown naming", "device: { naming: flat }", 1, "device.naming", /flat/, /single|fleet/],
  ["an unknown driver", "drivers:\n  - use: gpoi\n    pins: {}", 2, "drivers[0].use", /gpoi/, /write 'gpio'/],
  ["a driver without its name", "drivers:\n  - pins: {}", 2, "drivers[0].use", /nothing/, /add the key 'use'/],
  ["a scheme nobody speaks", "router:\n  url: mqtt://x:1", 2, "router.url", /scheme must be one of/, /rs:\/\//],
  ["a URL without a port", "router:\n  url: rs://host", 2, "router.url", /port is missing/, /rs:\/\//],
  ["a realm that is no URI", "router:\n  realm: 'my realm'", 2, "router.realm", /my realm/, /realm1/],
  ["TLS settings without TLS", "router:\n  tls: {}", 2, "router.tls", /does not use TLS/, /rss:\/\//],
  [
    "a certificate that is not there",
    "router:\n  url: rss://host:1\n  tls:\n    ca: /nowhere/ca.pem",
    4,
    "router.tls.ca",
    /\/nowhere\/ca\.pem.*ENOENT/,
    /path and permissions/,
  ],
  [
    "wires on a real board",
    "board:\n  wires: [[GPIO17, GPIO27]]",
    2,
    "board.wires",
    /gpio: linux/,
    /board\.gpio: simulated/,
  ],
  [
    "a wire to no pin",
    "board:\n  gpio: simulated\n  wires:\n    - [GPIO17, pin 6]",
    4,
    "board.wires[0][1]",
    /ground/,
    /GPIO17/,
  ],
  [
    "a pull over sysfs",
    "board: { gpioBackend: sysfs }\ndrivers:\n  - use: gpio\n    pins:\n      door: { pin: 17, direction: in, pull: up }",
    5,
    "drivers[0].pins.door",
    /pull with board\.gpioBackend: sysfs/,
    /gpioBackend: chardev or auto/,
  ],
  ["a wire to itself", "board: { gpio: simulated, wires: [[17, pin 11]] }", 1, "board.wires[0]", /itself/, /other end/],
  [
    "a pin that is ground",
    "drivers:\n  - use: gpio\n    pins:\n      relay: { pin: pin 6, direction: out }",
    4,
    "drivers[0].pins.relay.pin",
    /ground/,
    /choose a GPIO pin/,
  ],
  [
    "a key of the wrong direction",
    "drivers:\n  - use: gpio\n    pins:\n      door: { pin: 5, direction: in, safe: 1 }",
    4,
    "drivers[0].pins.door.safe",
    /direction: out/,
    /remove it/,
  ],
  [
    "a pin without a direction",
    "drivers:\n  - use: gpio\n    pins:\n      relay: { pin: 5 }",
    4,
    "drivers[0].pins.relay.direction",
    /nothing/,
    /add the key 'direction'/,
  ],
  [
    "one line for two drivers",
    "drivers:\n  - use: gpio\n    pins:\n      relay: { pin: 17, direction: out }\n  - { use: flaky, name: b, line: 17 }",
    5,
    "drivers[1]",
    /GPIO17 for 'b', which 'relay' of driver gpio already holds/,
    /another one/,
  ],
  [
    "one port for two drivers",
    "drivers:\n  - { use: flaky, name: a, port: /dev/x }\n  - { use: flaky, name: b, port: /dev/x }",
    3,
    "drivers[1]",
    /serial port \/dev\/x for 'b', which 'a' of driver flaky/,
    /another one/,
  ],
  [
    "one channel name twice",
    "drivers:\n  - use: gpio\n    pins:\n      a: { pin: 17, direction: out }\n  - { use: flaky, name: a, stream: s }",
    5,
    "drivers[1]",
    /the name 'a', which driver gpio already uses/,
    /another name/,
  ],
  [
    "one stream twice",
    "drivers:\n  - { use: flaky, name: a, stream: s }\n  - { use: flaky, name: b, stream: s }",
    3,
    "drivers[1]",
    /the stream 's', which 'a' of driver flaky already publishes/,
    /another stream/,
  ],
  [
    "a stream that is no URI component",
    "drivers:\n  - { use: flaky, name: a, stream: tank level }",
    2,
    "drivers[0]",
    /the stream "tank level"/,
    /rename/,
  ],
];

for (const [what, text, line, key, found, cure] of table) {
  test(`${what} is refused with its line, key and cure`, (t) => {
    const list = problems(t, text);
    assert.equal(list.length, 1, formatProblems(list));
    const [problem] = list;
    assert.ok(problem);
    assert.equal(problem.line, line, formatProblems(list));
    assert.equal(problem.key, key);
    assert.match(problem.found, found);
    assert.match(problem.cure, cure);
    assert.notEqual(problem.allowed, "");
  });
}

test("all problems of all drivers are told at once, in the order of the file", (t) => {
  const list = problems(
    t,
    `device: { id: ok }
board: { wires: [[17, 27]] }
drivers:
  - use: gpio
    pins:
      relay: { pin: pin 6, direction: out }
      other: { pin: 5, direction: in, safe: 0 }
  - { use: flaky, name: a, port: /dev/x }
  - { use: flaky, name: b, port: /dev/x }
`,
  );
  assert.deepEqual(
    list.map(({ line }) => line),
    [2, 6, 7, 9],
  );
});

test("what the schema refuses does not hide what else is wrong, in other sections and other drivers", (t) => {
  const list = problems(
    t,
    `device: { idd: ok }
extra: 1
router: { url: "rs://host" }
board: { gpio: simulated, wires: [[17, 17]] }
drivers:
  - use: gpio
    pins:
      relay: { pin: pin 6, direction: out }
  - { use: flaky, nmae: x }
  - { use: flaky, name: a, port: /dev/x }
  - { use: flaky, name: b, port: /dev/x }
`,
  );
  assert.deepEqual(
    list.map(({ line, key }) => `${String(line)} ${key}`),
    [
      "1 device.idd",
      "2 extra",
      "3 router.url",
      "4 board.wires[0]",
      "8 drivers[0].pins.relay.pin",
      "9 drivers[1].name",
      "9 drivers[1].nmae",
      "11 drivers[3]",
    ],
  );
});

test("a fault in one key of the router section does not hide an address that cannot work", (t) => {
  const keys = (text: string): string[] => problems(t, text).map(({ key }) => key);
  assert.deepEqual(keys('router:\n  url: "127.0.0.1:8080"\n  realm: "a b"\n'), ["router.url", "router.realm"]);
  assert.deepEqual(keys("router: { url: 7, realm: a b }\n"), ["router.url", "router.realm"]);
  assert.deepEqual(keys("router: { relm: x }\n"), ["router.relm"]);
});

test("a file that is no YAML is told once", (t) => {
  const list = problems(t, "device: {\n");
  assert.ok(list.length >= 1);
  assert.ok(
    list.every(({ key }) => key === "(syntax)"),
    formatProblems(list),
  );
});

test("a file that is not there is a problem with a cure", () => {
  const found = readBoardConfig("/nowhere/board.yaml", definitions, "host");
  assert.ok(!found.ok);
  assert.match(found.problems[0]?.cure ?? "", /create \/nowhere\/board\.yaml/);
});

test("the plan in words names each channel, where it is and what it is called", (t) => {
  const words = planWords(
    good(t, "device: { id: shed }\ndrivers:\n  - use: gpio\n    pins:\n      relay: { pin: 17, direction: out }\n"),
  );
  assert.match(words, /board shed .*naming single, GPIO linux/);
  assert.match(words, /router rs:\/\/127\.0\.0\.1:8080, realm realm1/);
  assert.match(words, /relay = GPIO17 = header 11: output.*safe 0/);
  assert.match(words, /sensor\.relay/);
  assert.match(words, /device\.gpio\.set, device\.gpio\.get/);
});

test("a faulty pin does not hide what is wrong with its neighbours in the same driver", (t) => {
  const told = problems(
    t,
    `drivers:
  - use: gpio
    pins:
      a: { pin: header 2, direction: out }
      b: { pin: 17, direction: sideways }
      c: { pin: 4, direction: out }
      d: { pin: header 7, direction: in }
`,
  );
  assert.deepEqual(
    told.map(({ key }) => key),
    ["drivers[0].pins.a.pin", "drivers[0].pins.b.direction", "drivers[0].pins.d.pin"],
  );
});

test("one pin in two drivers is one problem, not one for each of its names", (t) => {
  const told = problems(
    t,
    `drivers:
  - { use: gpio, pins: { a: { pin: 17, direction: out } } }
  - { use: gpio, pins: { b: { pin: header 11, direction: in } } }
`,
  );
  assert.equal(told.length, 1, formatProblems(told));
  assert.match(told[0]?.found ?? "", /GPIO17 for 'b', which 'a'/);
});
