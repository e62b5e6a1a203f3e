/** What a joined session may do with which URI. Asked for every request that names one; answers at once. */
import { ErrorUri, type Match, type SessionId, type Uri } from "@pinion/wamp";
import type { Identity } from "./authenticator.ts";

export type Action = "publish" | "subscribe" | "call" | "register";

/** The one who asks. */
export interface Principal {
  readonly id: SessionId;
  readonly realm: Uri;
  readonly identity: Identity;
}

export type Decision =
  | {
      readonly allowed: true;
      /** For publish and call: true discloses who it was, false refuses to. Absent: as the request wishes. */
      readonly disclose?: boolean;
      /** For call and publish: told to callee or subscribers as `trustlevel`, 0 the lowest. Absent: nothing is told. */
      readonly trustlevel?: number;
      /**
       * For register: a forced one takes the procedure from anybody. Absent: only from sessions of the same authid and
       * authrole.
       */
      readonly evict?: boolean;
    }
  | { readonly allowed: false; readonly reason: Uri; readonly words: string };

export interface Authorizer {
  authorize(principal: Principal, action: Action, uri: Uri, match: Match): Decision;
  /** The denial that no dynamic authorizer may overrule, if there is one. Absent: it may overrule everything. */
  forbids?(principal: Principal, action: Action, uri: Uri, match: Match): Decision | undefined;
}

const ALLOWED: Decision = Object.freeze({ allowed: true });

/** Full rights for the named roles, none for anybody else. */
export class TrustedRoles implements Authorizer {
  readonly #roles: ReadonlySet<string>;

  constructor(roles: Iterable<string>) {
    this.#roles = new Set(roles);
  }

  authorize(principal: Principal, action: Action, uri: Uri): Decision {
    const role = principal.identity.authrole;
    if (this.#roles.has(role)) return ALLOWED;
    return { allowed: false, reason: ErrorUri.notAuthorized, words: `role ${role} may not ${action} ${uri}` };
  }
}
