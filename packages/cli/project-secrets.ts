/** The accounts of a new project: who may log in to its router, each with a secret of its own that nobody has seen yet. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto, writeAccounts } from "@pinion/client";
import { type Account, noAccounts, SECRET_METHODS, secretCredentials } from "@pinion/wamp";
import { makeKeyFile } from "./key-file.ts";
import { madeUpSecret } from "./make-secret.ts";

/** The backend that is shipped reads only. */
const BY_SECRET = { operator: "operator", viewer: "viewer", backend: "viewer" } as const;

export async function writeSecrets(folder: string): Promise<void> {
  mkdirSync(folder, { mode: 0o700 });
  const accounts: Account[] = [];
  for (const [authid, role] of Object.entries(BY_SECRET)) {
    const secret = madeUpSecret();
    const credentials = await secretCredentials(nodeCrypto, secret, SECRET_METHODS);
    accounts.push({ authid, role, ...credentials });
    writeOwn(join(folder, `${authid}.secret`), `${secret}\n`);
  }
  const publicKey = makeKeyFile(join(folder, "board.key"));
  accounts.push({ authid: "board", role: "board", cryptosign: [publicKey] });
  writeAccounts(join(folder, "accounts.json"), { ...noAccounts(nodeCrypto), accounts });
}

function writeOwn(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600, flag: "wx" });
}
