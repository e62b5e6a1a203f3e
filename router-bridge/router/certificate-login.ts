/** The authmethod `tls`: the account that the connection's client certificate belongs to (spec "TLS Certificate Authentication"). */
import { type Accounts, ErrorUri } from "@pinion/wamp";
import type { Applicant, AuthOutcome } from "./authenticator.ts";
import { byAuthenticator } from "./dynamic-authenticator.ts";
import { type AccountRules, blocked, countFailure, proven } from "./login-rules.ts";
import type { PeerCertificate } from "./peer-info.ts";

/**
 * Undefined if there is no certificate, or it is nobody's: another method may do. A certificate that has expired or that no
 * authority of the listener signed ends the attempt, whatever else was offered.
 */
export function byCertificate(
  rules: AccountRules,
  { applicant, accounts }: { readonly applicant: Applicant; readonly accounts: Accounts },
): AuthOutcome | undefined {
  const { info, hello } = applicant;
  const { certificate } = info;
  if (certificate === undefined) return undefined;
  const named = hello.details["authid"];
  const who = { authid: typeof named === "string" ? named : undefined, method: "tls" };
  const stopped = blocked(rules, applicant, who);
  if (stopped !== undefined) return stopped;
  const address = info.address ?? "unknown";
  const fault = certificate.fault();
  if (fault !== undefined) {
    const { code: cause, words } = fault;
    rules.onFailed({ ...who, address, cause, words });
    return { kind: "refuse", reason: ErrorUri.authenticationDenied, words };
  }
  const account = accounts.accounts.find(({ tls }) => isOf(certificate, tls));
  const asked = account === undefined ? byAuthenticator(rules, applicant, "tls") : undefined;
  if (asked !== undefined) return asked;
  if (account === undefined || (who.authid !== undefined && who.authid !== account.authid)) {
    countFailure(rules, info, who.authid);
    const words = `the client certificate ${certificate.fingerprint} belongs to no account of that name`;
    rules.onFailed({ ...who, address, cause: "certificate_unknown", words });
    return undefined;
  }
  return proven(rules, applicant, { account, method: "tls" });
}

/** Public values: nothing is given away by the time that this takes. */
function isOf({ fingerprint, commonName }: PeerCertificate, tls: Accounts["accounts"][number]["tls"]): boolean {
  if (tls?.fingerprints?.includes(fingerprint) === true) return true;
  return commonName !== undefined && tls?.commonNames?.includes(commonName) === true;
}
