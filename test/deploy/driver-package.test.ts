import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { driverPackage } from "../../deploy/driver-package.ts";
import { temporaryFolder } from "../support/programs.ts";

const root = join(import.meta.dirname, "../..");
const example = join(root, "deploy/examples/drivers");

test("@pinion/driver as a package: an editor checks the example driver against its types, and programs can load it", async (t) => {
  const folder = temporaryFolder(t);
  const place = join(folder, "node_modules/@pinion/driver");
  await driverPackage(place);
  symlinkSync(join(root, "node_modules/typebox"), join(folder, "node_modules/typebox"));
  for (const name of ["mh-z19.mjs", "mh-z19.scenario.mjs"]) copyFileSync(join(example, name), join(folder, name));
  const wrong = readFileSync(join(example, "mh-z19.mjs"), "utf8").replace(
    "path: config.path, owner",
    "path: config.pathh, owner",
  );
  writeFileSync(join(folder, "wrong.mjs"), wrong);
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const options = ["--noEmit", "--checkJs", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2023"];
  const files = ["mh-z19.mjs", "mh-z19.scenario.mjs", "wrong.mjs"];
  const { stdout } = spawnSync(process.execPath, [tsc, ...options, ...files], { cwd: folder, encoding: "utf8" });
  const faults = stdout.split("\n").filter((line) => line.includes("error"));
  assert.match(faults[0] ?? "", /^wrong\.mjs.*'pathh' does not exist/);
  assert.equal(faults.length, 1, stdout);
  const script = `import driver from "./mh-z19.mjs"; console.log(driver.kind, driver.check({ path: 1 }).length);`;
  const loaded = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd: folder, encoding: "utf8" });
  assert.equal(loaded.stdout, "mh_z19 1\n", loaded.stderr);
});
