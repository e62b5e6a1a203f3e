/** The drivers of sensors and serial ports on a real kernel: an LM75, a BMP280, a UART, and a USB adapter that comes and goes. */
import assert from "node:assert/strict";
import { build } from "esbuild";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { programBundle } from "../../deploy/build.ts";
import { epollBuilds } from "../../deploy/native-addons.ts";
import { programs } from "../../deploy/programs.ts";
import { start, temporaryFolder, until } from "../support/programs.ts";
import { whyNoBoard } from "../support/virtual-board.ts";

const root = join(import.meta.dirname, "../..");

test(
  "chips that come and go, a line that is asked, and an adapter that is plugged in again under another name",
  { skip: whyNoBoard(), timeout: 200_000 },
  async (t) => {
    const folder = temporaryFolder(t);
    const [program] = programs;
    assert.ok(program);
    const options = programBundle(program, epollBuilds(join(root, "dist/cache")));
    const entry = join(import.meta.dirname, "virtual-board/sensors-inside.ts");
    const script = join(folder, "sensors.cjs");
    await build({ ...options, entryPoints: { sensors: entry }, outdir: folder });
    // The board has a /tmp of its own, and this checkout may lie in the machine's: Node goes where the board looks.
    const node = join(folder, "node");
    copyFileSync(process.execPath, node);
    const board = start(join(root, "test/rig/gpio-vm"), ["--timeout", "160", folder, "--", node, script]);
    t.after(() => board.stop());
    await until("the end of the board", () => board.process.exitCode !== null, 190_000, board.output);
    const text = board.output();
    const lines = [...text.matchAll(/^FACT (.*)$/gm)].map(([, json = ""]) => JSON.parse(json) as [string, unknown]); // by sensors-inside.ts
    const facts = new Map(lines);
    const told = (name: string): string => JSON.stringify(facts.get(name));
    assert.equal(facts.get("done"), true, text);
    assert.equal(facts.get("lm75"), 25.5, text);
    assert.equal(facts.get("lm75 later"), -40, text);
    assert.equal(facts.get("lm75 came back"), true, text);
    const air = facts.get("bmp280");
    assert.ok(typeof air === "number" && Math.abs(air - 25.08) < 0.02, text);
    const memory = facts.get("memory");
    assert.ok(typeof memory === "number" && memory > 0 && memory < 100, text);
    assert.match(told("uart"), /"answer":"hello"/);
    assert.match(told("before it is plugged in"), /no USB serial port with vendorId 0403/);
    assert.match(told("adapter"), /"answer":"ping"/);
    assert.equal(facts.get("its new name"), true, text);
    assert.match(told("adapter again"), /"answer":"pong"/);
    assert.deepEqual(facts.get("states"), ["lost", "open", "lost", "open"]);
  },
);
