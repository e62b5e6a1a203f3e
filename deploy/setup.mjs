/*
 * Makes a fresh clone ready: `node deploy/setup.mjs [start|test|bench|addons|<target>]`. Installs what package-lock.json says when node_modules is
 * missing or older than it, and the Debian packages and software of others (test/peers) that the purpose needs. Says nothing when there is nothing to do.
 * `addons` is npm's own call after an install by hand: it only sees to the native addons.
 *
 * Plain JavaScript on purpose: it runs on whatever Node the machine has, before the project's own Node 24 is there.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const purpose = process.argv[2] ?? "develop";
const runtime = `node-linux-${process.arch}`;

/** What each purpose needs of Debian, with a proof that it is there. `python3-*` are found by Debian's own Python. */
const compiler = [
  { name: "python3", proof: () => onPath("python3") },
  { name: "make", proof: () => onPath("make") },
  { name: "g++", proof: () => onPath("g++") },
];
const pty = [{ name: "socat", proof: () => onPath("socat") }];
const peers = [
  { name: "chromium", proof: () => existsSync("/usr/bin/chromium") },
  { name: "openssl", proof: () => onPath("openssl") },
  { name: "python3-autobahn", proof: () => debianPython("autobahn") },
  { name: "python3-twisted", proof: () => debianPython("twisted") },
  { name: "python3-u-msgpack", proof: () => debianPython("umsgpack") },
  { name: "python3-cbor2", proof: () => debianPython("cbor2") },
];
/** What compiles epoll for each target of `npm run build`. */
const crossCompiler = (processor, triplet) =>
  process.arch === processor
    ? compiler.filter(({ name }) => name === "g++")
    : [{ name: `g++-${triplet.replace("_", "-")}`, proof: () => onPath(`${triplet}-g++`) }];
/** The virtual board (test/rig); it fetches its kernel by itself. */
const virtualBoard = [
  { name: "qemu-system-x86", proof: () => onPath("qemu-system-x86_64") },
  { name: "qemu-system-arm", proof: () => onPath("qemu-system-aarch64") },
  ...crossCompiler("arm64", "aarch64-linux-gnu"),
  { name: "cpio", proof: () => onPath("cpio") },
  { name: "busybox-static", proof: () => existsSync("/usr/share/doc/busybox-static") },
];
/** What runs another processor's programs, and lays out the libraries that they need. */
const emulators = [
  { name: "qemu-user-static", proof: () => onPath("qemu-aarch64-static") && onPath("qemu-arm-static") },
  { name: "mmdebstrap", proof: () => onPath("mmdebstrap") },
];
/** Images of cards, and boards behind ssh. */
const delivery = [
  { name: "mtools", proof: () => onPath("mcopy") },
  { name: "openssh-server", proof: () => existsSync("/usr/sbin/sshd") },
  { name: "openssh-client", proof: () => onPath("ssh") },
  { name: "sudo", proof: () => onPath("sudo") },
  { name: "systemd", proof: () => existsSync("/lib/systemd/systemd") },
];
const rivals = [{ name: "mosquitto", proof: () => onPath("mosquitto") || existsSync("/usr/sbin/mosquitto") }];
const needs = {
  develop: [],
  addons: [],
  start: pty,
  test: [...pty, ...peers, ...virtualBoard, ...emulators, ...crossCompiler("arm", "arm-linux-gnueabihf"), ...delivery],
  bench: [...pty, ...rivals],
  "linux-arm64": crossCompiler("arm64", "aarch64-linux-gnu"),
  "linux-armv7": crossCompiler("arm", "arm-linux-gnueabihf"),
  "linux-x64": crossCompiler("x64", "x86_64-linux-gnu"),
};
const PEERS = join(root, "test", "peers");

function onPath(command) {
  return (process.env.PATH ?? "").split(":").some((dir) => existsSync(join(dir, command)));
}

function debianPython(module) {
  const place = `/usr/lib/python3/dist-packages/${module}`;
  return existsSync(place) || existsSync(`${place}.py`);
}

function stop(message) {
  console.error(`pinion set-up: ${message}`);
  process.exit(1);
}

function installDebian(packages) {
  const missing = packages.filter((entry) => !entry.proof()).map((entry) => entry.name);
  if (missing.length === 0) return;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0 || !onPath("apt-get")) {
    const how = onPath("apt-get")
      ? `run:\n\n    sudo sh -c '${command}'\n`
      : "install them with this system's package manager";
    stop(`these Debian packages are missing: ${missing.join(" ")}. This user may not install them, so ${how}`);
  }
  console.error(`pinion set-up: installing Debian packages: ${missing.join(" ")}`);
  const done = spawnSync("sh", ["-c", command], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status !== 0) stop(`\`${command}\` failed with status ${String(done.status)}:\n${done.stderr.slice(-2000)}`);
  const still = packages.filter((entry) => !entry.proof()).map((entry) => entry.name);
  if (still.length > 0) stop(`apt-get ended well, yet these are still not there: ${still.join(" ")}`);
}

/** What a node_modules was made from; the lock file records what package.json and the workspaces ask for. */
function fingerprint(folder) {
  const hash = createHash("sha256");
  hash.update(readFileSync(join(folder, "package-lock.json")));
  return `${hash.digest("hex")} ${process.platform}-${process.arch}\n`;
}

function stampFile(folder) {
  return join(folder, "node_modules", ".pinion-setup");
}

function isInstalled(folder) {
  return existsSync(stampFile(folder)) && readFileSync(stampFile(folder), "utf8") === fingerprint(folder);
}

function npmInstall(folder, ...options) {
  const done = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error", ...options], {
    cwd: folder,
    env: forProjectNode(),
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (done.status !== 0) {
    stop(
      `\`npm ci\` in ${folder} failed with status ${String(done.status)}; its own words are above. Is the npm registry reachable?`,
    );
  }
}

function installNode() {
  if (isInstalled(root)) return;
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
    stop(
      `this machine is ${process.platform}-${process.arch}; Pinion is developed on linux-x64 and linux-arm64. ` +
        "On others, use Node 24 and run `npm ci` yourself.",
    );
  }
  installDebian(compiler);
  console.error("pinion set-up: installing the npm packages (npm ci)");
  npmInstall(root);
  const fault = addonFault();
  if (fault !== undefined) stop(fault);
  writeFileSync(stampFile(root), fingerprint(root));
}

/** Without install scripts: nothing of these is needed that would have to be compiled or fetched by them. */
function installPeers() {
  if (isInstalled(PEERS)) return;
  console.error("pinion set-up: installing software of others to test against (npm ci in test/peers)");
  npmInstall(PEERS, "--ignore-scripts");
  writeFileSync(stampFile(PEERS), fingerprint(PEERS));
}

/** onoff's epoll addon is bound to one Node major: it is compiled against the headers of the Node that will run it. */
function forProjectNode() {
  return { ...process.env, npm_config_nodedir: join(root, "node_modules", runtime) };
}

/** An install that ended well but left an addon that the project's Node cannot load is found here, not in the first test. */
function addonFault() {
  const node = join(root, "node_modules", ".bin", "node");
  const script = "require('epoll'); require('@serialport/bindings-cpp')";
  const done = spawnSync(node, ["-e", script], { cwd: root, encoding: "utf8" });
  if (done.status === 0) return undefined;
  return (
    `the native addons do not load in the project's Node (${node}):\n${String(done.error ?? done.stderr).slice(-1500)}\n` +
    "Remove node_modules and run this again; if it stays so, python3, make and g++ are the tools to look at."
  );
}

/** After a plain `npm ci` or `npm install` epoll fits the Node that npm ran in, which may be another one. */
function mendAddons() {
  if (!existsSync(join(root, "node_modules", runtime)) || addonFault() === undefined) return;
  spawnSync("npm", ["rebuild", "epoll", "--loglevel=error"], { cwd: root, env: forProjectNode(), stdio: "inherit" });
  const fault = addonFault();
  if (fault !== undefined) console.error(`pinion set-up: ${fault}`);
}

if (!(purpose in needs)) stop(`unknown purpose '${purpose}'; it is one of: ${Object.keys(needs).join(", ")}`);
if (purpose === "addons") mendAddons();
else installNode();
installDebian(needs[purpose]);
if (purpose === "test" || purpose === "bench") installPeers();
