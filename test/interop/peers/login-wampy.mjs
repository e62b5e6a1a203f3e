/* Another maker's WAMP client logs in. Arguments and output are those of login-autobahn.mjs. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import { Wampy } from "wampy";
import { CborSerializer } from "wampy/CborSerializer.js";
import { JsonSerializer } from "wampy/JsonSerializer.js";
import { MsgpackSerializer } from "wampy/MsgpackSerializer.js";
import { sign as signCryptosign } from "wampy/cryptosign.js";
import { sign as signCra } from "wampy/wampcra.js";
import { WebSocket } from "ws";

const [url, method, authid, credential, serializer] = process.argv.slice(2);
const makers = { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer };

function publicKey() {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(credential, "hex")]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
}

const plugins = {
  ticket: () => () => credential,
  wampcra: () => signCra(credential),
  cryptosign: () => signCryptosign(credential),
};
const session = new Wampy(url, {
  realm: "realm1",
  ws: WebSocket,
  serializer: new makers[serializer](),
  autoReconnect: false,
  authid,
  authmethods: [method],
  authextra: method === "cryptosign" ? { pubkey: publicKey() } : {},
  authPlugins: { [method]: plugins[method]() },
  authMode: "auto",
});
try {
  const { authid: name, authrole, authmethod } = await session.connect();
  console.log(JSON.stringify({ authid: name, authrole, authmethod }));
  await session.disconnect();
} catch (error) {
  console.log(JSON.stringify({ refused: error.errorUri ?? error.message }));
}
process.exit(0);
