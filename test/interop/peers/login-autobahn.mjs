/*
 * Another maker's WAMP client logs in. Usage: login-autobahn.mjs URL METHOD AUTHID CREDENTIAL SERIALIZER, where the credential is a secret
 * or an Ed25519 seed in hex. Prints one line of JSON: what WELCOME says, or {refused: reason}.
 */
import { createRequire } from "node:module";

const here = createRequire(import.meta.url);
const autobahn = here("autobahn");
const nacl = createRequire(here.resolve("autobahn"))("tweetnacl");
const [url, method, authid, credential, serializer] = process.argv.slice(2);

const makers = { json: "JSONSerializer", msgpack: "MsgpackSerializer", cbor: "CBORSerializer" };
const serializers = [new autobahn.serializer[makers[serializer]]()];
const raw = /^rs:\/\/(.+):(\d+)$/.exec(url);
const transport = raw
  ? { type: "rawsocket", host: raw[1], port: Number(raw[2]), serializers }
  : { type: "websocket", url, serializers };

const key = method === "cryptosign" ? nacl.sign.keyPair.fromSeed(Buffer.from(credential, "hex")) : undefined;
const answers = {
  ticket: () => credential,
  wampcra: ({ challenge, salt, iterations, keylen }) =>
    autobahn.auth_cra.sign(autobahn.auth_cra.derive_key(credential, salt, iterations, keylen), challenge),
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
connection.onopen = (_session, { authid: name, authrole, authmethod }) => {
  console.log(JSON.stringify({ authid: name, authrole, authmethod }));
  connection.close();
};
connection.onclose = (_why, details) => {
  if (details.reason?.startsWith("wamp.error")) console.log(JSON.stringify({ refused: details.reason }));
  process.exit(0);
};
connection.open();
