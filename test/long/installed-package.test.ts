/** Packages with a Node of their own, installed and purged: of this machine, and of other processors under emulation. */
import { test } from "node:test";
import { targets } from "../../deploy/artefact/targets.ts";
import { whyNoEmulation } from "../support/foreign-user-land.ts";
import { assertPackageLives } from "../support/installed-package.ts";
import { whyNoRoot } from "../support/root-of-its-own.ts";

for (const target of targets) {
  test(
    `the package for ${target.debian} is installed, runs with its own Node, is upgraded and purged`,
    { skip: whyNoRoot() || whyNoEmulation(target), timeout: 280_000 },
    (t) => assertPackageLives(t, target.name, {}),
  );
}
