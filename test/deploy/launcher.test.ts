/** The launcher as it is, over whatever a state directory may have become. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeReleaseDisk, type ReleaseDisk } from "../../device/updating/release-disk.ts";
import { ReleaseStore } from "../../device/updating/release-store.ts";
import { temporaryFolder, until } from "../support/programs.ts";
import { install, livesLeft, makeRelease, releaseScene, type Scene } from "../support/release-scene.ts";

interface World extends Scene {
  readonly disk: ReleaseDisk;
  readonly store: ReleaseStore;
  readonly at: (...path: readonly string[]) => string;
}

function world(t: TestContext): World {
  const scene = releaseScene(temporaryFolder(t));
  const disk = nodeReleaseDisk(scene.state);
  return { ...scene, disk, store: new ReleaseStore(disk), at: (...path) => join(scene.state, ...path) };
}

/** As the board does once it has run for a minute and joined. */
function confirm({ at }: World): void {
  rmSync(at("trial"), { recursive: true });
}

test("without any release, or any state directory at all, the package's program runs", (t) => {
  const scene = world(t);
  assert.equal(scene.launch().ran, "package");
  rmSync(scene.state, { recursive: true });
  assert.equal(scene.launch().ran, "package");
});

test("a release has three starts to prove itself; the fourth finds the one before back in its place, and why", async (t) => {
  const scene = world(t);
  await install(scene.disk, scene.store, makeRelease("1.1.0"));
  assert.equal(scene.launch().ran, "1.1.0");
  confirm(scene);
  await install(scene.disk, scene.store, makeRelease("1.2.0"));
  for (const left of [2, 1, 0]) {
    assert.equal(scene.launch().ran, "1.2.0");
    assert.equal(livesLeft(scene), left);
  }
  const { ran, said } = scene.launch();
  assert.equal(ran, "1.1.0");
  assert.match(said, /release 1\.2\.0 is taken back: 3 starts/);
  assert.equal(readlinkSync(scene.at("releases/current")), "1.1.0");
  assert.equal(readFileSync(scene.at("rolled-back/version"), "utf8"), "1.2.0\n");
  assert.match(readFileSync(scene.at("rolled-back/reason"), "utf8"), /3 starts ended/);
  for (let i = 0; i < 5; i += 1) assert.equal(scene.launch().ran, "1.1.0", "which is on trial no more");
});

test("the first release that fails leads back to the package", async (t) => {
  const scene = world(t);
  await install(scene.disk, scene.store, makeRelease("1.1.0"));
  for (let i = 0; i < 3; i += 1) assert.equal(scene.launch().ran, "1.1.0");
  assert.equal(scene.launch().ran, "package");
  assert.equal(existsSync(scene.at("releases/current")), false);
});

test("a release that was confirmed is counted no more", async (t) => {
  const scene = world(t);
  await install(scene.disk, scene.store, makeRelease("1.1.0"));
  scene.launch();
  confirm(scene);
  for (let i = 0; i < 6; i += 1) assert.equal(scene.launch().ran, "1.1.0");
});

for (const args of [
  ["--safe"],
  ["--check"],
  ["--doctor", "gpio"],
  ["update", "x"],
  ["config", "plan"],
  ["--version"],
]) {
  test(`${args.join(" ")} is no start: it runs the release and costs no life`, async (t) => {
    const scene = world(t);
    await install(scene.disk, scene.store, makeRelease("1.1.0"));
    for (let i = 0; i < 5; i += 1) scene.launch({ args });
    assert.equal(livesLeft(scene), 3);
    assert.equal(scene.launch().ran, "1.1.0");
  });
}

test("a release to which the board's configuration is wrong is taken back at once, with its words", async (t) => {
  const scene = world(t);
  await install(scene.disk, scene.store, makeRelease("1.1.0"));
  assert.equal(scene.launch({ env: { CHECK_STATUS: "78" } }).ran, "package");
  assert.match(
    readFileSync(scene.at("rolled-back/reason"), "utf8"),
    /configuration is wrong for it: words of the check/,
  );
});

test("a damaged file takes a release on trial back, and sends a confirmed one to the one before without changing anything", async (t) => {
  const scene = world(t);
  await install(scene.disk, scene.store, makeRelease("1.1.0"));
  scene.launch();
  confirm(scene);
  await install(scene.disk, scene.store, makeRelease("1.2.0"));
  writeFileSync(scene.at("releases/1.2.0/lib/data.txt"), "dat");
  assert.equal(scene.launch().ran, "1.1.0");
  assert.match(readFileSync(scene.at("rolled-back/reason"), "utf8"), /damaged/);
  await install(scene.disk, scene.store, makeRelease("1.3.0"));
  scene.launch();
  confirm(scene);
  rmSync(scene.at("releases/1.3.0/lib"), { recursive: true });
  const { ran, said } = scene.launch();
  assert.equal(ran, "1.1.0");
  assert.match(said, /1\.3\.0 is damaged/);
  writeFileSync(scene.at("releases/1.1.0/start"), "");
  assert.equal(scene.launch().ran, "package");
  assert.equal(readlinkSync(scene.at("releases/current")), "1.3.0");
});

const CORRUPT: Readonly<Record<string, (scene: World) => void>> = {
  "current leads to nowhere": ({ at }) => {
    rmSync(at("releases/current"));
    symlinkSync("9.9.9", at("releases/current"));
  },
  "current leads out of the releases": ({ at }) => {
    rmSync(at("releases/current"));
    symlinkSync("../../../../bin", at("releases/current"));
  },
  "current is a file": ({ at }) => {
    rmSync(at("releases/current"));
    writeFileSync(at("releases/current"), "1.2.0");
  },
  "current is missing": ({ at }) => rmSync(at("releases/current")),
  "all of releases is missing": ({ at }) => rmSync(at("releases"), { recursive: true }),
  "releases is a file": ({ at }) => {
    rmSync(at("releases"), { recursive: true });
    writeFileSync(at("releases"), "");
  },
  "the version of the package at that time is lost": ({ at }) => writeFileSync(at("releases/baseline"), "\0\0"),
  "the trial is empty": ({ at }) => {
    rmSync(at("trial"), { recursive: true });
    mkdirSync(at("trial"));
  },
  "the trial is a file": ({ at }) => {
    rmSync(at("trial"), { recursive: true });
    writeFileSync(at("trial"), "1.2.0");
  },
  "the trial's version is zeros": ({ at }) => writeFileSync(at("trial/version"), "\0\0\0\0"),
  "the way back leads to nowhere": ({ at }) => {
    rmSync(at("trial/previous"));
    symlinkSync("7.7.7", at("trial/previous"));
  },
  "the list of sums is empty": ({ at }) => writeFileSync(at("releases/1.2.0/.sums"), ""),
  "the start is no program": ({ at }) => chmodSync(at("releases/1.2.0/start"), 0o644),
  "half a release": ({ at }) => renameSync(at("releases/1.2.0/lib"), at("lost")),
};

for (const [what, corrupt] of Object.entries(CORRUPT)) {
  test(`${what}: something that is whole runs, each time, and not the failing release for ever`, async (t) => {
    const scene = world(t);
    await install(scene.disk, scene.store, makeRelease("1.1.0"));
    scene.launch();
    confirm(scene);
    await install(scene.disk, scene.store, makeRelease("1.2.0"));
    corrupt(scene);
    const ran = Array.from({ length: 6 }, () => scene.launch().ran);
    for (const one of ran) assert.ok(["package", "1.1.0", "1.2.0"].includes(one), ran.join());
    const isUntried = what.startsWith("the trial");
    if (!isUntried) assert.notEqual(ran.at(-1), "1.2.0", ran.join());
  });
}

test("a package that was replaced runs, and the releases of before it do not", async (t) => {
  const scene = world(t);
  await install(scene.disk, scene.store, makeRelease("1.1.0"));
  writeFileSync(join(scene.package, "manifest.json"), '{ "version": "2.0.0" }');
  assert.equal(scene.launch().ran, "package");
  assert.equal(scene.launch().ran, "package");
});

test(
  "a release on trial that cannot be counted does not run",
  { skip: process.getuid?.() !== 0 && "needs root" },
  async (t) => {
    const scene = world(t);
    await install(scene.disk, scene.store, makeRelease("1.1.0"));
    // not even root renames in an immutable folder
    if (spawnSync("chattr", ["+i", scene.at("trial")]).status !== 0)
      return t.skip("this file system knows no such folders");
    try {
      assert.equal(scene.launch().ran, "package");
    } finally {
      spawnSync("chattr", ["-i", scene.at("trial")]);
    }
  },
);

const HANGS = { start: '#!/bin/sh\ncase "$*" in *--check*) exit 0 ;; esac\necho runs; exec sleep 15\n' };

test("a release that runs and never joins is ended at the end of its time and taken back, when the one before had joined", async (t) => {
  const scene = world(t);
  await install(scene.disk, scene.store, makeRelease("1.1.0", HANGS));
  assert.equal(scene.launch().status, null, "ended by a signal");
  assert.equal(scene.launch().ran, "package");
  assert.match(readFileSync(scene.at("rolled-back/reason"), "utf8"), /did not join the router within 1 s/);
});

test("a release that runs and never joins stays when the one before had no link either", async (t) => {
  const scene = world(t);
  await install(scene.disk, scene.store, makeRelease("1.1.0", HANGS), false);
  const child = spawn(join(scene.package, "run"), [], {
    stdio: "ignore",
    env: { PATH: process.env["PATH"], STATE_DIRECTORY: scene.state, PINION_TRIAL_LIMIT: "1" },
  });
  t.after(() => child.kill("SIGKILL"));
  await until("the end of the trial", () => !existsSync(scene.at("trial")));
  assert.equal(child.exitCode ?? child.signalCode, null, "it still runs");
  assert.equal(readlinkSync(scene.at("releases/current")), "1.1.0");
});
