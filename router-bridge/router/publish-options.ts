/** Reads PUBLISH.Options once per message; the usual empty ones cost nothing. */
import type { Dict } from "@pinion/wamp";
import { asBoolean, asIds, asStrings, passthruOf } from "./dict-reading.ts";
import type { Member } from "./member.ts";
import type { PeerFeatures } from "./peer-features.ts";

export interface PublishOptions {
  readonly acknowledge: boolean;
  readonly excludeMe: boolean;
  readonly discloseMe: boolean;
  /** The event is kept for those who subscribe later (spec, event retention). */
  readonly retain: boolean;
  /** How an opaque payload is to be read; absent if it is none. */
  readonly passthru: Dict | undefined;
  /** Absent if every subscriber may receive. */
  readonly audience: Audience | undefined;
}

const USUAL: PublishOptions = Object.freeze({
  acknowledge: false,
  excludeMe: true,
  discloseMe: false,
  retain: false,
  passthru: undefined,
  audience: undefined,
});

/** @throws ProtocolViolation for an option of a wrong type. */
export function publishOptions(options: Dict, { passthru }: PeerFeatures): PublishOptions {
  for (const key in options) {
    if (Object.hasOwn(options, key)) return readOptions(options, passthru.publisher);
  }
  return USUAL;
}

function readOptions(options: Dict, knowsPassthru: boolean): PublishOptions {
  const excludeMe = options["exclude_me"];
  return {
    acknowledge: asBoolean("acknowledge", options["acknowledge"]),
    excludeMe: excludeMe === undefined || excludeMe === null || asBoolean("exclude_me", excludeMe),
    discloseMe: asBoolean("disclose_me", options["disclose_me"]),
    retain: asBoolean("retain", options["retain"]),
    passthru: passthruOf(options, knowsPassthru),
    audience: readAudience(options),
  };
}

/**
 * Who may receive (spec "Subscriber Black- and Whitelisting"): in every list of the eligible that is given and in no list
 * of the excluded. An empty list of the eligible lets nobody receive.
 */
export class Audience {
  readonly #eligible: Lists;
  readonly #excluded: Lists;

  constructor(eligible: Lists, excluded: Lists) {
    this.#eligible = eligible;
    this.#excluded = excluded;
  }

  /** Session ids are named: past their end nobody can be told apart by them. */
  get namesSessions(): boolean {
    return this.#eligible.ids !== undefined || this.#excluded.ids !== undefined;
  }

  includes<P>(member: Member<P>): boolean {
    const { authid, authrole } = member.identity;
    const { ids, authids, authroles } = this.#eligible;
    if (ids?.has(member.id) === false || authids?.has(authid) === false || authroles?.has(authrole) === false)
      return false;
    const excluded = this.#excluded;
    if (excluded.ids?.has(member.id) === true) return false;
    return excluded.authids?.has(authid) !== true && excluded.authroles?.has(authrole) !== true;
  }
}

interface Lists {
  readonly ids: ReadonlySet<number> | undefined;
  readonly authids: ReadonlySet<string> | undefined;
  readonly authroles: ReadonlySet<string> | undefined;
}

function readLists(options: Dict, prefix: "eligible" | "exclude"): Lists {
  const ids = asIds(prefix, options[prefix]);
  const authids = asStrings(`${prefix}_authid`, options[`${prefix}_authid`]);
  const authroles = asStrings(`${prefix}_authrole`, options[`${prefix}_authrole`]);
  return { ids: ids && new Set(ids), authids: authids && new Set(authids), authroles: authroles && new Set(authroles) };
}

function readAudience(options: Dict): Audience | undefined {
  const eligible = readLists(options, "eligible");
  const excluded = readLists(options, "exclude");
  const restricts = [eligible, excluded].some((lists) => lists.ids ?? lists.authids ?? lists.authroles);
  return restricts ? new Audience(eligible, excluded) : undefined;
}
