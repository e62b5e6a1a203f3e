/*
 * Another maker's WAMP router, in realm1 on loopback. Usage: router.mjs fox-wamp|fox-wamp-auth|wamp.rt PORT. Both routers are installed
 * in test/peers, speak JSON over WebSocket and know no raw socket. fox-wamp-auth lets in whoever has the secret "open sesame" (with
 * authid salted: WAMP-CRA with a salt) or the same word as a ticket.
 */
import { createHmac, pbkdf2Sync } from "node:crypto";
import { createRequire } from "node:module";

const installed = createRequire(new URL("../../peers/package.json", import.meta.url));
const [program, port] = process.argv.slice(2);
const address = { host: "127.0.0.1", port: Number(port) };

const SECRET = "open sesame";
const SALTING = { salt: "a pinch", iterations: 1000, keylen: 32 };
const CHALLENGE = JSON.stringify({ nonce: "LHRTC9zeOIrt_9U3", authprovider: "userdb", authmethod: "wampcra" });

function expected(authid) {
  const { salt, iterations, keylen } = SALTING;
  const derived = () => pbkdf2Sync(SECRET, salt, iterations, keylen, "sha256").toString("base64");
  const key = authid === "salted" ? derived() : SECRET;
  return createHmac("sha256", key).update(CHALLENGE).digest("base64");
}

const answer = (right, { authid }, done) => (right ? done(undefined, { authid, role: "user" }) : done(new Error("no")));
const doorman = {
  getAuthMethods: () => ["wampcra", "ticket"],
  wampcra_extra: (_realm, { authid }, done) =>
    done(undefined, { challenge: CHALLENGE, ...(authid === "salted" ? SALTING : {}) }),
  // (realm, details, signature or ticket, extra, done)
  wampcra_auth: (...[, details, signature, , done]) => answer(signature === expected(details.authid), details, done),
  ticket_auth: (...[, details, ticket, , done]) => answer(ticket === SECRET, details, done),
  authorize: () => true,
};

if (program === "wamp.rt") {
  const Router = installed("wamp.rt");
  const router = new Router(address);
  process.once("SIGTERM", () => router.close());
} else {
  const FoxRouter = installed("fox-wamp");
  const router = new FoxRouter();
  router.getRealm("realm1", () => router.listenWAMP(address, program === "fox-wamp" ? undefined : doorman));
}
