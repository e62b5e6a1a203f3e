/** Who is in a realm, and how they are sent away (spec, session meta API). */
import { ApplicationError, CloseUri, ErrorUri, toUri, type Dict, type SessionId, type Uri } from "@pinion/wamp";
import type { MetaCall, MetaProcedures } from "./meta-api.ts";
import type { MetaArguments } from "./meta-arguments.ts";
import type { Member } from "./member.ts";
import { uriFault, type RouterContext } from "./router-context.ts";

export const SESSION_ON_JOIN = toUri("wamp.session.on_join");
export const SESSION_ON_LEAVE = toUri("wamp.session.on_leave");
export const SESSION_ON_STATS = toUri("wamp.session.on_stats");

/** What the meta API tells about a session. `authextra` may be meant for the session alone and is kept. */
export function sessionDetails<P>({ id, identity, session }: Member<P>): Dict {
  const { authid, authrole, authmethod, authprovider } = identity;
  const { transport, tls, address } = session.info;
  const peer = address === undefined ? {} : { peer: address };
  return { session: id, authid, authrole, authmethod, authprovider, transport: { type: transport, tls, ...peer } };
}

/** What a session has done so far, and what it holds now. */
export function sessionStats<P>(member: Member<P>): Dict {
  return {
    received: member.session.received,
    invocations: member.lastInvocation,
    pending_calls: member.calls.size,
    pending_invocations: member.invocations.size,
    subscriptions: member.subscriptions.size,
    registrations: member.registrations.size,
  };
}

/** `members` is the realm's own table and changes under its hands. */
export function sessionProcedures<P>(
  members: ReadonlyMap<SessionId, Member<P>>,
  context: RouterContext<P>,
): MetaProcedures<P> {
  const killed = ({ caller, given, out }: MetaCall<P>, chosen: (member: Member<P>) => boolean): number[] => {
    const parting = partingFrom(given, context);
    const victims = [...members.values()].filter((member) => member !== caller && chosen(member));
    for (const { session } of victims) context.dismiss(session, parting, out);
    return victims.map(({ id }) => id);
  };
  return {
    "wamp.session.count": ({ given }) => [listed(members, given).length],
    "wamp.session.list": ({ given }) => [listed(members, given).map(({ id }) => id)],
    "wamp.session.get": ({ given }) => [sessionDetails(theSession(members, given.id(0, "session")))],
    "wamp.session.get_stats": ({ given }) => [sessionStats(theSession(members, given.id(0, "session")))],
    "wamp.session.kill": (call) => {
      const id = call.given.id(0, "session");
      const parting = partingFrom(call.given, context);
      if (id === call.caller.id) throw noSuchSession(`${id} is this session itself: say GOODBYE instead`);
      context.dismiss(theSession(members, id).session, parting, call.out);
      return [];
    },
    "wamp.session.kill_by_authid": (call) => {
      const authid = call.given.string(0, "authid");
      return [killed(call, ({ identity }) => identity.authid === authid)];
    },
    "wamp.session.kill_by_authrole": (call) => {
      const authrole = call.given.string(0, "authrole");
      return [killed(call, ({ identity }) => identity.authrole === authrole).length];
    },
    "wamp.session.kill_all": (call) => [killed(call, () => true).length],
  };
}

function listed<P>(members: ReadonlyMap<SessionId, Member<P>>, given: MetaArguments): Member<P>[] {
  const roles = given.optionalStrings(0, "authroles");
  return [...members.values()].filter(({ identity }) => roles?.includes(identity.authrole) ?? true);
}

function theSession<P>(members: ReadonlyMap<SessionId, Member<P>>, id: number): Member<P> {
  const member = members.get(id as SessionId); // a number that is no session's id is in no table
  if (member === undefined) throw noSuchSession(`no session ${id} is in this realm`);
  return member;
}

function noSuchSession(words: string): ApplicationError {
  return new ApplicationError(ErrorUri.noSuchSession, [words]);
}

/** What the GOODBYE of a killed session says. */
function partingFrom<P>(given: MetaArguments, { limits }: RouterContext<P>): { reason: Uri; words: string } {
  const reason = given.keywordString("reason") ?? CloseUri.killed;
  const fault = uriFault(reason, "exact", limits);
  if (fault) throw new ApplicationError(fault.error, [`reason: ${fault.words}`]);
  return { reason: toUri(reason), words: given.keywordString("message") ?? "" };
}
