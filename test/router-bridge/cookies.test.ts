/** Staying logged in by cookie, over real WebSockets: who gets one, what it is worth, and when it is worth nothing. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeClient, nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { type Account, noAccounts, secretCredentials } from "@pinion/wamp";
import { WebSocket } from "ws";
import { CookieJar } from "../../router-bridge/cookie-jar.ts";
import { serverFiles } from "../support/certificates.ts";
import { heard, startBridge, temporaryFolder, type TestBridge } from "../support/router-bridge-fixture.ts";
import { TEST_CERTIFICATE } from "../support/test-certificate.ts";

const TICKET = "four words make tickets";
const credentials = await secretCredentials(crypto, TICKET, ["ticket"]);
const vera: Account = { authid: "vera", role: "viewer", ...credentials };
const otto: Account = { authid: "otto", role: "operator", ...credentials };

interface Guarded extends TestBridge {
  readonly file: string;
  readonly write: (accounts: readonly Account[]) => void;
}

async function guarded(t: TestContext, auth = "cookie: {}", more = ""): Promise<Guarded> {
  const folder = temporaryFolder(t);
  const file = join(folder, "accounts.json");
  const empty = noAccounts(crypto);
  const write = (accounts: readonly Account[]): void => writeAccounts(file, { ...empty, accounts });
  write([vera, otto]);
  const bridge = await startBridge(t, `${more}realms: [realm1, realm2]\nauth:\n  file: ${file}\n  ${auth}\n`);
  return { ...bridge, file, write };
}

interface Answered {
  readonly socket: WebSocket;
  /** Of the answer to the opening, whole. */
  readonly setCookie: string | undefined;
  readonly say: (message: readonly unknown[]) => Promise<readonly [number, ...unknown[]]>;
}

interface Opening {
  readonly cookie?: string | undefined;
  readonly origin?: string;
  readonly scheme?: "ws" | "wss";
}

async function open(
  t: TestContext,
  { at }: TestBridge,
  { cookie, origin, scheme = "ws" }: Opening = {},
): Promise<Answered> {
  const headers = { ...(cookie === undefined ? {} : { cookie }), ...(origin === undefined ? {} : { origin }) };
  const socket = new WebSocket(`${scheme}://${at}/ws`, ["wamp.2.json"], { headers, ca: TEST_CERTIFICATE });
  t.after(() => socket.terminate());
  const upgrade = heard(socket, "upgrade");
  const opened = heard(socket, "open");
  const [response] = (await upgrade) as [IncomingMessage]; // of `upgrade`
  await opened;
  const say: Answered["say"] = async (message) => {
    const answer = heard(socket, "message");
    socket.send(JSON.stringify(message));
    return JSON.parse(String((await answer)[0])) as [number, ...unknown[]]; // our router's own
  };
  return { socket, setCookie: response.headers["set-cookie"]?.[0], say };
}

const hello = (details: object, realm = "realm1"): readonly unknown[] => [
  1,
  realm,
  { roles: { caller: {} }, ...details },
];
const valueOf = (setCookie = ""): string => setCookie.split(";", 1)[0] ?? "";

async function logIn(t: TestContext, bridge: TestBridge, authid = "vera", opening: Opening = {}): Promise<Answered> {
  const one = await open(t, bridge, opening);
  assert.equal((await one.say(hello({ authid, authmethods: ["cookie", "ticket"] })))[0], 4);
  assert.equal((await one.say([5, TICKET, {}]))[0], 2);
  return one;
}

/** The authid that the cookie logs in as, or the reason of the refusal. */
async function byCookie(t: TestContext, bridge: TestBridge, opening: Opening, realm = "realm1"): Promise<unknown> {
  const one = await open(t, bridge, opening);
  const [code, , details] = await one.say(hello({ authmethods: ["cookie"] }, realm));
  if (code !== 2) return (await Promise.resolve(code)) === 3 ? "refused" : code;
  const { authid, authrole, authmethod } = details as Record<string, unknown>; // of WELCOME
  return `${String(authid)} ${String(authrole)} ${String(authmethod)}`;
}

test("after a login the cookie of that connection logs the browser in, and only then", async (t) => {
  const bridge = await guarded(t);
  const stranger = await open(t, bridge);
  assert.match(
    String(stranger.setCookie),
    /^pinion_session=[\w-]{43}; Path=\/ws; Max-Age=604800; HttpOnly; SameSite=Strict$/,
  );
  assert.equal(await byCookie(t, bridge, { cookie: valueOf(stranger.setCookie) }), "refused");
  const { setCookie } = await logIn(t, bridge);
  assert.equal(await byCookie(t, bridge, { cookie: `other=1; ${valueOf(setCookie)}` }), "vera viewer cookie");
  const again = await open(t, bridge, { cookie: valueOf(setCookie) });
  assert.equal(again.setCookie, undefined);
});

test("a value that was planted in the browser never becomes a login", async (t) => {
  const bridge = await guarded(t);
  const planted = valueOf((await open(t, bridge)).setCookie);
  const { setCookie } = await logIn(t, bridge, "vera", { cookie: planted });
  assert.notEqual(valueOf(setCookie), planted);
  assert.equal(await byCookie(t, bridge, { cookie: planted }), "refused");
});

test("our own client logs in once and comes back by its cookie, and by its ticket where there is none any more", async (t) => {
  const back: Account = { authid: "back", role: "backend", ...credentials };
  const bridge = await guarded(t);
  bridge.write([vera, back]);
  const join = async (credentials: object): Promise<ReturnType<typeof nodeClient>> => {
    const reconnect = { initial: 1 };
    const client = nodeClient(`ws://${bridge.at}/ws`, { credentials: { ticket: TICKET, ...credentials }, reconnect });
    t.after(() => client.close());
    client.open();
    await client.ready();
    return client;
  };
  const methods: unknown[] = [];
  const client = await join({ authid: "vera", cookie: true });
  const master = await join({ authid: "back" });
  methods.push(client.session?.details["authmethod"]);
  const sendAway = async (): Promise<void> => {
    const { id } = client.session ?? {};
    await master.call("wamp.session.kill_by_authid", ["vera"]);
    while (client.session === undefined || client.session.id === id) await new Promise(setImmediate);
    methods.push(client.session.details["authmethod"]);
  };
  await sendAway();
  assert.deepEqual(methods, ["ticket", "cookie"]);
  // the cookie ends with another secret
  bridge.write([{ ...vera, ...(await secretCredentials(crypto, TICKET, ["ticket"])) }, back]);
  while (methods.at(-1) !== "ticket") await sendAway();
});

test("over TLS the cookie is Secure", async (t) => {
  const { cert, key } = serverFiles(temporaryFolder(t));
  const listen = `listen:\n  - { tcp: "127.0.0.1:0", tls: { cert: ${cert}, key: ${key} } }\n`;
  const bridge = await guarded(t, "cookie: { name: sid, maxAge: 60000 }", listen);
  const { setCookie } = await logIn(t, bridge, "vera", { scheme: "wss" });
  assert.match(String(setCookie), /^sid=.*; Max-Age=60; .*; Secure$/);
});

test("without auth.cookie there is none, and the method is not known; cookie among auth.methods is enough", async (t) => {
  const none = await guarded(t, "maxFailures: 10");
  assert.equal((await open(t, none)).setCookie, undefined);
  assert.equal(await byCookie(t, none, {}), "refused");
  const named = await guarded(t, "methods: [ticket, cookie]");
  const { setCookie } = await logIn(t, named);
  assert.equal(await byCookie(t, named, { cookie: valueOf(setCookie) }), "vera viewer cookie");
});

test("a cookie is good for its realm and its page's origin alone, and a page that every page may be gets none", async (t) => {
  const bridge = await guarded(t, "cookie: {}", 'websocket: { origins: ["https://panel.example"] }\n');
  const origin = `http://${bridge.at}`;
  const { setCookie } = await logIn(t, bridge, "vera", { origin });
  const cookie = valueOf(setCookie);
  assert.equal(await byCookie(t, bridge, { cookie, origin }), "vera viewer cookie");
  assert.equal(await byCookie(t, bridge, { cookie, origin }, "realm2"), "refused");
  assert.equal(await byCookie(t, bridge, { cookie, origin: "https://panel.example" }), "refused");
  assert.match(String((await open(t, bridge, { origin: "https://panel.example" })).setCookie), /Secure$/);
  const any = await guarded(t, "cookie: {}", 'websocket: { origins: ["*"] }\n');
  assert.equal((await open(t, any, { origin: "https://evil.example" })).setCookie, undefined);
});

test("an account that is removed, or is no longer what it was, is not logged in by cookie, nor when it comes back", async (t) => {
  const bridge = await guarded(t);
  for (const changed of [[otto], [{ ...vera, role: "operator" }], [{ ...vera, realms: ["realm2"] }]]) {
    bridge.write([vera, otto]);
    const cookie = valueOf((await logIn(t, bridge)).setCookie);
    assert.equal(await byCookie(t, bridge, { cookie }), "vera viewer cookie");
    bridge.write(changed);
    assert.equal(await byCookie(t, bridge, { cookie }), "refused");
    bridge.write([vera, otto]);
    assert.equal(await byCookie(t, bridge, { cookie }), "refused");
  }
});

test("GOODBYE wamp.close.logout forgets the browser; another GOODBYE does not", async (t) => {
  const bridge = await guarded(t);
  const first = await logIn(t, bridge);
  const cookie = valueOf(first.setCookie);
  await first.say([6, {}, "wamp.close.close_realm"]);
  assert.equal(await byCookie(t, bridge, { cookie }), "vera viewer cookie");
  const second = await open(t, bridge, { cookie });
  assert.equal((await second.say(hello({ authmethods: ["cookie"] })))[0], 2);
  await second.say([6, {}, "wamp.close.logout"]);
  assert.equal(await byCookie(t, bridge, { cookie }), "refused");
});

test("the log holds no cookie", async (t) => {
  const bridge = await guarded(t, "cookie: {}", "log: { level: debug }\n");
  const { setCookie } = await logIn(t, bridge);
  await byCookie(t, bridge, { cookie: valueOf(setCookie) });
  await byCookie(t, bridge, { cookie: `pinion_session=${"A".repeat(43)}` });
  const text = JSON.stringify(bridge.lines);
  for (const secret of [valueOf(setCookie).split("=")[1] ?? "?", "A".repeat(43), TICKET]) {
    assert.equal(text.includes(secret), false);
  }
});

test("a jar holds so many, the newest, and each for its time", () => {
  let now = 0;
  const jar = new CookieJar({ name: "c", maxAge: 1000, capacity: 2 }, () => now);
  const request = { header: undefined, origin: undefined, path: "/ws", tls: false };
  const grant = (authid: string): string => {
    const { cookie, setCookie } = jar.offer(request);
    cookie.grant({ authid, realm: "realm1", stamp: "" });
    return valueOf(setCookie);
  };
  const owner = (header: string): string | undefined => jar.offer({ ...request, header }).cookie.owner()?.authid;
  const [a, b, c] = ["a", "b", "c"].map(grant);
  assert.deepEqual(
    [a, b, c].map((one) => owner(one ?? "")),
    [undefined, "b", "c"],
  );
  assert.equal(jar.size, 2);
  now = 999;
  assert.equal(owner(c ?? ""), "c");
  now = 1000;
  assert.equal(owner(c ?? ""), undefined);
  assert.equal(owner("c=short"), undefined);
});

test("who logs in as somebody else in a browser that is known ends the other's cookie, and gets none by the old value", () => {
  const jar = new CookieJar({ name: "c", maxAge: 1000, capacity: 2 }, () => 0);
  const request = { header: undefined, origin: undefined, path: "/ws", tls: false };
  const owner = (authid: string): { authid: string; realm: string; stamp: string } => ({
    authid,
    realm: "realm1",
    stamp: "",
  });
  const first = jar.offer(request);
  first.cookie.grant(owner("a"));
  const header = valueOf(first.setCookie);
  jar.offer({ ...request, header }).cookie.grant(owner("a"));
  assert.equal(jar.offer({ ...request, header }).cookie.owner()?.authid, "a");
  jar.offer({ ...request, header }).cookie.grant(owner("b"));
  assert.equal(jar.offer({ ...request, header }).cookie.owner(), undefined);
});
