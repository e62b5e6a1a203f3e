/** Credentials from files, so that no secret stands on a command line or in a configuration. */
import { createPrivateKey } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { type Credentials, fromHex, UsageError } from "@pinion/wamp";

export interface CredentialFiles {
  readonly authid?: string | undefined;
  readonly ticketFile?: string | undefined;
  readonly secretFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

const EVERYBODY = 0o007;
const MAX_OCTETS = 64 * 1024;

/** @throws UsageError `invalid_option` that names the file and the cure: unreadable, open to everybody, empty, no key. */
export function readCredentials({ authid, ticketFile, secretFile, keyFile }: CredentialFiles): Credentials {
  return {
    authid,
    ticket: ticketFile === undefined ? undefined : readSecret(ticketFile),
    secret: secretFile === undefined ? undefined : readSecret(secretFile),
    seed: keyFile === undefined ? undefined : readSeed(keyFile),
  };
}

function readSecret(file: string): string {
  const text = readPrivate(file).replace(/\r?\n$/, "");
  if (text === "") throw new UsageError("invalid_option", `${file} is empty: it has to hold the secret`);
  return text;
}

/** An Ed25519 private key: 64 hexadecimal digits, a line `private-key-ed25519: <digits>`, or PEM (PKCS #8). */
function readSeed(file: string): Uint8Array {
  const text = readPrivate(file);
  const digits = /^private-key-ed25519:\s*([0-9a-fA-F]+)\s*$/m.exec(text)?.[1] ?? text.trim();
  const seed = fromHex(digits, 32) ?? seedOfPem(text);
  if (seed !== undefined) return seed;
  throw new UsageError("invalid_option", `${file} is no Ed25519 private key: 64 hexadecimal digits, or PEM`);
}

function seedOfPem(text: string): Uint8Array | undefined {
  try {
    const { d, crv } = createPrivateKey(text).export({ format: "jwk" });
    return d === undefined || crv !== "Ed25519" ? undefined : Buffer.from(d, "base64url");
  } catch {
    return undefined; // no PEM, or one of another kind: told by the caller
  }
}

function readPrivate(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new UsageError("invalid_option", `${file} cannot be read: ${words}`, { cause: error });
  }
  try {
    const { mode, size } = fstatSync(descriptor);
    if ((mode & EVERYBODY) !== 0) {
      throw new UsageError("invalid_option", `${file} holds a secret and is open to everybody; run chmod 600 on it`);
    }
    if (size > MAX_OCTETS) throw new UsageError("invalid_option", `${file} is too large to be a secret`);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}
