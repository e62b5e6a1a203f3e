/** Releases and configurations that go over a router to an arm64 board under systemd: kept, taken back, and there after a power cut. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { whyNoArm64 } from "../support/arm64-bundle.ts";
import { arm64Release } from "../support/arm64-release.ts";
import { assertFacts } from "../support/installed-board-facts.ts";
import { updatedBoard } from "../support/updated-board.ts";
import { whyNoBoard } from "../support/virtual-board.ts";

/** Looks for a router where there is none; otherwise a board like any other, which says that it is ready and lives. */
const ELSEWHERE = `real=$(dirname "$(readlink -f "$0")")/start.real
case "$*" in *--check* | *--safe*) exec "$real" "$@" ;; esac
sed 's|10.0.2.2:8080|127.0.0.1:9|' /etc/pinion/board.yaml >"$STATE_DIRECTORY/elsewhere.yaml"
exec "$real" --config "$STATE_DIRECTORY/elsewhere.yaml"`;
const CRASHES = `case "$*" in *--check* | *--safe*) exit 0 ;; esac
echo crashes >&2; exit 1`;

test(
  "a signed release proves itself, one that crashes and one that never joins are taken back, a configuration stays only when confirmed",
  { skip: whyNoBoard() || whyNoArm64(), timeout: 3_000_000 },
  async (t) => {
    const board = updatedBoard(t);
    const wish = { folder: board.folder, key: board.releaseKey };
    await arm64Release({ ...wish, version: "1.1.0" });
    await arm64Release({ ...wish, version: "1.2.0", start: CRASHES });
    await arm64Release({ ...wish, version: "1.3.0", start: ELSEWHERE });
    writeFileSync(join(board.folder, "next.yaml"), board.config.replace("pump: { pin: GPIO17", "fan: { pin: GPIO27"));
    const told = await board.run({ inside: "updated", outside: "updated", boots: 2, limit: 2_700 });
    assertFacts(
      {
        "dpkg installs it": 0,
        "it starts": 0,
        "update 1.1.0": 0,
        "update 1.2.0": 1,
        "update 1.3.0": 1,
        apply: 0,
        "applied, the new pin is there": true,
        "apply and confirm": 0,
        "all was done from outside": 0,
        "and has the new pin": 0,
        "looked at after the power cut": 0,
        failed: "",
        done: true,
      },
      told,
    );
    const says = (name: string, words: RegExp): void => assert.match(String(told.facts.get(name)), words, told.text);
    says("begins with", /"from":"package"/);
    says("update 1.1.0 says", /release 1\.1\.0 has proved itself/);
    says("update 1.2.0 says", /release 1\.2\.0 was taken back, 1\.1\.0 runs: 3 starts ended/);
    says("after 1.2.0 it runs", /"version":"1\.1\.0".*"rolledBack":\{"version":"1\.2\.0"/);
    says("update 1.3.0 says", /release 1\.3\.0 was taken back, 1\.1\.0 runs: it did not join the router within 240 s/);
    says("after 1.3.0 it runs", /"version":"1\.1\.0".*"rolledBack":\{"version":"1\.3\.0"/);
    says("plan", /GPIO17 removed: pump of gpio[^]*GPIO27 added: fan of gpio/);
    says("not confirmed, it says", /nobody confirmed it within 60 s/);
    says("apply and confirm says", /the board is back with it: confirmed/);
    says("after a power cut it runs", /"version":"1\.1\.0"/);
    for (const [name, value] of told.facts) if (name.startsWith("s ")) t.diagnostic(`${name}: ${String(value)}`);
  },
);
