/** `router.auth` of board.yaml: what is read, what is told when it cannot work, and that a router lets the board in. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nodeClient, nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { noAccounts, SECRET_METHODS, secretCredentials } from "@pinion/wamp";
import { routerOptions } from "../../device/router-options.ts";
import { makeAuthority, makeCertificate, serverFiles } from "../support/certificates.ts";
import { startBridge } from "../support/router-bridge-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "pinion-board-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const SECRET = "pumps are patient";
const secretFile = join(folder, "pump.secret");
writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 });

const router = (url: string, auth: { authid: string; secretFile?: string; ticketFile?: string; keyFile?: string }) =>
  routerOptions({ url, realm: "realm1", serializer: "msgpack", auth });

test("a board logs in with the secret of its file, and registers its own procedures only", async (t) => {
  const file = join(folder, "accounts.json");
  const credentials = await secretCredentials(crypto, SECRET, SECRET_METHODS);
  writeAccounts(file, { ...noAccounts(crypto), accounts: [{ authid: "pump", role: "device", ...credentials }] });
  const { at } = await startBridge(t, `auth: { file: ${file} }\n`);
  const { options, findings } = router(`rs://${at}`, { authid: "pump", secretFile });
  assert.deepEqual(findings, []);
  const board = nodeClient(`rs://${at}`, options);
  t.after(() => board.close());
  board.open();
  await board.ready();
  assert.equal(board.session?.details["authmethod"], "wamp-scram");
  await board.register("device.pump.gpio.set", () => true);
  await assert.rejects(
    board.register("device.door.gpio.set", () => true),
    /not_authorized/,
  );
});

test("credentials that cannot work are told with their key", () => {
  const url = "rs://127.0.0.1:8080";
  const [missing] = router(url, { authid: "pump", secretFile: join(folder, "nowhere") }).findings;
  assert.deepEqual(missing?.path, ["router", "auth", "secretFile"]);
  assert.match(missing?.found ?? "", /cannot be read/);
  const [noKey] = router(url, { authid: "pump", keyFile: secretFile }).findings;
  assert.deepEqual(noKey?.path, ["router", "auth", "keyFile"]);
  const [nothing] = router(url, { authid: "pump" }).findings;
  assert.deepEqual(nothing?.path, ["router", "auth"]);
  assert.match(nothing?.cure ?? "", /secretFile/);
});

test("a board logs in by the certificate of router.tls, which has to be there", async (t) => {
  const authority = makeAuthority(folder, "house");
  const own = makeCertificate(folder, authority, "pump");
  const server = serverFiles(folder);
  const ca = join(folder, "ca.pem");
  writeFileSync(ca, server.ca);
  const file = join(folder, "certified.json");
  const accounts = [{ authid: "pump", role: "device", tls: { commonNames: ["pump"] } }];
  writeAccounts(file, { ...noAccounts(crypto), accounts });
  const tls = `{ cert: ${server.cert}, key: ${server.key}, clientCa: ${authority.cert} }`;
  const { at } = await startBridge(t, `listen:\n  - tcp: 127.0.0.1:0\n    tls: ${tls}\nauth: { file: ${file} }\n`);
  const url = `rss://${at}`;
  const made = (files: { ca: string; cert?: string; key?: string }): ReturnType<typeof routerOptions> =>
    routerOptions({ url, realm: "realm1", serializer: "msgpack", auth: { certificate: true }, tls: files });
  assert.deepEqual(made({ ca }).findings[0]?.path, ["router", "auth", "certificate"]);
  const { options, findings } = made({ ca, cert: own.cert, key: own.key });
  assert.deepEqual(findings, []);
  const board = nodeClient(url, options);
  t.after(() => board.close());
  board.open();
  await board.ready();
  assert.equal(board.session?.details["authmethod"], "tls");
});
