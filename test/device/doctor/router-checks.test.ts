/** The router as the doctor meets it: real ones, which refuse this and that. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeClient } from "@pinion/client";
import { readBoardConfig, type BoardConfig } from "../../../device/board-config.ts";
import { checkOwnCertificates, checkRouterCertificates } from "../../../device/doctor/certificate-checks.ts";
import type { Finding } from "../../../device/doctor/finding.ts";
import { checkRouter } from "../../../device/doctor/router-checks.ts";
import { loadDrivers } from "../../../drivers/index.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import { freePort, temporaryFolder } from "../../support/programs.ts";
import { startBridge } from "../../support/router-bridge-fixture.ts";

const definitions = await loadDrivers(["gpio"]);
const cli = join(import.meta.dirname, "../../../packages/cli/bin.mjs");

function board(t: TestContext, router: string, device = "{ id: shed }"): BoardConfig {
  const file = join(temporaryFolder(t), "board.yaml");
  const drivers = "drivers: [{ use: gpio, pins: { relay: { pin: GPIO17, direction: out } } }]";
  writeFileSync(file, `device: ${device}\nrouter: ${router}\nboard: { gpio: simulated }\n${drivers}\n`);
  const read = readBoardConfig(file, definitions, "host");
  assert.ok(read.ok, read.ok ? "" : JSON.stringify(read.problems));
  return read.board;
}

const lines = (findings: readonly Finding[]): string =>
  findings.map(({ level, words, cure = "" }) => `${level}: ${words} -> ${cure}`).join("\n");

test("a router that is not there is an error that says what to look at", async (t) => {
  const port = await freePort();
  assert.match(
    lines(await checkRouter(board(t, `{ url: "rs://127.0.0.1:${String(port)}" }`))),
    /^error: cannot connect to rs:.*nothing listens there -> Is the router running/,
  );
});

test("a realm that is not there is an error; one that lets the board do everything is ok, each right tried", async (t) => {
  const { at } = await startBridge(t);
  assert.match(
    lines(await checkRouter(board(t, `{ url: "rs://${at}", realm: no.such.realm }`))),
    /^error: rs:.* answers, and realm no\.such\.realm cannot be joined: .*-> Correct router\.realm/,
  );
  assert.match(
    lines(await checkRouter(board(t, `{ url: "rs://${at}" }`))),
    /^ok: rs:.*joined realm realm1 as .*\nok: .* may register \d+ procedures and publish on 3 topics: each was tried/,
  );
});

test("a board that runs is not disturbed: it keeps its procedures, and nobody receives what is tried", async (t) => {
  const { at } = await startBridge(t);
  const running = nodeClient(`rs://${at}`, { realm: "realm1" });
  running.open();
  t.after(() => running.close());
  await running.register("device.gpio.set", () => "from the board");
  const heard: string[] = [];
  await running.subscribe("", ({ topic }) => void heard.push(topic), { match: "prefix" });
  const findings = await checkRouter(board(t, `{ url: "rs://${at}" }`));
  assert.deepEqual(
    findings.filter(({ level }) => level !== "ok"),
    [],
  );
  assert.deepEqual((await running.call("device.gpio.set")).args, ["from the board"]);
  assert.deepEqual(
    heard.filter((topic) => !topic.startsWith("wamp.")),
    [],
  );
  assert.equal(
    (await running.call("wamp.registration.lookup", ["device.gpio.get"])).args[0],
    null,
    "what was tried was given back",
  );
});

test("a wrong secret, and a role that may not do what the board does, are errors that name the account and each right", async (t) => {
  const folder = temporaryFolder(t);
  const accounts = join(folder, "accounts.json");
  for (const [authid, role] of [
    ["pump", "device"],
    ["shed", "single-device"],
    ["eve", "viewer"],
  ] as const) {
    writeFileSync(join(folder, authid), `${authid}-secret-word\n`, { mode: 0o600 });
    const added = spawnSync(
      process.execPath,
      [cli, "auth", "add", authid, "--role", role, "--secret-file", join(folder, authid), "--accounts", accounts],
      { encoding: "utf8" },
    );
    assert.equal(added.status, 0, added.stderr);
  }
  writeFileSync(join(folder, "wrong"), "some other word\n", { mode: 0o600 });
  const { at } = await startBridge(t, `auth: { file: ${accounts} }\n`);
  const as = (authid: string, secret = authid, device = "{ id: shed }") =>
    board(t, `{ url: "rs://${at}", auth: { authid: ${authid}, secretFile: ${join(folder, secret)} } }`, device);
  assert.match(
    lines(await checkRouter(as("pump", "wrong"))),
    /^error: .*cannot be joined: .*-> Correct router\.realm and router\.auth, or add the account/,
  );
  assert.match(
    lines(await checkRouter(as("pump", "pump", "{ id: pump, naming: fleet }"))),
    /joined realm realm1 as pump, role device.*\nok: pump, role device may register/,
  );
  assert.match(
    lines(await checkRouter(as("pump"))),
    /^error: pump, role device may not register device\.describe, .*device\.gpio\.set.*-> .*pinion auth add pump --role single-device --replace.*set device\.naming: fleet and device\.id: pump,/m,
  );
  assert.match(
    lines(await checkRouter(as("pump", "pump", "{ id: shed, naming: fleet }"))),
    /^error: pump, role device may not register device\.shed\.describe.*-> A board of a fleet is named like its account: set device\.id: pump\./m,
  );
  const alone = await checkRouter(as("shed"));
  assert.deepEqual(
    alone.map(({ level }) => level),
    ["ok", "ok"],
    lines(alone),
  );
  const eve = lines(await checkRouter(as("eve")));
  assert.match(
    eve,
    /^error: eve, role viewer may not register .*: wamp\.error\.not_authorized -> .*--role single-device/m,
  );
  assert.match(eve, /^error: eve, role viewer may not publish sensor\.relay, .*: wamp\.error\.not_authorized/m);
});

test("certificates: dates and keys of the board's own, and of the one that the router shows", async (t) => {
  const folder = temporaryFolder(t);
  const authority = makeAuthority(folder, "authority");
  const now = Date.now();
  const server = makeCertificate(folder, authority, "localhost", 100);
  const { at } = await startBridge(
    t,
    `listen:\n  - tcp: 127.0.0.1:0\n    tls: { cert: ${server.cert}, key: ${server.key} }\n`,
  );
  const url = `rss://${at}`;
  const router = (tls: string) => board(t, `{ url: "${url}", tls: ${tls} }`);
  const trusting = router(`{ ca: ${authority.cert}, servername: localhost }`);
  assert.match(lines(await checkRouterCertificates(trusting, now)), /^ok: the certificate of rss:.*valid until/);
  assert.match(
    lines(await checkRouterCertificates(trusting, now + 90 * 86_400_000)),
    /^warning: .*which is soon -> Put a new certificate/,
  );
  assert.match(
    lines(await checkRouterCertificates(trusting, now + 101 * 86_400_000)),
    /^error: the certificate of rss:.*: was valid until/,
  );
  const distrusting = router(`{ ca: ${makeAuthority(folder, "other").cert}, servername: localhost }`);
  assert.match(
    lines(await checkRouterCertificates(distrusting, now)),
    /error: the certificate of .* is not trusted: .* -> Name the authority/,
  );
  const mine = makeCertificate(folder, authority, "board", 10);
  const other = makeCertificate(folder, authority, "other-board", 10);
  const own = (cert: string, key: string) =>
    lines(checkOwnCertificates(router(`{ cert: ${cert}, key: ${key} }`), Date.now()));
  assert.match(own(mine.cert, mine.key), /^warning: .*valid until .*which is soon/);
  assert.match(own(mine.cert, other.key), /error: .* is not the key of .* -> Name the key/);
  assert.match(
    lines(checkOwnCertificates(router(`{ ca: ${authority.cert} }`), now + 5 * 86_400_000)),
    /^error: .*authority\.pem: was valid until/,
  );
});
