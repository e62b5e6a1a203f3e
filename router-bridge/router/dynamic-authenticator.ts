/**
 * Lets a procedure of a realm say who may log in, for those who have no account: called with realm, authid and details, it
 * answers with a principal, or with an error, which denies. What cannot be found out lets nobody in. The conventions are those
 * of Crossbar's dynamic authenticators. Keeps nothing; the router core puts the question.
 */
import { CHALLENGE_METHODS, type ChallengeMethod, type Dict, ErrorUri, type Hello, type Uri, utf8 } from "@pinion/wamp";
import { ANONYMOUS, type Applicant, type AuthOutcome, type Consultation, type Verdict } from "./authenticator.ts";
import { ASK, type Ask } from "./challenges.ts";
import type { Millis } from "./deadlines.ts";
import { optionalStrings } from "./dict-reading.ts";
import { type AccountRules, blocked, countFailure, failed, WRONG } from "./login-rules.ts";
import { accountOfPrincipal, type Principal, principalFrom } from "./principal.ts";

/** The methods that an authenticator can serve. */
export type DynamicMethod = ChallengeMethod | "tls";

export interface DynamicAuthentication {
  readonly procedure: Uri;
  /** Where it is registered; undefined: in the realm that is to be joined. */
  readonly realm?: Uri | undefined;
  readonly methods: readonly DynamicMethod[];
  /** Milliseconds for an answer; without one in time the login fails. */
  readonly timeout: Millis;
  /** Told when the authenticator could not be asked or did not answer as it should. */
  readonly onFault?: ((fault: AuthenticatorFault) => void) | undefined;
}

export interface AuthenticatorFault {
  readonly procedure: Uri;
  readonly method: string;
  readonly authid: string | undefined;
  readonly address: string;
  readonly words: string;
}

/** Undefined if no authenticator serves this method. */
export function byAuthenticator(
  rules: AccountRules,
  applicant: Applicant,
  method: DynamicMethod,
): AuthOutcome | undefined {
  const { dynamic } = rules;
  if (dynamic?.methods.includes(method) !== true) return undefined;
  const authid = authidOf(applicant.hello);
  const stopped = blocked(rules, applicant, { authid, method });
  if (stopped !== undefined) return stopped;
  const login: Login = { rules, dynamic, applicant, method, authid };
  if (method === "ticket") return askTicket(login);
  if (method === "tls") return consult(login, {}, (principal) => welcome(login, principal));
  return consult(login, {}, (principal) => challengeByAny(login, principal));
}

/**
 * The same for WAMP-CRA whose challenge is made otherwise than that of v2, by `ask`.
 * Undefined if no authenticator serves WAMP-CRA.
 */
export function craByAuthenticator(rules: AccountRules, applicant: Applicant, ask: Ask): AuthOutcome | undefined {
  const { dynamic } = rules;
  const method = "wampcra";
  if (dynamic?.methods.includes(method) !== true) return undefined;
  const authid = authidOf(applicant.hello);
  const login: Login = { rules, dynamic, applicant, method, authid };
  return (
    blocked(rules, applicant, login) ??
    consult(login, {}, (principal) => challenge(login, principal, { method, ask }) ?? lacking(login))
  );
}

interface Login {
  readonly rules: AccountRules;
  readonly dynamic: DynamicAuthentication;
  readonly applicant: Applicant;
  readonly method: DynamicMethod;
  readonly authid: string | undefined;
}

/** The ticket goes to the authenticator, which judges it, or answers with the right one. */
function askTicket(login: Login): AuthOutcome {
  const { crypto } = login.rules;
  const same = (a: string, b: string): boolean =>
    crypto.timingSafeEqual(crypto.sha256(utf8(a)), crypto.sha256(utf8(b)));
  return {
    kind: "challenge",
    method: "ticket",
    extra: {},
    answer: (ticket) =>
      blocked(login.rules, login.applicant, login) ??
      consult(login, { ticket }, (principal) =>
        principal.ticket === undefined || same(principal.ticket, ticket) ? welcome(login, principal) : wrong(login),
      ),
  };
}

function consult(login: Login, more: Dict, go: (principal: Principal) => AuthOutcome): Consultation {
  const { dynamic, applicant, method, authid } = login;
  const { hello, sessionId } = applicant;
  const { authextra } = hello.details;
  const details = {
    session: sessionId,
    authmethod: method,
    ...(authid === undefined ? {} : { authid }),
    ...(authextra === undefined || authextra === null ? {} : { authextra }),
    transport: transportOf(applicant),
    ...more,
  };
  return {
    kind: "consult",
    realm: dynamic.realm ?? hello.realm,
    procedure: dynamic.procedure,
    args: [hello.realm, authid ?? null, details],
    timeout: dynamic.timeout,
    decide: (verdict) => judge(login, verdict, go),
  };
}

function judge(login: Login, verdict: Verdict, go: (principal: Principal) => AuthOutcome): AuthOutcome {
  switch (verdict.kind) {
    case "denied":
      return denied(login, verdict.words);
    case "fault":
      return fault(login, verdict.words);
    default: {
      const principal = principalFrom(verdict.answer);
      return typeof principal === "string" ? fault(login, principal) : go(principal);
    }
  }
}

/** By the first method, from the one that was asked about on, that the client offers and the answer serves. */
function challengeByAny(login: Login, principal: Principal): AuthOutcome {
  const { rules, dynamic, applicant } = login;
  const offered = optionalStrings(applicant.hello.details, "authmethods") ?? [];
  for (const name of offered.slice(offered.indexOf(login.method))) {
    const method = CHALLENGE_METHODS.find((one) => one === name);
    if (method === undefined || !dynamic.methods.includes(method) || !rules.methods.includes(method)) continue;
    if (method === "ticket" && principal.ticket !== undefined) return askTicket({ ...login, method });
    const outcome = challenge({ ...login, method }, principal, { method, ask: ASK[method] });
    if (outcome !== undefined) return outcome;
  }
  return lacking(login);
}

function lacking(login: Login): AuthOutcome {
  return fault(login, `its answer lacks what ${login.method} needs, or that is malformed`);
}

interface Way {
  readonly method: ChallengeMethod;
  readonly ask: Ask;
}

/** Undefined if the answer lacks what this method needs. */
function challenge(login: Login, principal: Principal, { method, ask }: Way): AuthOutcome | undefined {
  const { rules, applicant } = login;
  const authid = principal.authid ?? login.authid;
  if (authid === undefined) return fault(login, "it named no authid for a client that has none");
  const account = accountOfPrincipal(principal, authid, method);
  if (account === undefined) return undefined;
  const { hello, info, sessionId } = applicant;
  const { crypto, timestamp } = rules;
  const question = ask({
    account,
    hello,
    info,
    sessionId,
    crypto,
    timestamp: timestamp(),
    provider: "dynamic",
  });
  // HELLO lacks something; for WAMP-CRA it cannot, so it is the answer
  if (question === undefined) return method === "wampcra" ? lacking(login) : wrong(login);
  return {
    kind: "challenge",
    method,
    extra: question.extra,
    answer: (signature, extra) => {
      const stopped = blocked(rules, applicant, login);
      if (stopped !== undefined) return stopped;
      const right = question.judge(signature, extra);
      return right === undefined ? wrong(login) : welcome(login, principal, right.authextra);
    },
  };
}

function welcome(login: Login, principal: Principal, proof: Dict = {}): AuthOutcome {
  const { role, extra, realm } = principal;
  const authid = principal.authid ?? login.authid;
  if (authid === undefined) return fault(login, "it named no authid for a client that has none");
  const authextra = { ...extra, ...proof };
  const identity = { authid, authrole: role, authmethod: login.method, authprovider: "dynamic" };
  return {
    kind: "welcome",
    identity: Object.keys(authextra).length === 0 ? identity : { ...identity, authextra },
    ...(realm === undefined ? {} : { realm }),
  };
}

function wrong({ rules, applicant, authid, method }: Login): AuthOutcome {
  return failed(rules, applicant, { authid, method });
}

/** The authenticator's own words are for the client: what it gives away is its own decision. */
function denied({ rules, applicant, authid, method }: Login, words: string | undefined): AuthOutcome {
  const { info } = applicant;
  countFailure(rules, info, authid);
  const address = info.address ?? "unknown";
  rules.onFailed({
    authid,
    method,
    address,
    cause: "denied",
    words: `the authenticator denied: ${words ?? "no reason given"}`,
  });
  return words === undefined ? WRONG : { kind: "refuse", reason: ErrorUri.authenticationDenied, words };
}

function fault({ dynamic, applicant, authid, method }: Login, words: string): AuthOutcome {
  const { procedure, onFault } = dynamic;
  onFault?.({ procedure, method, authid, address: applicant.info.address ?? "unknown", words });
  const told = "the router could not check who you are; its log says why";
  return { kind: "refuse", reason: ErrorUri.authenticationFailed, words: told };
}

function transportOf({ info }: Applicant): Dict {
  const { transport, tls, address, certificate } = info;
  const shown = certificate && {
    client_cert: {
      sha256: certificate.fingerprint,
      ...(certificate.commonName === undefined ? {} : { cn: certificate.commonName }),
    },
  };
  return { type: transport, tls, ...(address === undefined ? {} : { peer: address }), ...shown };
}

function authidOf(hello: Hello): string | undefined {
  const authid = hello.details["authid"];
  return typeof authid === "string" && authid !== "" && authid.length <= 256 ? authid : undefined;
}

/** Whether this session may answer for who others are: it has to have an account, or the authenticator could let itself in. */
export function mayAuthenticate({ authprovider, authmethod }: { authprovider: string; authmethod: string }): boolean {
  return authprovider === "static" && authmethod !== ANONYMOUS;
}
