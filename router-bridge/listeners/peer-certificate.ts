/** The certificate that a TLS client showed, as the router judges it. The client has proved to TLS that it holds the key. */
import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { CertificateFault, PeerCertificate } from "../router/index.ts";

/** Undefined if none was asked for or none was shown. To be called while the socket is open. */
export function peerCertificate(socket: TLSSocket): PeerCertificate | undefined {
  const shown = socket.getPeerX509Certificate();
  if (shown === undefined) return undefined;
  const reason = socket.authorized ? undefined : String(socket.authorizationError);
  return {
    fingerprint: shown.fingerprint256.replaceAll(":", "").toLowerCase(),
    commonName: socket.authorized ? commonNameOf(shown) : undefined,
    fault: () => faultOf(shown, reason, new Date()),
  };
}

/** Its time is looked at again with each login: a connection, and TLS's memory of one, may outlive it. */
function faultOf(shown: X509Certificate, reason: string | undefined, now: Date): CertificateFault | undefined {
  if (shown.validToDate < now || reason === "CERT_HAS_EXPIRED") {
    return { code: "certificate_expired", words: `the client certificate expired on ${shown.validTo}` };
  }
  if (shown.validFromDate > now) {
    return { code: "certificate_not_yet_valid", words: `the client certificate is valid only from ${shown.validFrom}` };
  }
  if (reason === undefined) return undefined;
  const words = `no authority of this router (tls.clientCa) vouches for the client certificate: ${reason}`;
  return { code: "certificate_untrusted", words };
}

/** Undefined if the subject has none, or several: which of them would count? */
function commonNameOf(shown: X509Certificate): string | undefined {
  const name: unknown = shown.toLegacyObject().subject?.CN;
  return typeof name === "string" && name !== "" ? name : undefined;
}
