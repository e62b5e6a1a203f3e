/** Cryptosign bound to the TLS connection, over real sockets: both ends agree, and a login that was carried elsewhere is refused. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { once } from "node:events";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { test, type TestContext } from "node:test";
import { connect, nodeClient, nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import {
  type ChannelBindingType,
  type Credentials,
  credentialsLogin,
  noAccounts,
  signCryptosign,
  toHex,
  toUri,
} from "@pinion/wamp";
import { serverFiles } from "../support/certificates.ts";
import { startBridge, temporaryFolder } from "../support/router-bridge-fixture.ts";
import { Talk } from "../support/router-bridge-talk.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/test-certificate.ts";

const seed = new Uint8Array(32).fill(6);
const pubkey = toHex(crypto.ed25519PublicKey(seed));
const roles = { caller: {}, callee: {}, publisher: {}, subscriber: {} };

async function guarded(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t);
  const { cert, key } = serverFiles(folder);
  const file = join(folder, "accounts.json");
  const accounts = [{ authid: "board", role: "backend", cryptosign: [pubkey] }];
  writeAccounts(file, { ...noAccounts(crypto), accounts });
  const listen = `listen:\n  - tcp: 127.0.0.1:0\n    tls: { cert: ${cert}, key: ${key} }\n`;
  return (await startBridge(t, `${listen}auth: { file: ${file} }\n`)).at;
}

async function logIn(
  t: TestContext,
  url: string,
  { version, ...credentials }: Credentials & { readonly version?: "TLSv1.2" | "TLSv1.3" },
): Promise<unknown> {
  const versions = version === undefined ? {} : { minVersion: version, maxVersion: version };
  const client = nodeClient(url, {
    tls: { ca: TEST_CERTIFICATE, ...versions },
    credentials: { seed, ...credentials },
    reconnect: false,
  });
  t.after(() => client.close());
  client.open();
  try {
    await client.ready();
  } catch {
    return client.status.cause ?? "closed";
  }
  return client.session?.details["authmethod"];
}

for (const [channelBinding, version] of [
  ["tls-exporter", "TLSv1.3"],
  ["tls-exporter", "TLSv1.2"],
  ["tls-unique", "TLSv1.2"],
] as const) {
  test(`${channelBinding} binds a login over ${version}, by raw socket and WebSocket`, async (t) => {
    const at = await guarded(t);
    for (const url of [`rss://${at}`, `wss://${at}/ws`]) {
      assert.equal(await logIn(t, url, { channelBinding, version }), "cryptosign");
    }
  });
}

test("tls-unique over TLS 1.3, which has none, is not taken for a binding by either side", async (t) => {
  const at = await guarded(t);
  const cause = await logIn(t, `rss://${at}`, { channelBinding: "tls-unique", version: "TLSv1.3" });
  assert.match(String(cause), /does not bind the login to the channel by tls-unique/);
});

async function challenged(t: TestContext, at: string, binding: unknown): Promise<Talk> {
  const talk = new Talk(await connect(`rss://${at}`, { tls: { ca: TEST_CERTIFICATE } }));
  t.after(() => talk.transport.abort());
  const authextra = { pubkey, channel_binding: binding };
  const details = { roles, authid: "board", authmethods: ["cryptosign"], authextra };
  talk.send({ type: "HELLO", realm: toUri("realm1"), details });
  return talk;
}

test("a signature that is not bound to this connection is refused, and the log holds no challenge", async (t) => {
  const at = await guarded(t);
  for (const channelId of [undefined, new Uint8Array(32).fill(1)]) {
    const talk = await challenged(t, at, "tls-exporter");
    const { extra } = await talk.expect("CHALLENGE");
    assert.equal(extra["channel_binding"], "tls-exporter");
    const signature = String(signCryptosign(crypto, seed, { challenge: String(extra["challenge"]), channelId }));
    talk.send({ type: "AUTHENTICATE", signature, extra: {} });
    assert.equal((await talk.expect("ABORT")).reason, "wamp.error.authentication_denied");
  }
});

test("a binding that nobody knows is answered with none", async (t) => {
  const talk = await challenged(t, await guarded(t), "tls-server-end-point");
  assert.equal((await talk.expect("CHALLENGE")).extra["channel_binding"], null);
});

/** Speaks TLS with each side, by a certificate that the client trusts, and passes on what is said in between. */
async function manInTheMiddle(t: TestContext, at: string): Promise<string> {
  const [host = "", port = ""] = at.split(":");
  const server = createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, (near: TLSSocket) => {
    const far = connectTls({ host, port: Number(port), ca: TEST_CERTIFICATE, servername: "localhost" });
    near.on("error", () => far.destroy()).pipe(far);
    far.on("error", () => near.destroy()).pipe(near);
    t.after(() => far.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const bound = server.address();
  return `127.0.0.1:${String(typeof bound === "object" ? bound?.port : "")}`;
}

test("a login through somebody in between gets through without binding, and not with it", async (t) => {
  const between = await manInTheMiddle(t, await guarded(t));
  assert.equal(await logIn(t, `rss://${between}`, {}), "cryptosign");
  assert.match(String(await logIn(t, `rss://${between}`, { channelBinding: "tls-exporter" })), /credentials are wrong/);
});

test("a binding that was asked for is not given up: without TLS, and against a router that leaves it out", async () => {
  const challenge = "07".repeat(32);
  const login = (
    channelBinding: ChannelBindingType,
    id?: Uint8Array,
  ): ReturnType<ReturnType<typeof credentialsLogin>> =>
    credentialsLogin(crypto, { seed, channelBinding })({ channelId: () => id });
  const ask = (binding: string | null): Parameters<ReturnType<typeof login>["answer"]>[0] => ({
    method: "cryptosign",
    extra: { challenge, channel_binding: binding },
  });
  await assert.rejects(login("tls-exporter").answer(ask("tls-exporter")), /needs TLS/);
  await assert.rejects(login("tls-exporter", new Uint8Array(32)).answer(ask(null)), /does not bind/);
  await assert.rejects(login("tls-exporter", new Uint8Array(32)).answer(ask("tls-unique")), /does not bind/);
  assert.throws(() => credentialsLogin(crypto, { authid: "a", secret: "s", channelBinding: "tls-exporter" }), {
    code: "invalid_option",
  });
});
