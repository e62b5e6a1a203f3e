/**
 * Other people's WAMP clients log in to the built router-bridge, with accounts that the built `pinion auth` has made. What a peer
 * program does is said in peers/login-autobahn.mjs.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort, programScript, start, startBridge, until, type Running } from "../support/programs.ts";

const script = (file: string): string => join(import.meta.dirname, "peers", file);
const SECRET = "open the door, please";
const METHODS = ["ticket", "wampcra", "cryptosign"] as const;

const peers = [
  { program: "autobahn", command: [process.execPath, script("login-autobahn.mjs")], schemes: ["ws"] },
  { program: "wampy", command: [process.execPath, script("login-wampy.mjs")], schemes: ["ws"] },
  {
    program: "python3-autobahn",
    command: ["/usr/bin/python3", script("login-autobahn-python.py")],
    schemes: ["rs", "ws"],
  },
] as const;

const folder = mkdtempSync(join(tmpdir(), "pinion-logins-"));
let port = 0;
let bridge: Running | undefined;
let seed = "";

/** The built command, as a user calls it. */
function add(...args: readonly string[]): void {
  const { status, stderr } = spawnSync(
    process.execPath,
    [programScript("pinion"), "auth", "add", ...args, "--accounts", join(folder, "accounts.json")],
    { encoding: "utf8", timeout: 60_000 },
  );
  assert.equal(status, 0, stderr);
}

before(async () => {
  const secret = join(folder, "secret");
  writeFileSync(secret, `${SECRET}\n`, { mode: 0o600 });
  const key = join(folder, "key");
  add("joe", "--role", "operator", "--secret-file", secret);
  add("board", "--role", "device", "--new-key", key);
  seed = /private-key-ed25519: ([0-9a-f]{64})/.exec(readFileSync(key, "utf8"))?.[1] ?? "";
  const config = join(folder, "bridge.yaml");
  writeFileSync(config, `auth: { file: ${join(folder, "accounts.json")} }\n`);
  port = await freePort();
  bridge = await startBridge(port, ["--config", config]);
});

after(async () => {
  await bridge?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** @throws when the peer ended without one. */
function lineOf(peer: Running): string | undefined {
  const line = /^\{.*\}$/m.exec(peer.output())?.[0];
  if (line === undefined && peer.process.exitCode !== null) throw new Error(`the peer ended:\n${peer.output()}`);
  return line;
}

for (const { program, command, schemes } of peers) {
  for (const scheme of schemes) {
    const said = async (method: string, authid: string, credential: string): Promise<unknown> => {
      const url = scheme === "rs" ? `rs://127.0.0.1:${String(port)}` : `ws://127.0.0.1:${String(port)}/ws`;
      const peer = start(command[0], [command[1], url, method, authid, credential]);
      try {
        const line = await until("its line", () => lineOf(peer), 30_000, peer.output);
        return JSON.parse(line) as unknown;
      } finally {
        await peer.stop("SIGKILL");
      }
    };
    for (const method of METHODS) {
      test(`${program} over ${scheme} logs in by ${method}`, async () => {
        const [authid, authrole] = method === "cryptosign" ? ["board", "device"] : ["joe", "operator"];
        const credential = method === "cryptosign" ? seed : SECRET;
        assert.deepEqual(await said(method, authid, credential), { authid, authrole, authmethod: method });
      });
    }
    test(`${program} over ${scheme} is refused with a wrong secret`, async () => {
      assert.deepEqual(await said("wampcra", "joe", "shut"), { refused: "wamp.error.authentication_denied" });
    });
  }
}
