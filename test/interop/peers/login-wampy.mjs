/* Another maker's WAMP client logs in. Arguments and output are those of login-autobahn.mjs. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import { Wampy } from "wampy";
import { CborSerializer } from "wampy/CborSerializer.js";
import { JsonSerializer } from "wampy/JsonSerializer.js";
import { MsgpackSerializer } from "wampy/MsgpackSerializer.js";
import { sign as signCryptosign } from "wampy/cryptosign.js";
import { sign as signCra } from "wampy/wampcra.js";
import { WebSocket } from "ws";

const [url, serializer, logins] = process.argv.slice(2);
const makers = { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer };

function publicKey(credential) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(credential, "hex")]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
}

const plugins = {
  ticket: (credential) => () => credential,
  wampcra: signCra,
  cryptosign: signCryptosign,
};

async function logIn(place, [method, authid, credential]) {
  const session = new Wampy(url, {
    realm: "realm1",
    ws: WebSocket,
    serializer: new makers[serializer](),
    autoReconnect: false,
    authid,
    authmethods: [method],
    authextra: method === "cryptosign" ? { pubkey: publicKey(credential) } : {},
    authPlugins: { [method]: plugins[method](credential) },
    authMode: "auto",
  });
  try {
    const { authid: name, authrole, authmethod } = await session.connect();
    console.log(JSON.stringify({ place, authid: name, authrole, authmethod }));
    await session.disconnect();
  } catch (error) {
    console.log(JSON.stringify({ place, refused: error.errorUri ?? error.message }));
  }
}

for (const [place, login] of JSON.parse(logins).entries()) await logIn(place, login);
process.exit(0);
