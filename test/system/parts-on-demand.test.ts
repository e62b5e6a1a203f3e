/** Each part of the built board that only some configurations load, as a process: it has to be there, and to do what it did. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { nodeClient, readCredentials } from "@pinion/client";
import { pinion } from "../support/board-accounts.ts";
import {
  freePort,
  programScript,
  start,
  startDevice,
  temporaryFolder,
  until,
  type Running,
} from "../support/programs.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/test-certificate.ts";

const cleanUps: (() => unknown)[] = [];
const folder = temporaryFolder({ after: (run) => void cleanUps.unshift(run) });
const place = (name: string): string => join(folder, name);
const [port, tlsPort] = [await freePort(), await freePort()];
const at = `127.0.0.1:${String(port)}`;

before(async () => {
  writeFileSync(place("cert.pem"), TEST_CERTIFICATE);
  writeFileSync(place("key.pem"), TEST_KEY);
  const accounts = ["--role", "backend", "--accounts", place("accounts.json")];
  writeFileSync(place("secret"), "a secret for all boards\n", { mode: 0o600 });
  pinion("auth", "add", "shared", "--secret-file", place("secret"), ...accounts);
  pinion("auth", "add", "ticket", "--method", "ticket", "--secret-file", place("secret"), ...accounts);
  pinion("auth", "add", "cra", "--method", "wampcra", "--secret-file", place("secret"), ...accounts);
  pinion("auth", "add", "key", "--new-key", place("board.key"), ...accounts);
  const tls = `{ tcp: "127.0.0.1:${String(tlsPort)}", tls: { cert: ${place("cert.pem")}, key: ${place("key.pem")} } }`;
  writeFileSync(
    place("bridge.yaml"),
    `listen: [{ tcp: "${at}" }, ${tls}]\nauth: { file: ${place("accounts.json")} }\n`,
  );
  const bridge = start(process.execPath, [programScript("pinion-router-bridge"), "--config", place("bridge.yaml")]);
  cleanUps.unshift(() => bridge.stop());
  await until("the router", () => bridge.output().includes("tls"), 30_000, bridge.output);
});

after(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

const BY_SECRET = `authid: shared, secretFile: ${place("secret")}`;
const PIN = "drivers: [{ use: gpio, pins: { relay: { pin: GPIO17, direction: out } } }]";

/** A board with a name of its own that has joined; whatever it finds worth an error fails the test. */
async function joined(id: string, router: string, rest = PIN): Promise<Running> {
  mkdirSync(place(id), { recursive: true });
  const board = startDevice(
    place(id),
    `device: { id: ${id}, naming: fleet }\nrouter: { ${router} }\nboard: { gpio: simulated, stateDir: ${place(id)} }\n${rest}\n`,
  );
  cleanUps.unshift(() => board.stop());
  await until("the session", () => board.output().includes("the session is ready"), 30_000, board.output);
  assert.doesNotMatch(board.output(), /"level":50/);
  return board;
}

async function call(procedure: string, args: readonly unknown[] = []): Promise<unknown> {
  const credentials = readCredentials({ authid: "shared", secretFile: place("secret") });
  const client = nodeClient(`rs://${at}`, { credentials });
  client.open();
  try {
    return (await client.call(procedure, args)).args[0];
  } finally {
    await client.close();
  }
}

const ROUTERS = [
  ["json", `url: "rs://${at}", serializer: json, auth: { ${BY_SECRET} }`],
  ["msgpack", `url: "rs://${at}", serializer: msgpack, auth: { ${BY_SECRET} }`],
  ["cbor", `url: "rs://${at}", serializer: cbor, auth: { ${BY_SECRET} }`],
  ["websocket", `url: "ws://${at}/ws", auth: { ${BY_SECRET} }`],
  ["longpoll", `url: "lp+http://${at}/lp", auth: { ${BY_SECRET} }`],
  ["tls", `url: "rss://127.0.0.1:${String(tlsPort)}", tls: { ca: ${place("cert.pem")} }, auth: { ${BY_SECRET} }`],
  ["wss", `url: "wss://127.0.0.1:${String(tlsPort)}/ws", tls: { ca: ${place("cert.pem")} }, auth: { ${BY_SECRET} }`],
  ["ticket", `url: "rs://${at}", auth: { authid: ticket, ticketFile: ${place("secret")} }`],
  ["cra", `url: "rs://${at}", auth: { authid: cra, secretFile: ${place("secret")} }`],
  ["cryptosign", `url: "rs://${at}", auth: { authid: key, keyFile: ${place("board.key")} }`],
  ["failover", `url: ["rs://127.0.0.1:1", "rs://${at}"], auth: { ${BY_SECRET} }`],
] as const;

test("boards join and are called by what few of them need: each serializer, transport and way to log in", async () => {
  const faults = ROUTERS.map(async ([id, router]) => {
    const board = await joined(id, router);
    const set = await call(`device.${id}.gpio.set`, ["relay", 1]);
    assert.equal((set as { readBack: number }).readBack, 1, id); // as described
    assert.equal(await board.stop(), 0, `${id}: ${board.output()}`);
  });
  await Promise.all(faults);
});

test("an idle board with one pin loads at most 400,000 octets of JavaScript", async () => {
  const file = join(temporaryFolder({ after: (run) => void cleanUps.unshift(run) }), "board.yaml");
  writeFileSync(file, `router: { url: "rs://${at}", auth: { ${BY_SECRET} } }\nboard: { gpio: simulated }\n${PIN}\n`);
  const counting = join(import.meta.dirname, "../bench/boards/loaded-code.cjs");
  const board = start(process.execPath, ["--require", counting, programScript("pinion-device"), "--config", file]);
  cleanUps.unshift(() => board.stop());
  await until("the session", () => board.output().includes("the session is ready"), 30_000, board.output);
  await board.stop("SIGUSR2");
  const [, octets] = /^loaded-code (\d+)$/m.exec(board.output()) ?? [];
  assert.ok(Number(octets) > 100_000 && Number(octets) <= 400_000, `${String(octets)} octets`);
});

test("inputs with button and counter, hardware PWM and durable readings are there where they are configured", async () => {
  const board = await joined(
    "all",
    `url: "rs://${at}", auth: { ${BY_SECRET} }`,
    `
drivers:
  - use: gpio
    pins:
      door: { pin: GPIO27, direction: in, button: {}, counter: {} }
    pwm:
      fan: { chip: 0, channel: 0, frequency: 25000 }
  - use: simulated
    sensors: { level: { wave: sine, min: 0, max: 1, interval: 50ms } }
`,
  );
  const state = (await call("device.all.gpio.get", ["door"])) as { pin: string }; // as described
  assert.equal(state.pin, "door");
  assert.equal(typeof (await call("device.all.gpio.count", ["door"])), "object");
  const pwm = (await call("device.all.gpio.pwm", ["fan", 0.5])) as { duty: number }; // as described
  assert.equal(pwm.duty, 0.5);
  const page = (await call("device.all.history", ["level"])) as { readings: readonly unknown[] }; // as described
  assert.ok(page.readings.length > 0);
  const health = (await call("device.all.health")) as { journal: { place: string } }; // as described
  assert.equal(health.journal.place, join(place("all"), "journal"));
  assert.equal(await board.stop(), 0, board.output());
});

test("a wrong file is refused by the built board with line, column and cure", async () => {
  const files = [
    ["device: { id: a }\nboard:\n\tgpio: simulated\n", /board\.yaml:3:\d+: \(syntax\): found a tab in the indentation/],
    ["device:\n  ? [a]\n  : b\n", /board\.yaml:2:\d+: \(syntax\): found a key that is no plain word/],
    ["board: { gpoi: simulated }\n", /board\.yaml:1:10: board\.gpoi: .*\n.*\n.*gpio/],
    ["drivers:\n  - use: gpoi\n", /board\.yaml:2:10: drivers\[0\]\.use: found .*\n.*gpio.*\n.*gpio/],
    ["router: { auth: { authid: a } }\n", /board\.yaml:1:\d+: router\.auth/],
  ] as const;
  const refusals = files.map(async ([text, words]) => {
    const board = startDevice(temporaryFolder({ after: (run) => void cleanUps.unshift(run) }), text);
    await until("the refusal", () => board.process.exitCode !== null, 30_000, board.output);
    assert.equal(board.process.exitCode, 78, board.output());
    assert.match(board.output(), words);
  });
  await Promise.all(refusals);
});
