/**
 * Other people's WAMP clients log in to the built router-bridge, with accounts that the built `pinion auth` has made. What a peer
 * program does is said in peers/login-autobahn.mjs.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { freePort, programScript, start, startBridge, until, type Running } from "../support/programs.ts";

const script = (file: string): string => join(import.meta.dirname, "peers", file);
const SECRET = "open the door, please";

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
  add("old", "--role", "viewer", "--secret-file", secret, "--method", "wampcra", "--cra", "plain");
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

type Login = readonly [method: string, authid: string, credential: string];

const logins = (): readonly Login[] => [
  ["ticket", "joe", SECRET],
  ["wampcra", "joe", SECRET],
  ["wampcra", "old", SECRET],
  ["cryptosign", "board", seed],
  // not by WAMP-CRA: some of these libraries need seconds to derive a key
  ["ticket", "joe", "shut"],
];
const outcomes = [
  { authid: "joe", authrole: "operator", authmethod: "ticket" },
  { authid: "joe", authrole: "operator", authmethod: "wampcra" },
  { authid: "old", authrole: "viewer", authmethod: "wampcra" },
  { authid: "board", authrole: "device", authmethod: "cryptosign" },
  { refused: "wamp.error.authentication_denied" },
];
const words = [
  "logs in by ticket",
  "logs in by WAMP-CRA, salted",
  "logs in by WAMP-CRA, plain",
  "logs in by cryptosign",
  "is refused with a wrong secret",
];

/** What the peer's lines say, by the place of each login. @throws when it ended without all of them. */
function linesOf(peer: Running): ReadonlyMap<unknown, object> | undefined {
  const lines = Array.from(peer.output().matchAll(/^\{.*\}$/gm), ([line]) => JSON.parse(line) as { place: number }); // its shape
  if (lines.length === outcomes.length) return new Map(lines.map(({ place, ...outcome }) => [place, outcome]));
  if (peer.process.exitCode !== null) throw new Error(`the peer ended:\n${peer.output()}`);
  return undefined;
}

async function logInWith(t: TestContext, command: readonly [string, string], url: string, serializer: string) {
  const peer = start(command[0], [command[1], url, serializer, JSON.stringify(logins())]);
  t.after(() => peer.stop("SIGKILL"));
  return await until("its lines", () => linesOf(peer), 30_000, peer.output);
}

for (const { program, command, cannot } of peers) {
  for (const scheme of ["rs", "ws"] as const) {
    for (const serializer of SERIALIZERS) {
      const where = `${program} over ${scheme} in ${serializer}`;
      const skip = cannot[scheme] ?? cannot[`${scheme} ${serializer}`] ?? false;
      test(`${where} logs in by each method`, { skip }, async (t) => {
        const url = `${scheme}://127.0.0.1:${String(port)}${scheme === "ws" ? "/ws" : ""}`;
        const lines = await logInWith(t, command, url, serializer);
        for (const [place, outcome] of outcomes.entries()) {
          await t.test(`it ${words[place] ?? ""}`, () => assert.deepEqual(lines.get(place), outcome));
        }
      });
    }
  }
}
