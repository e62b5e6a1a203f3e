import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { BridgeError } from "../bridge-error.ts";

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Certificates of the authorities that sign clients' certificates, or such certificates themselves. */
  readonly clientCa?: string | undefined;
}

/** PEM texts that belong together and are valid now. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/**
 * Reads certificate, key and the authorities of clients. There is no fallback to plain, nor to asking for no certificate.
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
  if (files.clientCa === undefined) return { cert, key };
  return { cert, key, clientCa: readAuthorities(files.clientCa, now) };
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** At least one of them has to be valid: with none no client could ever log in, and nobody would know why. */
function readAuthorities(file: string, now: Date): string {
  const text = readPem(file, "authority of clients (clientCa)");
  const expired: string[] = [];
  const found = text.match(PEM) ?? [];
  if (found.length === 0) throw new BridgeError("tls_invalid", `TLS clientCa ${file} holds no certificate in PEM`);
  for (const one of found) {
    try {
      const { validToDate, validTo } = new X509Certificate(one);
      if (validToDate < now) expired.push(validTo);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new BridgeError("tls_invalid", `TLS clientCa ${file} cannot be used: ${why}`, { cause: error });
    }
  }
  if (expired.length < found.length) return text;
  throw new BridgeError("tls_expired", `TLS clientCa ${file} expired on ${expired.join(", ")}: renew it`);
}

function readPem(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BridgeError("tls_file_unreadable", `TLS ${what} ${file} cannot be read: ${why}`, { cause: error });
  }
}
