/** Logging in by WAMP-CRA of v1, the router's side, in both flavours, which have nothing but the hash in common. */
import { type AuthCrypto, type Dict, type KeyCost, toBase64, toHex, utf8, verifyCra } from "@pinion/wamp";
import type { Flavour } from "./v1-message.ts";

/** What stands behind a challenge. */
export interface Asked {
  readonly authkey: string;
  readonly sessionId: string;
  /** The secret, or the base64 text of the derived key of a salted one. */
  readonly key: string;
  readonly salting?: (KeyCost & { readonly salt: string }) | undefined;
  /** What the client gave with its request. */
  readonly extra: Dict;
  /** Wall clock. */
  readonly at: Date;
  readonly crypto: AuthCrypto;
}

export interface Question {
  readonly challenge: string;
  /** In constant time; never throws. */
  readonly isRight: (signature: string) => boolean;
}

export function questionFor(flavour: Flavour, asked: Asked): Question {
  return flavour === "autobahn" ? autobahnQuestion(asked) : cljQuestion(asked);
}

/** Permissions are not told here: nobody has proven anything yet. */
function autobahnQuestion({ authkey, sessionId, key, salting, extra, at, crypto }: Asked): Question {
  const challenge = JSON.stringify({
    authid: toHex(crypto.randomBytes(16)),
    authkey,
    timestamp: at.toISOString(),
    sessionid: sessionId,
    extra,
    permissions: { pubsub: [], rpc: [] },
    ...(salting === undefined ? {} : { authextra: salting }),
  });
  return { challenge, isRight: (signature) => verifyCra(crypto, key, { challenge, signature }) };
}

/** The challenge is the key and the secret the message. */
function cljQuestion({ authkey, sessionId, key, at, crypto }: Asked): Question {
  const challenge = cljChallenge(crypto, { authkey, sessionId, key, millis: at.getTime() });
  return { challenge, isRight: (signature) => verifyCra(crypto, challenge, { challenge: key, signature }) };
}

export function cljChallenge(
  crypto: AuthCrypto,
  { authkey, sessionId, key, millis }: Pick<Asked, "authkey" | "sessionId" | "key"> & { readonly millis: number },
): string {
  return toBase64(crypto.hmacSha256(utf8(`${key}-${String(millis)}-${sessionId}`), utf8(authkey)));
}
