/** Errors as v1 clients know them: those of the protocol by the words of their flavour, all others by their mapped URI. */
import { piecesOf } from "./json-pieces.ts";
import type { UriMap } from "./uri-map.ts";
import type { CallFailure, Flavour } from "./v1-message.ts";

const ERROR = "http://api.wamp.ws/error#";

/** By flavour: the end of the URI and the description. */
const NOT_FOUND: Readonly<Record<Flavour, CallFailure>> = {
  autobahn: { uri: `${ERROR}NoSuchRPCEndpoint`, description: "no such procedure" },
  "clj-wamp": { uri: `${ERROR}notfound`, description: "not found error" },
};

export function notFound(flavour: Flavour): CallFailure {
  return NOT_FOUND[flavour];
}

export const UNAUTHORIZED: CallFailure = { uri: `${ERROR}unauthorized`, description: "unauthorized" };

const AUTH_WORDS = {
  "already-authenticated": "already authenticated",
  "authentication-already-requested": "authentication request already issued, authentication pending",
  "no-authentication-requested": "no authentication was requested",
  "anonymous-auth-forbidden": "authentication as anonymous is forbidden",
  "no-such-authkey": "the authentication key does not exist, or may not be used now",
  "invalid-signature": "the signature is wrong",
  "invalid-argument": "the authentication key is no text of 1 to 256 characters",
} as const;

export function authFailure(code: keyof typeof AUTH_WORDS): CallFailure {
  return { uri: ERROR + code, description: AUTH_WORDS[code] };
}

/** The server could not do what was asked, whoever asked it. */
export function internal(description: string): CallFailure {
  return { uri: `${ERROR}internal`, description };
}

export interface V2Error {
  readonly uri: string;
  /** Raw JSON. */
  readonly args: string | undefined;
  readonly kwargs: string | undefined;
}

/** One text is the description; everything beyond it is in the details, whole. */
export function failureFrom({ uri, args = "[]", kwargs = "{}" }: V2Error, map: UriMap, flavour: Flavour): CallFailure {
  const items = piecesOf(args);
  const first = items[0]?.startsWith('"') === true ? String(JSON.parse(items[0])) : undefined;
  const isTold = piecesOf(kwargs).length === 0 && (items.length === 0 || (items.length === 1 && first !== undefined));
  const details = isTold ? undefined : `{"args":${args},"kwargs":${kwargs}}`;
  const known = knownFailure(uri, flavour);
  if (known !== undefined) return { ...known, details };
  return { uri: map.toV1(uri), description: first ?? uri, details };
}

function knownFailure(uri: string, flavour: Flavour): CallFailure | undefined {
  switch (uri) {
    case "wamp.error.no_such_procedure":
      return notFound(flavour);
    case "wamp.error.not_authorized":
      return UNAUTHORIZED;
    default:
      return undefined;
  }
}
