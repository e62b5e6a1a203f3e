/*
 * Another maker's WAMP client logs in, several times, one after the other. Usage: login-autobahn.mjs URL SERIALIZER LOGINS, where
 * LOGINS is a JSON list of [method, authid, credential] and a credential is a secret or an Ed25519 seed in hex. Prints a line of
 * JSON for each: its place in the list, and what WELCOME says or why it was refused.
 */
import { createRequire } from "node:module";

const here = createRequire(import.meta.url);
const autobahn = here("autobahn");
const nacl = createRequire(here.resolve("autobahn"))("tweetnacl");
const [url, serializer, logins] = process.argv.slice(2);

const makers = { json: "JSONSerializer", msgpack: "MsgpackSerializer", cbor: "CBORSerializer" };
const serializers = [new autobahn.serializer[makers[serializer]]()];
const raw = /^rs:\/\/(.+):(\d+)$/.exec(url);
const transport = raw
  ? { type: "rawsocket", host: raw[1], port: Number(raw[2]), serializers }
  : { type: "websocket", url, serializers };

const logIn = (place, [method, authid, credential]) => {
  const key = method === "cryptosign" ? nacl.sign.keyPair.fromSeed(Buffer.from(credential, "hex")) : undefined;
  const answers = {
    ticket: () => credential,
    wampcra: ({ challenge, salt, iterations, keylen }) => {
      const salted = salt !== undefined;
      const derived = salted ? autobahn.auth_cra.derive_key(credential, salt, iterations, keylen) : credential;
      return autobahn.auth_cra.sign(derived, challenge);
    },
    cryptosign: (extra) => autobahn.auth_cryptosign.sign_challenge(key, extra),
  };
  const connection = new autobahn.Connection({
    transports: [transport],
    realm: "realm1",
    authid,
    authmethods: [method],
    authextra: key === undefined ? {} : { pubkey: autobahn.auth_cryptosign.public_key(key), channel_binding: null },
    onchallenge: (_session, asked, extra) => answers[asked](extra),
    max_retries: 0,
  });
  return new Promise((resolve) => {
    connection.onopen = (_session, { authid: name, authrole, authmethod }) => {
      console.log(JSON.stringify({ place, authid: name, authrole, authmethod }));
      connection.close();
    };
    connection.onclose = (_why, details) => {
      if (details.reason?.startsWith("wamp.error")) console.log(JSON.stringify({ place, refused: details.reason }));
      resolve();
    };
    connection.open();
  });
};

for (const [place, login] of JSON.parse(logins).entries()) await logIn(place, login);
process.exit(0);
