/** Certificates of clients, made by openssl in a folder of the test's: an authority, what it signed, and what it did not. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TEST_CERTIFICATE, TEST_KEY } from "./test-certificate.ts";

export interface PemFiles {
  readonly cert: string;
  readonly key: string;
}

const CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function openssl(args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: "ignore" });
}

/** An authority of its own. */
export function makeAuthority(folder: string, name: string): PemFiles {
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  openssl(["req", "-x509", ...CURVE, "-keyout", files.key, "-out", files.cert, "-days", "1", "-subj", `/CN=${name}`]);
  return files;
}

/** `days` of -1: it expired yesterday. */
export function makeCertificate(folder: string, authority: PemFiles, commonName: string, days = 1): PemFiles {
  const stem = join(folder, `${commonName}-${String(days)}-${String(Math.random()).slice(2)}`);
  const files = { cert: `${stem}.pem`, key: `${stem}.key` };
  openssl(["req", ...CURVE, "-keyout", files.key, "-out", `${stem}.csr`, "-subj", `/CN=${commonName}`]);
  const signing = ["-CA", authority.cert, "-CAkey", authority.key, "-CAcreateserial", "-days", String(days)];
  openssl(["x509", "-req", "-in", `${stem}.csr`, ...signing, "-out", files.cert]);
  return files;
}

/** The router's own, which the client has to trust by `ca`. */
export function serverFiles(folder: string): PemFiles & { readonly ca: string } {
  const files = { cert: join(folder, "server.pem"), key: join(folder, "server.key"), ca: TEST_CERTIFICATE };
  writeFileSync(files.cert, TEST_CERTIFICATE);
  writeFileSync(files.key, TEST_KEY, { mode: 0o600 });
  return files;
}
