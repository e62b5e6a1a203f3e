/** Dates of certificates: of those that the configuration names, and of the one that the router shows. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect, type ConnectionOptions } from "node:tls";
import type { BoardConfig } from "../board-config.ts";
import { urlsOf } from "../router-options.ts";
import { error, ok, warning, type Finding } from "./finding.ts";

const DAY = 86_400_000;
/** Days before the end that are worth a word. */
const SOON = 30;
/** ms for the router to show its certificate. */
const PATIENCE = 5_000;

export function checkOwnCertificates({ config }: BoardConfig, now: number): readonly Finding[] {
  const { ca, cert, key } = config.router.tls ?? {};
  const findings: Finding[] = [];
  for (const file of [ca, cert]) {
    if (file === undefined) continue;
    for (const one of certificatesIn(file)) findings.push(dateFinding(file, one, now));
  }
  if (cert !== undefined && key !== undefined && !fits(cert, key))
    findings.push(
      error("tls", `${key} is not the key of ${cert}`, "Name the key that the certificate was asked for with."),
    );
  return findings;
}

function certificatesIn(file: string): readonly X509Certificate[] {
  try {
    const blocks = readFileSync(file, "utf8").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    return blocks.map((pem) => new X509Certificate(pem));
  } catch {
    return []; // that it cannot be read is told with the configuration
  }
}

function fits(cert: string, key: string): boolean {
  try {
    return certificatesIn(cert)[0]?.checkPrivateKey(createPrivateKey(readFileSync(key))) === true;
  } catch {
    return false;
  }
}

type Dated = Pick<X509Certificate, "validFrom" | "validTo">;

function dateFinding(whose: string, { validFrom, validTo }: Dated, now: number): Finding {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
  if (now < from)
    return error("tls", `${whose}: valid only from ${day(from)} on`, "Set the clock (see above), or wait.");
  if (now > to) return error("tls", `${whose}: was valid until ${day(to)}`, "Put a new certificate in its place.");
  const words = `${whose}: valid until ${day(to)}`;
  if (to - now > SOON * DAY) return ok("tls", words);
  return warning("tls", `${words}, which is soon`, "Put a new certificate in its place before that day.");
}

/** Of each router that is spoken to over TLS; what does not answer is told where it is joined. */
export async function checkRouterCertificates({ config }: BoardConfig, now: number): Promise<readonly Finding[]> {
  const { ca, servername } = config.router.tls ?? {};
  const trusted = ca === undefined ? {} : { ca: readFileSync(ca) };
  const secure = urlsOf(config.router.url).filter((url) => /^(rss|tcps|wss):/.test(url));
  const findings = await Promise.all(
    secure.map(async (url) => {
      const { hostname, port } = new URL(url);
      const host = hostname.replace(/^\[|\]$/g, "");
      const usual = url.startsWith("wss:") ? 443 : 8080;
      const name = servername ?? (/^[\d.]+$|:/.test(host) ? "" : host);
      const options = { host, port: Number(port || usual), servername: name, rejectUnauthorized: false, ...trusted };
      return await shown(url, options, now);
    }),
  );
  return findings.flat();
}

function shown(url: string, options: ConnectionOptions, now: number): Promise<readonly Finding[]> {
  return new Promise((resolve) => {
    const socket = connect(options, () => {
      const certificate = socket.getPeerX509Certificate();
      const findings: Finding[] = [];
      if (certificate !== undefined) findings.push(dateFinding(`the certificate of ${url}`, certificate, now));
      const dated = findings.some(({ level }) => level === "error");
      if (!socket.authorized && !dated) {
        const cure = "Name the authority that signed it in router.tls.ca, and the name in it in router.tls.servername.";
        findings.push(
          error("tls", `the certificate of ${url} is not trusted: ${String(socket.authorizationError)}`, cure),
        );
      }
      socket.destroy();
      resolve(findings);
    });
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error("no answer")));
    socket.once("error", () => resolve([])).once("close", () => resolve([]));
  });
}
