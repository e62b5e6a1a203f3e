/** Whose session ends because the accounts have changed. Only of those who logged in by an account. */
import { type Accounts, toUri, type Uri } from "@pinion/wamp";
import type { Log } from "./log.ts";
import type { Peer } from "./peer.ts";
import type { RouterSession } from "./router/index.ts";

/** The account is no longer there. */
const ACCOUNT_REMOVED = toUri("pinion.close.account_removed");
/** It has another role, or may not join that realm any more. */
const ACCOUNT_CHANGED = toUri("pinion.close.account_changed");

interface Departure {
  readonly reason: Uri;
  readonly words: string;
}

/** Those of the peers that have to go, for what reason. */
export function* departures(
  accounts: Accounts,
  peers: Iterable<Peer>,
  log: Log,
): Generator<Departure & Pick<Peer, "session">> {
  for (const { session, address, closed } of peers) {
    const departure = closed ? undefined : departureOf(accounts, session);
    if (departure === undefined) continue;
    log.info({ peer: address, reason: departure.reason }, `a session was ended: ${departure.words}`);
    yield { session, ...departure };
  }
}

/** Undefined: the session may stay. */
function departureOf<P>({ accounts }: Accounts, { member }: RouterSession<P>): Departure | undefined {
  if (member === undefined) return undefined;
  const { authid, authrole, authmethod, authprovider } = member.identity;
  if (authprovider !== "static" || authmethod === "anonymous") return undefined;
  const account = accounts.find((one) => one.authid === authid);
  if (account === undefined) return { reason: ACCOUNT_REMOVED, words: `the account ${authid} was removed` };
  const { role, realms } = account;
  if (role !== authrole) {
    return { reason: ACCOUNT_CHANGED, words: `the account ${authid} has the role ${role} now: log in again` };
  }
  if (realms === undefined || realms.includes(member.realm)) return undefined;
  return { reason: ACCOUNT_CHANGED, words: `the account ${authid} may not join realm ${member.realm} any more` };
}
