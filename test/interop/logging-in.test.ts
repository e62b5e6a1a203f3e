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

const SERIALIZERS = ["json", "msgpack", "cbor"] as const;

/** `cannot`: a transport, with or without a serializer, and why not. */
const peers: readonly {
  readonly program: string;
  readonly command: readonly [string, string];
  readonly cannot: Readonly<Record<string, string>>;
}[] = [
  {
    program: "autobahn",
    command: [process.execPath, script("login-autobahn.mjs")],
    cannot: { "rs msgpack": "its raw socket speaks JSON only", "rs cbor": "its raw socket speaks JSON only" },
  },
  {
    program: "wampy",
    command: [process.execPath, script("login-wampy.mjs")],
    cannot: { rs: "it has no raw socket" },
  },
  { program: "python3-autobahn", command: ["/usr/bin/python3", script("login-autobahn-python.py")], cannot: {} },
];

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

type Login = readonly [method: string, authid: string, credential: string];

/** What the peer's one line says. */
async function said(
  command: readonly [string, string],
  url: string,
  login: Login,
  serializer: string,
): Promise<unknown> {
  const peer = start(command[0], [command[1], url, ...login, serializer]);
  try {
    const line = await until("its line", () => lineOf(peer), 30_000, peer.output);
    return JSON.parse(line) as unknown;
  } finally {
    await peer.stop("SIGKILL");
  }
}

for (const { program, command, cannot } of peers) {
  for (const scheme of ["rs", "ws"] as const) {
    for (const serializer of SERIALIZERS) {
      const where = `${program} over ${scheme} in ${serializer}`;
      const skip = cannot[scheme] ?? cannot[`${scheme} ${serializer}`] ?? false;
      const url = (): string =>
        scheme === "rs" ? `rs://127.0.0.1:${String(port)}` : `ws://127.0.0.1:${String(port)}/ws`;
      for (const method of METHODS) {
        const words = method === "wampcra" ? "WAMP-CRA, salted" : method;
        test(`${where} logs in by ${words}`, { skip }, async () => {
          const [authid, authrole] = method === "cryptosign" ? ["board", "device"] : ["joe", "operator"];
          const credential = method === "cryptosign" ? seed : SECRET;
          const welcome = await said(command, url(), [method, authid, credential], serializer);
          assert.deepEqual(welcome, { authid, authrole, authmethod: method });
        });
      }
      test(`${where} is refused with a wrong secret`, { skip }, async () => {
        const refused = await said(command, url(), ["wampcra", "joe", "shut"], serializer);
        assert.deepEqual(refused, { refused: "wamp.error.authentication_denied" });
      });
    }
  }
}
