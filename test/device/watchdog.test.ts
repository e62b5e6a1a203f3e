/** What systemd and a local monitor are told. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { healthAddress } from "../../device/health-address.ts";
import { Watchdog } from "../../device/watchdog.ts";
import { freePort, start, temporaryFolder, until } from "../support/programs.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { VirtualDisk } from "../support/virtual-disk.ts";
import { answer, at, makeRig } from "./rig.ts";

const silent = (): void => undefined;

function rigged(limit: number | undefined): {
  clock: VirtualClock;
  told: string[];
  dog: Watchdog;
  readonly fail: (why?: string) => void;
  readonly is: (words: string) => void;
} {
  const clock = new VirtualClock();
  const told: string[] = [];
  let fault: string | undefined;
  let status = "ok";
  const dog = new Watchdog({
    notify: (...lines) => void told.push(...lines),
    timers: {
      after: (ms, run) =>
        (
          (id) => () =>
            clock.clearTimeout(id)
        )(clock.setTimeout(run, ms)),
    },
    log: { debug: silent, info: silent, warn: silent, error: silent },
    limit,
    status: () => status,
    fault: () => fault,
  });
  return { clock, told, dog, fail: (why) => void (fault = why), is: (words) => void (status = words) };
}

test("systemd is pinged three times in its limit while all is well, and not while something is not", async () => {
  const { clock, told, dog, fail } = rigged(30_000);
  dog.ready();
  assert.deepEqual(told.splice(0), ["READY=1", "STATUS=ok"]);
  await clock.advance(30_000);
  assert.equal(told.splice(0).filter((line) => line === "WATCHDOG=1").length, 3);
  fail("the journal cannot write");
  await clock.advance(30_000);
  assert.deepEqual([...new Set(told.splice(0))], ["STATUS=the journal cannot write"]);
  fail();
  await clock.advance(10_000);
  assert.deepEqual(told.splice(0), ["WATCHDOG=1", "STATUS=ok"]);
  dog.stopping();
  assert.equal(told[0], "STOPPING=1");
  await clock.advance(60_000);
  assert.equal(told.length, 2);
});

test("a status that changes between two beats is told at once, and only from ready to the end", async () => {
  const { clock, told, dog, is } = rigged(30_000);
  is("link connecting");
  dog.changed();
  assert.deepEqual(told, []);
  dog.ready();
  dog.changed();
  assert.deepEqual(told.splice(0), ["READY=1", "STATUS=link connecting"]);
  is("link ready");
  dog.changed();
  dog.changed();
  assert.deepEqual(told.splice(0), ["STATUS=link ready"]);
  await clock.advance(10_000);
  assert.deepEqual(told.splice(0), ["WATCHDOG=1", "STATUS=link ready"]);
  dog.stopping();
  is("link closed");
  dog.changed();
  assert.equal(told.length, 2);
});

test("without a limit systemd gets the status alone", async () => {
  const { clock, told, dog } = rigged(undefined);
  dog.ready();
  await clock.advance(120_000);
  assert.ok(!told.includes("WATCHDOG=1") && told.length === 4);
});

test("a journal that wrote and cannot any more is a fault of the process, a driver that is not plugged in is none", async () => {
  const disk = new VirtualDisk();
  const rig = makeRig({ durable: ["door"], disk });
  await rig.start();
  assert.equal(rig.runtime.fault(), undefined);
  disk.fault = "read-only";
  rig.board.gpio.line(27).pull(1);
  await rig.clock.advance(10_000);
  assert.match(rig.runtime.fault() ?? "", /the journal cannot write: .*read-only/);
});

test("health is published each minute", async () => {
  const rig = makeRig();
  await rig.start();
  const client = await rig.guest();
  const heard: unknown[] = [];
  await client.subscribe("device.health", ({ args }) => void heard.push(args[0]));
  await rig.clock.advance(121_000);
  assert.equal(heard.length, 2);
  assert.equal(at(heard[0], "id"), "bench");
  assert.equal(at(await answer(client, "device.health"), "state"), "ok");
});

test("an address for /healthz has a host and a port", () => {
  assert.deepEqual(healthAddress("127.0.0.1:9100"), { host: "127.0.0.1", port: 9_100 });
  assert.deepEqual(healthAddress("[::1]:9100"), { host: "::1", port: 9_100 });
  for (const wrong of ["9100", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "", "::1:9100"]) {
    assert.equal(healthAddress(wrong), undefined, wrong);
  }
});

test("the process tells a real notify socket that it is ready and lives, and answers /healthz", async (t) => {
  const folder = temporaryFolder(t);
  const socket = join(folder, "notify");
  const systemd = start("socat", ["-u", `UNIX-RECV:${socket}`, "STDOUT"]);
  t.after(() => systemd.stop());
  await until("the notify socket", () => existsSync(socket), 10_000, systemd.output);
  const port = await freePort();
  const file = join(folder, "board.yaml");
  writeFileSync(file, `board: { gpio: simulated }\nhealth: { listen: "127.0.0.1:${String(port)}" }\n`);
  const device = spawn(process.execPath, [join(import.meta.dirname, "../../device/main.ts"), "--config", file], {
    stdio: "ignore",
    env: { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "900000" },
  });
  t.after(() => device.kill("SIGKILL"));
  await until("READY", () => systemd.output().includes("READY=1"), 30_000, systemd.output);
  await until("a ping", () => systemd.output().includes("WATCHDOG=1"), 30_000, systemd.output);
  const answered = await fetch(`http://127.0.0.1:${String(port)}/healthz`);
  assert.equal(answered.status, 200);
  assert.equal(at(await answered.json(), "state"), "degraded");
  assert.equal((await fetch(`http://127.0.0.1:${String(port)}/else`)).status, 404);
  device.kill("SIGTERM");
  await until("STOPPING", () => systemd.output().includes("STOPPING=1"), 30_000, systemd.output);
});
