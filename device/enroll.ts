/** `pinion-device enroll`: the board's own key pair. The private key is made here and stays here. */
import { nodeCrypto, readCredentials } from "@pinion/client";
import { loadConfig } from "@pinion/config";
import { enrollRequest, toHex } from "@pinion/wamp";
import { chownSync, closeSync, existsSync, fsyncSync, openSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as Type from "typebox";
import { idFromHostname } from "./naming.ts";

const open = { additionalProperties: true };
const text = Type.Optional(Type.String());
/** Only what is needed: a configuration that names a key that is not there yet is no fault here. */
const Known = Type.Object(
  {
    device: Type.Optional(Type.Object({ id: text }, open)),
    router: Type.Optional(
      Type.Object({ auth: Type.Optional(Type.Object({ authid: text, keyFile: text }, open)) }, open),
    ),
  },
  open,
);

export interface EnrollContext {
  readonly hostname: string;
  /** Whose the service is: root makes the key for it. */
  readonly stateFolder: string | undefined;
  /** For people. */
  readonly say: (words: string) => void;
  /** The one line that matters. */
  readonly print: (line: string) => void;
}

/** @throws UsageError for a key or name that cannot be one, Error for a file that cannot be written. */
export function enroll(file: string, { hostname, stateFolder, say, print }: EnrollContext): void {
  const { authid, keyFile, isNamed } = wished(file, hostname);
  if (existsSync(keyFile)) say(`the key in ${keyFile} is kept`);
  else {
    const isGiven = makeKey(keyFile, stateFolder);
    say(`a new key is in ${keyFile}, for this board alone`);
    if (!isGiven) say(`it is root's: give it to the user of the service, chown pinion ${keyFile}`);
  }
  const { seed } = readCredentials({ keyFile });
  const request = enrollRequest(nodeCrypto, authid, seed ?? new Uint8Array(0));
  if (!isNamed) {
    say(`add to ${file}:\n\n    router: { auth: { authid: ${authid}, keyFile: ${keyFile} } }\n`);
  }
  say("let it in, where you have an account of the role maintainer, or at the router's own machine with --accounts:\n");
  say("    pinion enroll accept <this line> --url <router> --authid <you> --key-file <your key>\n");
  print(request);
}

function wished(file: string, hostname: string): { authid: string; keyFile: string; isNamed: boolean } {
  const loaded = loadConfig(file, Known);
  const { device, router: { auth = {} } = {} } = loaded.ok ? loaded.value : {};
  return {
    authid: auth.authid ?? device?.id ?? idFromHostname(hostname),
    keyFile: auth.keyFile ?? join(dirname(file), "board.key"),
    isNamed: auth.keyFile !== undefined,
  };
}

/** False: root made it, and nobody says for whom. */
function makeKey(file: string, stateFolder: string | undefined): boolean {
  const seed = nodeCrypto.randomBytes(32);
  const publicKey = toHex(nodeCrypto.ed25519PublicKey(seed));
  const descriptor = openSync(file, "wx", 0o600);
  try {
    writeFileSync(descriptor, `public-key-ed25519: ${publicKey}\nprivate-key-ed25519: ${toHex(seed)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  if (process.getuid?.() !== 0) return true;
  if (stateFolder === undefined || !existsSync(stateFolder)) return false;
  const { uid, gid } = statSync(stateFolder);
  chownSync(file, uid, gid);
  return true;
}
