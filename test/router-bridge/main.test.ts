import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { before, test, type TestContext } from "node:test";
import { build } from "esbuild";
import { VERSION } from "../../router-bridge/version.ts";
import { start, until } from "../support/programs.ts";
import { eventually, temporaryFolder } from "../support/router-bridge-fixture.ts";
import { talk } from "../support/router-bridge-talk.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after } from "node:test";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "pinion-main-"));
const script = join(folder, "pinion-router-bridge.cjs");
after(() => rmSync(folder, { recursive: true, force: true }));

// as the program is shipped: one CommonJS file, nothing beside it
before(async () => {
  await build({
    entryPoints: [join(root, "router-bridge/main.ts")],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    logLevel: "silent",
    absWorkingDir: root,
  });
});

interface Run {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly exit: Promise<number | null>;
}

function run(t: TestContext, ...args: string[]): Run {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"], cwd: folder });
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const exit = once(child, "close").then(([status]) => status as number | null); // the event's first argument
  return { child, out: () => text, exit };
}

async function portOf({ out }: Run): Promise<number> {
  return Number(await eventually(() => /http:\/\/127\.0\.0\.1:(\d+)\//.exec(out())?.[1], "the start line"));
}

test("the bundled program says where it listens, serves, and ends on SIGTERM with status 0 after GOODBYE", async (t) => {
  const bridge = run(t, "--listen", "127.0.0.1:0");
  const port = await portOf(bridge);
  assert.equal((await fetch(`http://127.0.0.1:${String(port)}/healthz`)).status, 200);
  const peer = await (await talk(t, `ws://127.0.0.1:${String(port)}/ws`)).join();
  bridge.child.kill("SIGTERM");
  const { reason } = await peer.expect("GOODBYE");
  assert.equal(reason, "wamp.close.system_shutdown");
  peer.send({ type: "GOODBYE", details: {}, reason });
  assert.equal(await bridge.exit, 0);
  assert.match(bridge.out(), /plain, this machine only/);
});

/** Names and nice values of a process' threads (proc_pid_stat(5), field 19). */
function threadsOf(pid: number): { readonly name: string; readonly nice: number }[] {
  const tasks = `/proc/${String(pid)}/task`;
  return readdirSync(tasks).map((task) => {
    const [, name = "", rest = ""] = /\((.*)\) (.*)/s.exec(readFileSync(`${tasks}/${task}/stat`, "utf8")) ?? [];
    return { name, nice: Number(rest.split(" ")[16]) };
  });
}

test("V8's helping threads give way to the one that serves", { skip: process.platform !== "linux" }, async (t) => {
  const bridge = run(t, "--listen", "127.0.0.1:0");
  await portOf(bridge);
  const { pid } = bridge.child;
  assert.ok(pid !== undefined);
  const threads = threadsOf(pid);
  const own = threads[0]?.nice ?? Number.NaN;
  const helpers = threads.filter(({ name }) => name === "V8Worker");
  assert.ok(helpers.length > 0, JSON.stringify(threads));
  for (const { nice } of helpers) assert.equal(nice, Math.min(19, own + 10));
  for (const { name, nice } of threads) if (name !== "V8Worker") assert.equal(nice, own, name);
});

test("SIGINT ends it with status 0 too", async (t) => {
  const bridge = run(t, "--listen", "127.0.0.1:0");
  await portOf(bridge);
  bridge.child.kill("SIGINT");
  assert.equal(await bridge.exit, 0);
});

test("systemd is told that it listens, that it lives, and that it stops", async (t) => {
  const socket = join(temporaryFolder(t), "notify");
  const systemd = start("socat", ["-u", `UNIX-RECV:${socket}`, "STDOUT"]);
  t.after(() => systemd.stop());
  await until("the notify socket", () => existsSync(socket), 10_000, systemd.output);
  const child = spawn(process.execPath, [script, "--listen", "127.0.0.1:0"], {
    stdio: "ignore",
    env: { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "900000" },
  });
  t.after(() => child.kill("SIGKILL"));
  await until("READY", () => systemd.output().includes("READY=1"), 30_000, systemd.output);
  await until("a ping", () => systemd.output().includes("WATCHDOG=1"), 30_000, systemd.output);
  child.kill("SIGTERM");
  await until("STOPPING", () => systemd.output().includes("STOPPING=1"), 30_000, systemd.output);
});

test("a port in use is port_in_use, names the port and how to choose another, and is status 1", async (t) => {
  const busy = createServer().listen(0, "127.0.0.1");
  t.after(() => busy.close());
  await once(busy, "listening");
  const address = busy.address();
  assert.ok(typeof address === "object" && address !== null);
  const bridge = run(t, "--listen", `127.0.0.1:${String(address.port)}`);
  assert.equal(await bridge.exit, 1);
  assert.match(bridge.out(), new RegExp(`port_in_use: .*${String(address.port)}.*--listen`));
});

test("an open address on the command line is insecure_bind, with the cure", async (t) => {
  const bridge = run(t, "--listen", "0.0.0.0:0");
  assert.equal(await bridge.exit, 1);
  assert.match(bridge.out(), /insecure_bind: .*insecure: true/);
});

test("an address that is none is usage, an unknown option too", async (t) => {
  const wrong = run(t, "--listen", "8080");
  assert.equal(await wrong.exit, 2);
  assert.match(wrong.out(), /usage: .*127\.0\.0\.1:8080/);
  assert.equal(await run(t, "--lisetn", "x").exit, 2);
});

test("a wrong configuration is config_invalid: all problems are printed, status 2", async (t) => {
  const file = join(temporaryFolder(t), "bridge.yaml");
  writeFileSync(file, "relms: [a]\nlisten:\n  - tcp: 0.0.0.0:1\n");
  const bridge = run(t, "--config", file);
  assert.equal(await bridge.exit, 2);
  assert.match(bridge.out(), /config_invalid/);
  assert.match(bridge.out(), /bridge\.yaml:1:1: relms:.*[\s\S]*did you mean 'realms'/);
  const missing = run(t, "--config", join(folder, "nowhere.yaml"));
  assert.equal(await missing.exit, 2);
  assert.match(missing.out(), /no such file/);
});

test("--check says that a configuration is right, or what is wrong, and starts nothing", async (t) => {
  const file = join(temporaryFolder(t), "bridge.yaml");
  writeFileSync(file, "realms: [house]\nlisten: [{ tcp: 127.0.0.1:1 }]\n");
  const good = run(t, "--config", file, "--check");
  assert.equal(await good.exit, 0);
  assert.match(good.out(), /no problem found/);
  writeFileSync(file, "realms: 5\n");
  assert.equal(await run(t, "--config", file, "--check").exit, 2);
});

test("an address of another machine is address_not_available", async (t) => {
  const file = join(temporaryFolder(t), "bridge.yaml");
  writeFileSync(file, "listen: [{ tcp: 192.0.2.1:8080, insecure: true }]\n");
  const bridge = run(t, "--config", file);
  assert.equal(await bridge.exit, 1);
  assert.match(bridge.out(), /address_not_available: 192\.0\.2\.1/);
});

test("an open listener without TLS is said to be one in the log", async (t) => {
  const file = join(temporaryFolder(t), "bridge.yaml");
  writeFileSync(file, "listen: [{ tcp: 0.0.0.0:0, insecure: true }]\n");
  const bridge = run(t, "--config", file);
  await eventually(() => bridge.out().includes("WITHOUT TLS"), "the warning");
});

test("the version is that of the repository", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }; // npm needs it
  assert.equal(VERSION, version);
});
