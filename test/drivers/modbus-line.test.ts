/** The driver over a real pseudo-terminal, with the slave of modbus-serial at the other end. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ServerSerial } from "modbus-serial";
import { createLinuxBoard } from "../../drivers/hardware/linux-board.ts";
import { Interlocks } from "../../drivers/interlock.ts";
import { newMemory } from "../../drivers/remembered.ts";
import { modbus } from "../../drivers/modbus/modbus.ts";

const skip = spawnSync("socat", ["-V"]).status === 0 ? false : "socat is missing: install the Debian package socat";

async function until(what: string, done: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!done()) {
    if (performance.now() > deadline) assert.fail(`${what} did not come`);
    await sleep(10);
  }
}

test("registers of modbus-serial's own slave are read and written over a line", { skip }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "pinion-modbus-"));
  const [ours, theirs] = [join(dir, "master"), join(dir, "slave")];
  const line = spawn("socat", [`pty,raw,echo=0,link=${ours}`, `pty,raw,echo=0,link=${theirs}`]);
  await until("the line", () => existsSync(ours) && existsSync(theirs));
  const written: number[] = [];
  const slave = new ServerSerial(
    {
      getInputRegister: (address: number) => 100 + address,
      getHoldingRegister: () => written.at(-1) ?? 0,
      getCoil: (address: number) => address === 3,
      setRegister: (_: number, value: number) => void written.push(value),
    },
    { path: theirs, baudRate: 9600, unitID: 5 },
  );
  await once(slave, "initialized");
  const told = new Map<string, unknown>();
  const quiet = (): void => undefined;
  const driver = await modbus.open(
    {
      path: ours,
      registers: {
        level: { slave: 5, table: "input", address: 23, interval: "100ms" },
        target: { slave: 5, address: 1, factor: 0.5, writable: true, interval: "100ms" },
        pump: { slave: 5, table: "coil", address: 3, interval: "100ms" },
      },
    },
    {
      clock: { wall: () => Date.now(), mono: () => performance.now() },
      timers: {
        after: (ms, run) => {
          const timer = setTimeout(run, ms);
          return () => clearTimeout(timer);
        },
      },
      interlock: (group) => new Interlocks().of(group),
      remembered: newMemory(),
      random: () => 0,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      signal: new AbortController().signal,
      board: createLinuxBoard(),
      publish: (stream, { value }) => void told.set(stream, value),
      failed: (error) => assert.fail(error),
    },
  );
  t.after(async () => {
    await driver.close();
    await new Promise((resolve) => {
      slave.close(resolve);
    });
    const gone = once(line, "exit");
    line.kill();
    await gone;
    await rm(dir, { recursive: true, force: true });
  });
  await until("the readings", () => told.get("level") === 123 && told.get("pump") === true && told.get("target") === 0);
  assert.match(JSON.stringify(await driver.invoke("write", "target", [21])), /"requested":21,"readBack":21/);
  assert.deepEqual(written, [42]);
  await until("the new reading", () => told.get("target") === 21);
});
