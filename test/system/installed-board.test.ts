/** What a user does: the Debian package on an arm64 board of 512 MB under systemd. The rest is in test/long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { arm64Package, whyNoArm64 } from "../support/arm64-bundle.ts";
import { assertInstalled, printMeasures } from "../support/installed-board-facts.ts";
import { runInstalled } from "../support/installed-board.ts";
import { whyNoBoard } from "../support/virtual-board.ts";

test(
  "installed by dpkg, the service drives pins as its own user, and a kill -9 leaves the pump off until it is back",
  { skip: whyNoBoard() || whyNoArm64(), timeout: 450_000 },
  async (t) => {
    const told = await runInstalled(t, { package: await arm64Package(), length: "short", limit: 420 });
    assertInstalled(told);
    printMeasures(t, told);
    assert.equal(told.facts.get("done"), true, told.text);
  },
);
