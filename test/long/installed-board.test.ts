/** A board's life from dpkg -i to dpkg -P: hung, busy, on a read-only root, upgraded, without power, purged. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { basename, join } from "node:path";
import { test } from "node:test";
import { arm64Package, whyNoArm64 } from "../support/arm64-bundle.ts";
import { assertFacts, assertInstalled, printMeasures } from "../support/installed-board-facts.ts";
import { fromCloneToPi, runInstalled } from "../support/installed-board.ts";
import { whyNoBoard } from "../support/virtual-board.ts";

const root = join(import.meta.dirname, "../..");
const LATER = "0.9.0";

/** What the README says to type before the board comes in; answers the file that it copies there. */
function builtAsWritten(): string {
  const { atHome, copied } = fromCloneToPi();
  for (const command of atHome) {
    const done = spawnSync("bash", ["-c", command], { cwd: root, encoding: "utf8" });
    assert.equal(done.status, 0, `${command}\n${done.stdout}${done.stderr}`);
    assert.match(done.stdout, new RegExp(`^\\S+ +${basename(copied)} `, "m"), "the table names what is copied");
  }
  return join(root, copied);
}

test(
  "an installed board survives a hang, a read-only root, an upgrade and a power cut, and is purged without a trace",
  { skip: whyNoBoard() || whyNoArm64(), timeout: 1_800_000 },
  async (t) => {
    const file = builtAsWritten();
    const later = await arm64Package(LATER);
    const told = await runInstalled(t, { package: file, later, length: "long", limit: 1_500 });
    assertInstalled(told);
    printMeasures(t, told);
    assertFacts(
      {
        "a process that hangs is replaced": 0,
        "by the watchdog": "pinion-device.service: Watchdog timeout (limit 30s)!",
        "it joins with a hundred readings a second": 0,
        "over the character device it works too": 0,
        "the router-bridge starts and says that it is ready": 0,
        "and answers": "HTTP/1.1 200 OK",
        "user of the router-bridge": "pinion-bridge",
        "nice values of its helping threads": "(V8Worker) 10",
        "stopped, the pump is off": 0,
        "the root is read-only": 0,
        truly: 1,
        "it starts on a read-only root": 0,
        "and works": 0,
        "dpkg upgrades it": 0,
        "to the later one": LATER,
        "the new one runs": 0,
        "with the same configuration": 0,
        "what was disabled stays so": "disabled",
        "boot 1": true,
        "after a power cut it comes up by itself": 0,
        "and works as before": 0,
        "dpkg purges it": 0,
        "purged, the pump is off": 0,
        "what is left": "",
        "passwd is as it was": 0,
        "group is as it was": 0,
        ...Object.fromEntries(fromCloneToPi().onTheBoard.map((command) => [`$ ${command}`, 0])),
        "as written: the relay is on": 0,
        done: true,
      },
      told,
    );
  },
);
