/** One challenge per method: what the router asks, and how it judges the answer (spec "Authentication"). */
import {
  type Account,
  type AuthCrypto,
  type ChallengeMethod,
  type ChannelBindingType,
  type Dict,
  CHANNEL_BINDINGS,
  fromBase64,
  fromHex,
  type Hello,
  type ScramExchange,
  type SessionId,
  scramServerSignature,
  toBase64,
  toHex,
  verifyCra,
  verifyCryptosign,
  verifyScramProof,
  verifyTicket,
} from "@pinion/wamp";
import { asDict } from "./dict-reading.ts";
import type { PeerInfo } from "./peer-info.ts";

/** What stands behind a challenge. */
export interface Challenged {
  readonly account: Account;
  readonly hello: Hello;
  readonly info: PeerInfo;
  readonly sessionId: SessionId;
  readonly crypto: AuthCrypto;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  /** Who vouches for the account. Default: static. */
  readonly provider?: string;
}

export interface Question {
  readonly extra: Dict;
  /** Undefined: wrong. Otherwise right, with what WELCOME carries as authextra. Never throws. */
  readonly judge: (signature: string, extra: Dict) => { readonly authextra?: Dict } | undefined;
}

/** Undefined: this account or this HELLO lacks what the method needs. */
export type Ask = (challenged: Challenged) => Question | undefined;

const NONCE_OCTETS = 16;
const CHALLENGE_OCTETS = 32;
const MAX_NONCE = 256;
const RIGHT = Object.freeze({});

const askTicket: Ask = ({ account: { ticket }, crypto }) => {
  const salt = ticket && fromHex(ticket.salt, 16);
  const hash = ticket && fromHex(ticket.hash, 32);
  if (salt === undefined || hash === undefined) return undefined;
  return { extra: {}, judge: (signature) => (verifyTicket(crypto, { salt, hash }, signature) ? RIGHT : undefined) };
};

const askCra: Ask = ({ account: { authid, role, wampcra }, crypto, sessionId, timestamp, provider = "static" }) => {
  if (wampcra === undefined) return undefined;
  const challenge = JSON.stringify({
    authid,
    authrole: role,
    authmethod: "wampcra",
    authprovider: provider,
    nonce: toHex(crypto.randomBytes(NONCE_OCTETS)),
    timestamp,
    session: sessionId,
  });
  const judgedBy = (key: string): Question["judge"] => {
    return (signature) => (verifyCra(crypto, key, { challenge, signature }) ? RIGHT : undefined);
  };
  if ("secret" in wampcra) return { extra: { challenge }, judge: judgedBy(wampcra.secret) };
  const { salt, iterations, keylen, key } = wampcra;
  return { extra: { challenge, salt, iterations, keylen }, judge: judgedBy(key) };
};

/** Channel binding is not offered: a client that insists on it is not asked. */
const askScram: Ask = ({ account, hello, crypto }) => {
  const kept = account["wamp-scram"];
  const { nonce: clientNonce, channel_binding: binding } = authextraOf(hello);
  if (kept === undefined || (binding !== undefined && binding !== null)) return undefined;
  if (typeof clientNonce !== "string" || clientNonce === "" || clientNonce.length > MAX_NONCE) return undefined;
  const storedKey = fromBase64(kept.storedKey);
  const serverKey = fromBase64(kept.serverKey);
  if (fromBase64(clientNonce) === undefined || storedKey === undefined || serverKey === undefined) return undefined;
  const nonce = clientNonce + toBase64(crypto.randomBytes(NONCE_OCTETS));
  const { salt, iterations, kdf = "pbkdf2", memory } = kept;
  const exchange: ScramExchange = { authid: account.authid, clientNonce, nonce, salt, iterations };
  return {
    extra: { nonce, salt, kdf, iterations, ...(memory === undefined ? {} : { memory }) },
    judge: (signature, extra) => {
      const proof = fromBase64(signature);
      const given = { storedKey, serverKey };
      if (proof === undefined || extra["nonce"] !== nonce || (extra["channel_binding"] ?? null) !== null)
        return undefined;
      if (!verifyScramProof(crypto, given, { exchange, proof })) return undefined;
      return { authextra: { verifier: toBase64(scramServerSignature(crypto, serverKey, exchange)) } };
    },
  };
};

/**
 * Bound to the TLS channel if the client asks for it and the channel has such a binding; if not, the answer says so, and the
 * client decides whether that will do.
 */
const askCryptosign: Ask = ({ account, hello, info, crypto }) => {
  const offered = offeredKey(hello);
  const publicKey = offered === undefined ? undefined : fromHex(offered, 32);
  if (publicKey === undefined || offered === undefined || account.cryptosign?.includes(offered) !== true)
    return undefined;
  const challenge = crypto.randomBytes(CHALLENGE_OCTETS);
  const type = wantedBinding(hello);
  const channelId = type && info.channelId?.(type);
  return {
    extra: { challenge: toHex(challenge), channel_binding: channelId === undefined ? null : type },
    judge: (signature) =>
      verifyCryptosign(crypto, publicKey, { challenge, channelId, signature }) ? RIGHT : undefined,
  };
};

function wantedBinding(hello: Hello): ChannelBindingType | undefined {
  const { channel_binding: wanted } = authextraOf(hello);
  return CHANNEL_BINDINGS.find((one) => one === wanted);
}

export const ASK: Readonly<Record<ChallengeMethod, Ask>> = {
  ticket: askTicket,
  wampcra: askCra,
  "wamp-scram": askScram,
  cryptosign: askCryptosign,
};

/** The public key that HELLO names, in lower case; undefined if there is none or it is none. */
export function offeredKey(hello: Hello): string | undefined {
  const { pubkey } = authextraOf(hello);
  return typeof pubkey === "string" && fromHex(pubkey, 32) !== undefined ? pubkey.toLowerCase() : undefined;
}

function authextraOf(hello: Hello): Dict {
  return asDict("authextra", hello.details["authextra"]) ?? {};
}
