/** The package of this machine, installed and purged. With a Node of its own, and for another processor: test/long. */
import { test } from "node:test";
import { targets } from "../../deploy/artefact/targets.ts";
import { assertPackageLives } from "../support/installed-package.ts";
import { whyNoRoot } from "../support/root-of-its-own.ts";

test(
  "installed by dpkg the programs run as their users from where they lie, an upgrade keeps the configuration, a purge leaves nothing",
  { skip: whyNoRoot(), timeout: 200_000 },
  async (t) => {
    const own = targets.find(({ arch }) => arch === process.arch);
    await assertPackageLives(t, own?.name ?? "", { node: "empty" });
  },
);
