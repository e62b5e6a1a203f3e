/** Everything done wrong that somebody new to a board does wrong, on a real kernel; each message is read. */
import { test } from "node:test";
import { programFolder } from "../../deploy/build.ts";
import { assertNewcomer, runNewcomer } from "../support/newcomer-facts.ts";
import { programScript } from "../support/programs.ts";
import { whyNoBoard } from "../support/virtual-board.ts";

test(
  "whatever a newcomer gets wrong on the board, the message names it, its place and the cure; so does the doctor",
  { skip: whyNoBoard(), timeout: 450_000 },
  async (t) => {
    programScript("pinion-device");
    const bundle = programFolder("pinion-device");
    await assertNewcomer(t, await runNewcomer(t, { arch: "amd64", bundle, length: "short", limit: 420 }), "short");
  },
);
