/** What lies on a board beside the programs: the units, and what starts a program there. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startScript } from "../../deploy/artefact/program-folder.ts";
import { programs } from "../../deploy/programs.ts";
import { temporaryFolder } from "../support/programs.ts";

const service = join(import.meta.dirname, "../../deploy/service");
const device = programs.find(({ name }) => name === "pinion-device") ?? assert.fail("there is no pinion-device");
const options = device.nodeOptions.join(" ");
const noAnalyze = spawnSync("systemd-analyze", ["--version"]).error === undefined ? false : "needs systemd-analyze";

/** A program's folder with the launcher, and with what stands for a Node: it prints its own place and what it is given. */
function installed(t: TestContext, ...nodes: readonly string[]): { folder: string; start: string } {
  const folder = join(temporaryFolder(t), "pinion-device");
  mkdirSync(folder, { recursive: true });
  const start = join(folder, "start");
  writeFileSync(start, startScript(device));
  for (const node of nodes) {
    mkdirSync(join(folder, node, ".."), { recursive: true });
    writeFileSync(join(folder, node), '#!/bin/sh\necho "$0 $*"\n');
    chmodSync(join(folder, node), 0o755);
  }
  chmodSync(start, 0o755);
  return { folder, start };
}

function launch(start: string, path: string): { status: number | null; stdout: string; stderr: string } {
  // the few that the launcher needs, and no Node
  const needed = ["dirname", "readlink"].map((name) =>
    spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim(),
  );
  for (const file of needed) {
    try {
      symlinkSync(file, join(path, file.split("/").at(-1) ?? ""));
    } catch {
      // there from the launch before
    }
  }
  return spawnSync("/bin/sh", [start, "--config", "a b"], { encoding: "utf8", env: { PATH: path } });
}

test("a program runs with the Node in its folder, before the one beside its folder, before the machine's", (t) => {
  const path = temporaryFolder(t);
  const own = installed(t, "node/bin/node", "../node/bin/node");
  assert.equal(
    launch(own.start, path).stdout,
    `${own.folder}/node/bin/node ${options} ${own.folder}/pinion-device.cjs --config a b\n`,
  );
  const shared = installed(t, "../node/bin/node");
  assert.match(launch(shared.start, path).stdout, /\/\.\.\/node\/bin\/node .*\/pinion-device\.cjs/);
  const none = installed(t, "machine/node");
  copyFileSync(join(none.folder, "machine/node"), join(path, "node"));
  chmodSync(join(path, "node"), 0o755);
  assert.equal(
    launch(none.start, path).stdout,
    `${path}/node ${options} ${none.folder}/pinion-device.cjs --config a b\n`,
  );
});

test("a program is found through a link, as /usr/bin has it", (t) => {
  const path = temporaryFolder(t);
  const { folder, start } = installed(t, "node/bin/node");
  const link = join(path, "pinion-device");
  symlinkSync(start, link);
  assert.match(launch(link, path).stdout, new RegExp(`^${folder}/node/bin/node`));
});

test("where there is no Node the launcher says what to install, with status 127", (t) => {
  const { status, stderr } = launch(installed(t).start, temporaryFolder(t));
  assert.equal(status, 127);
  assert.match(stderr, /pinion-device: there is no Node here: install nodejs \(20 or newer\)/);
});

for (const [unit, most] of [
  ["pinion-device.service", 25],
  ["pinion-router-bridge.service", 20],
] as const) {
  test(`${unit} is exposed by at most ${String(most / 10)} of 10, as systemd counts`, { skip: noAnalyze }, () => {
    const args = ["security", "--offline=yes", `--threshold=${String(most)}`, "--no-pager", join(service, unit)];
    const { status, stdout, stderr } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /Overall exposure level/);
    // the only one of its group: what helps gives way to what has to be on time
    assert.match(stdout, /@resources is included \(e\.g\. setpriority is allowed\)/);
  });
}
