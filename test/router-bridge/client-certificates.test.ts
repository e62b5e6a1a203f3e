/** Logging in by TLS client certificate, over real sockets: whose certificate is whose, and which ones are no good. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { formatProblems } from "@pinion/config";
import { connect, nodeClient, nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { type Account, noAccounts, secretCredentials, toUri } from "@pinion/wamp";
import { readConfigText } from "../../router-bridge/config.ts";
import { makeAuthority, makeCertificate, type PemFiles, serverFiles } from "../support/certificates.ts";
import { startBridge, temporaryFolder, type TestBridge } from "../support/router-bridge-fixture.ts";
import { Talk } from "../support/router-bridge-talk.ts";

const TICKET = "four words make tickets";
const ticket = await secretCredentials(crypto, TICKET, ["ticket"]);

interface Guarded extends TestBridge {
  readonly folder: string;
  readonly authority: PemFiles;
  readonly ca: string;
}

const fingerprint = ({ cert }: PemFiles): string =>
  new X509Certificate(readFileSync(cert)).fingerprint256.replaceAll(":", "").toLowerCase();

async function guarded(
  t: TestContext,
  accounts: (authority: PemFiles, folder: string) => readonly Account[],
  tls = "",
): Promise<Guarded> {
  const folder = temporaryFolder(t);
  const authority = makeAuthority(folder, "house");
  const { cert, key, ca } = serverFiles(folder);
  const file = join(folder, "accounts.json");
  writeAccounts(file, { ...noAccounts(crypto), accounts: accounts(authority, folder) });
  const listen = `listen:\n  - tcp: 127.0.0.1:0\n    tls: { cert: ${cert}, key: ${key}, clientCa: ${authority.cert}${tls} }\n`;
  return { ...(await startBridge(t, `${listen}auth: { file: ${file} }\n`)), folder, authority, ca };
}

async function hello(
  t: TestContext,
  { at, ca }: Guarded,
  {
    shows,
    scheme = "rss",
    ...details
  }: { shows?: PemFiles | undefined; scheme?: "rss" | "wss" } & Record<string, unknown>,
): Promise<Talk> {
  const own = shows === undefined ? {} : { cert: readFileSync(shows.cert), key: readFileSync(shows.key) };
  const url = scheme === "rss" ? `rss://${at}` : `wss://${at}/ws`;
  const talk = new Talk(await connect(url, { tls: { ca, ...own } }));
  t.after(() => talk.transport.abort());
  const roles = { caller: {}, callee: {}, publisher: {}, subscriber: {} };
  talk.send({ type: "HELLO", realm: toUri("realm1"), details: { roles, authmethods: ["tls"], ...details } });
  return talk;
}

const named = (authid: string, tls: NonNullable<Account["tls"]>, more: Partial<Account> = {}): Account => ({
  authid,
  role: "operator",
  tls,
  ...more,
});

test("a certificate logs in as the account that has its fingerprint, or its common name, over raw socket and WebSocket", async (t) => {
  let pinned: PemFiles | undefined;
  const bridge = await guarded(t, (authority, folder) => {
    pinned = makeCertificate(folder, authority, "whoever");
    return [named("pin", { fingerprints: [fingerprint(pinned)] }), named("pump", { commonNames: ["pump"] })];
  });
  const pump = makeCertificate(bridge.folder, bridge.authority, "pump");
  for (const scheme of ["rss", "wss"] as const) {
    for (const [shows, authid] of [
      [pinned, "pin"],
      [pump, "pump"],
    ] as const) {
      const { details } = await (await hello(t, bridge, { shows, scheme })).expect("WELCOME");
      assert.deepEqual([details["authid"], details["authrole"], details["authmethod"]], [authid, "operator", "tls"]);
    }
  }
  await (await hello(t, bridge, { shows: pump, authid: "pump" })).expect("WELCOME");
  assert.equal(
    (await (await hello(t, bridge, { shows: pump, authid: "pin" })).expect("ABORT")).reason,
    "wamp.error.authentication_denied",
  );
});

test("client_certificate_expired and client_certificate_untrusted: ABORT says it, the log names it, whatever else is offered", async (t) => {
  const bridge = await guarded(t, () => [named("pump", { commonNames: ["pump"] }, ticket)]);
  const foreign = makeAuthority(bridge.folder, "stranger");
  for (const [shows, code, words] of [
    [makeCertificate(bridge.folder, bridge.authority, "pump", -1), "client_certificate_expired", /expired on/],
    [makeCertificate(bridge.folder, foreign, "pump"), "client_certificate_untrusted", /clientCa/],
    [foreign, "client_certificate_untrusted", /clientCa/],
  ] as const) {
    const { reason, details } = await (
      await hello(t, bridge, { shows, authid: "pump", authmethods: ["tls", "ticket"] })
    ).expect("ABORT");
    assert.equal(reason, "wamp.error.authentication_denied");
    assert.match(String(details["message"]), words);
    assert.match((await bridge.warned(code)).words, words);
  }
});

test("client_certificate_unknown: a good certificate of nobody is refused, and another method may do", async (t) => {
  const bridge = await guarded(t, () => [named("pump", { commonNames: ["pump"] }, ticket)]);
  const shows = makeCertificate(bridge.folder, bridge.authority, "joe");
  const refused = await (await hello(t, bridge, { shows })).expect("ABORT");
  assert.match(String(refused.details["message"]), /no account/);
  await bridge.warned("client_certificate_unknown");
  const talk = await hello(t, bridge, { shows, authid: "pump", authmethods: ["tls", "ticket"] });
  await talk.expect("CHALLENGE");
  talk.send({ type: "AUTHENTICATE", signature: TICKET, extra: {} });
  assert.equal((await talk.expect("WELCOME")).details["authmethod"], "ticket");
});

test("who shows no certificate is told so, and may log in otherwise", async (t) => {
  const bridge = await guarded(t, () => [named("pump", { commonNames: ["pump"] }, ticket)]);
  const { details } = await (await hello(t, bridge, {})).expect("ABORT");
  assert.match(String(details["message"]), /showed none/);
  await (await hello(t, bridge, { authid: "pump", authmethods: ["tls", "ticket"] })).expect("CHALLENGE");
});

test("an account by certificate is not let in by its name alone, nor over a listener that asks for none", async (t) => {
  const bridge = await guarded(t, () => [named("pump", { commonNames: ["pump"] })]);
  const talk = await hello(t, bridge, { authid: "pump", authmethods: ["ticket"] });
  await talk.expect("CHALLENGE");
  talk.send({ type: "AUTHENTICATE", signature: "", extra: {} });
  await talk.expect("ABORT");
});

test("where a certificate is required there is no connection without a good one", async (t) => {
  const bridge = await guarded(t, () => [named("pump", { commonNames: ["pump"] })], ", clientCertificate: require");
  const foreign = makeCertificate(bridge.folder, makeAuthority(bridge.folder, "stranger"), "pump");
  for (const shows of [undefined, foreign]) {
    const talk = hello(t, bridge, { shows }).then((one) => one.closed.then(() => Promise.reject(new Error("closed"))));
    await assert.rejects(talk);
  }
  await bridge.warned("client_certificate_refused");
  await (await hello(t, bridge, { shows: makeCertificate(bridge.folder, bridge.authority, "pump") })).expect("WELCOME");
});

test("the Node client logs in by the certificate of its tls options", async (t) => {
  const bridge = await guarded(t, () => [named("pump", { commonNames: ["pump"] })]);
  const shows = makeCertificate(bridge.folder, bridge.authority, "pump");
  const client = nodeClient(`rss://${bridge.at}`, {
    tls: { ca: bridge.ca, cert: readFileSync(shows.cert), key: readFileSync(shows.key) },
    credentials: { certificate: true },
    reconnect: false,
  });
  t.after(() => client.close());
  client.open();
  await client.ready();
  assert.equal(client.session?.details["authid"], "pump");
});

test("tls_file_unreadable, tls_invalid, tls_expired: clientCa that cannot serve stops the start", async (t) => {
  const folder = temporaryFolder(t);
  const { cert, key } = serverFiles(folder);
  const empty = join(folder, "empty.pem");
  const broken = join(folder, "broken.pem");
  writeFileSync(empty, "no certificate\n");
  writeFileSync(broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const expired = makeCertificate(folder, makeAuthority(folder, "house"), "late", -1).cert;
  for (const [clientCa, code] of [
    [join(folder, "missing.pem"), "tls_file_unreadable"],
    [empty, "tls_invalid"],
    [broken, "tls_invalid"],
    [expired, "tls_expired"],
  ] as const) {
    const yaml = `listen:\n  - tcp: 127.0.0.1:0\n    tls: { cert: ${cert}, key: ${key}, clientCa: ${clientCa} }\n`;
    await assert.rejects(startBridge(t, yaml), { code, message: /clientCa/ });
  }
});

test("the configuration tells: clientCertificate without clientCa", () => {
  const result = readConfigText(
    "listen:\n  - { tcp: 127.0.0.1:1, tls: { cert: a, key: b, clientCertificate: require } }\n",
    "x",
  );
  assert.match(result.ok ? "" : formatProblems(result.problems), /clientCertificate.*clientCa/s);
});
