/** An Ed25519 key pair in a file of its own, for its owner alone. */
import { writeFileSync } from "node:fs";
import { nodeCrypto } from "@pinion/client";
import { toHex, UsageError } from "@pinion/wamp";

/** Answers the public key in hex. Never writes over a file. @throws UsageError `invalid_option` */
export function makeKeyFile(file: string): string {
  const seed = nodeCrypto.randomBytes(32);
  const publicKey = toHex(nodeCrypto.ed25519PublicKey(seed));
  try {
    writeFileSync(file, `public-key-ed25519: ${publicKey}\nprivate-key-ed25519: ${toHex(seed)}\n`, {
      mode: 0o600,
      flag: "wx",
    });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new UsageError("invalid_option", `${file} cannot be written: ${words}`);
  }
  return publicKey;
}
