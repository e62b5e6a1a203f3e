import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { BridgeError } from "../bridge-error.ts";

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** PEM texts that belong together and are valid now. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads certificate and key. There is no fallback to plain.
 * @throws BridgeError `tls_file_unreadable`, `tls_invalid`, `tls_expired`, naming the file.
 */
export function readTlsFiles(files: TlsFiles, now: Date): TlsMaterial {
  const cert = readPem(files.cert, "certificate");
  const key = readPem(files.key, "key");
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(cert);
    createSecureContext({ cert, key });
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error("the key is not the certificate's");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const words = `TLS certificate ${files.cert} and key ${files.key} cannot be used: ${why}`;
    throw new BridgeError("tls_invalid", words, { cause: error });
  }
  if (new Date(leaf.validTo) < now) {
    throw new BridgeError("tls_expired", `TLS certificate ${files.cert} expired on ${leaf.validTo}: renew it`);
  }
  return { cert, key };
}

function readPem(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BridgeError("tls_file_unreadable", `TLS ${what} ${file} cannot be read: ${why}`, { cause: error });
  }
}
