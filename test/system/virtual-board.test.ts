/** The bundled device on a real kernel: GPIO through sysfs, a real UART, a network with only the router at its end. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { programFolder } from "../../deploy/build.ts";
import { programScript, start, temporaryFolder, until } from "../support/programs.ts";

const rig = join(import.meta.dirname, "../rig/gpio-vm");
const root = join(import.meta.dirname, "../..");
const here = join(import.meta.dirname, "virtual-board");

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return "the virtual board needs root";
  return false;
}

interface Fact {
  readonly fact: string;
  readonly value: unknown;
}

function factsIn(file: string): readonly Fact[] {
  if (!existsSync(file)) return [];
  // Written by virtual-board/outside.ts, one object a line.
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Fact);
}

test(
  "the bundled device drives a real kernel's GPIO and serial port, called from outside the board, and no line moves unasked",
  { skip: whyNot(), timeout: 450_000 },
  async (t) => {
    const folder = temporaryFolder(t);
    const log = join(folder, "outside.jsonl");
    const bundle = join(folder, "bundle");
    mkdirSync(bundle);
    programScript("pinion-device");
    cpSync(programFolder("pinion-device"), bundle, { recursive: true });
    for (const file of ["inside.sh", "board.yaml"]) copyFileSync(join(here, file), join(folder, file));
    chmodSync(join(folder, "inside.sh"), 0o755);

    // The board has a /tmp of its own, and this checkout may lie in the machine's: Node goes where the board looks.
    const node = join(folder, "node");
    copyFileSync(process.execPath, node);
    const meter = `${process.execPath} ${join(root, "deploy/simulated-meter.ts")}`;
    const outside = `${process.execPath} ${join(here, "outside.ts")} ${log}`;
    const inside = [join(folder, "inside.sh"), node, bundle, join(folder, "board.yaml"), log];
    const board = start(rig, ["--timeout", "420", "--host", outside, "--uart1", meter, folder, "--", ...inside]);
    t.after(() => board.stop());
    await until(
      "the end of the board",
      () => board.process.exitCode !== null,
      440_000,
      () => `${board.output()}\n${JSON.stringify(factsIn(log))}`,
    );

    const facts = new Map(factsIn(log).map(({ fact, value }) => [fact, value]));
    const told = `${board.output()}\n${JSON.stringify([...facts])}`;
    assert.equal(board.process.exitCode, 0, told);
    assert.equal(facts.get("done"), true, told);
    const text = (fact: string): string => JSON.stringify(facts.get(fact));
    assert.match(text("set relay 1"), /"readBack":1/, told);
    assert.match(text("set relay 0 by its BCM name"), /"readBack":0/, told);
    assert.match(text("set an input"), /contact/, told);
    assert.match(text("set a pin that nobody configured"), /relay/, told);
    assert.match(text("meter"), /°C/, told);
    assert.match(text("pump after the router's restart"), /"value":1/, told);
    for (const seen of [
      "saw line 17 high",
      "saw line 17 low again",
      "saw line 23 high",
      "device ended with status 0",
      "line 23 after the end: 0",
      "alive without line 27",
      // the safe level at start, what was called, the safe level at the end: nothing at the restart of the router
      "line 17 was driven 0100",
      "line 23 was driven 010",
    ]) {
      assert.ok(board.output().includes(seen), `${seen} is missing in:\n${told}`);
    }
  },
);
