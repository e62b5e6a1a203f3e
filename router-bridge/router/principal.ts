/** What an authenticator answers: a role, or a dict with it, in the spelling of Crossbar's authenticators or of the accounts file. */
import {
  type Account,
  type ChallengeMethod,
  CRA_DEFAULTS,
  type Dict,
  fromBase64,
  fromHex,
  isUri,
  type Payload,
} from "@pinion/wamp";

export interface Principal {
  readonly role: string;
  readonly authid: string | undefined;
  /** The realm to join instead of the one that was asked for. */
  readonly realm: string | undefined;
  /** For WELCOME. */
  readonly extra: Dict;
  readonly ticket: string | undefined;
  readonly fields: Dict;
}

const MAX_NAME = 256;

/** Words if it is none; they name no value, which may be a secret. */
export function principalFrom(answer: Payload): Principal | string {
  const [first] = answer.args;
  const fields = typeof first === "string" ? { role: first } : dictFrom(first);
  if (fields === undefined) return "it answered neither a role nor a dict with one";
  const { role, authid, realm, extra, ticket } = fields;
  if (!isName(role)) return "its answer has no role";
  const faulty = OPTIONAL.find(([name, right]) => !isAbsent(fields[name]) && !right(fields[name]));
  if (faulty !== undefined) return `the ${faulty[0]} in its answer is no ${faulty[2]}`;
  return {
    role,
    authid: isName(authid) ? authid : undefined,
    realm: isName(realm) ? realm : undefined,
    extra: dictFrom(extra) ?? {},
    ticket: typeof ticket === "string" ? ticket : undefined,
    fields,
  };
}

const OPTIONAL: readonly (readonly [name: string, right: (value: unknown) => boolean, what: string])[] = [
  ["authid", isName, "text of 1 to 256 characters"],
  ["realm", (value) => isName(value) && isUri(value), "URI"],
  ["extra", (value) => dictFrom(value) !== undefined, "dict"],
  ["ticket", (value) => typeof value === "string", "text"],
];

/** The account that a challenge by this method is made for; undefined if the answer lacks what that needs. */
export function accountOfPrincipal(principal: Principal, authid: string, method: ChallengeMethod): Account | undefined {
  const credentials = CREDENTIALS[method](principal.fields);
  return credentials && { authid, role: principal.role, ...credentials };
}

type Credentials = Pick<Account, ChallengeMethod>;

const CREDENTIALS: Readonly<Record<ChallengeMethod, (fields: Dict) => Credentials | undefined>> = {
  // judged by the authenticator, or compared with what it answers
  ticket: () => undefined,
  wampcra: ({ secret, salt, iterations: rounds, keylen: length }) => {
    const iterations = countFrom(rounds, CRA_DEFAULTS.iterations);
    const keylen = countFrom(length, CRA_DEFAULTS.keylen);
    if (iterations === undefined || keylen === undefined || typeof secret !== "string" || secret === "")
      return undefined;
    if (isAbsent(salt) || salt === "") return { wampcra: { secret } };
    return typeof salt === "string" ? { wampcra: { salt, iterations, keylen, key: secret } } : undefined;
  },
  "wamp-scram": (fields) => {
    const { salt } = fields;
    const storedKey = fields["storedKey"] ?? fields["stored-key"] ?? fields["stored_key"];
    const serverKey = fields["serverKey"] ?? fields["server-key"] ?? fields["server_key"];
    const iterations = countFrom(fields["iterations"], undefined);
    if (!isBase64(salt) || !isBase64(storedKey, 32) || !isBase64(serverKey, 32)) return undefined;
    return iterations === undefined ? undefined : { "wamp-scram": { salt, iterations, storedKey, serverKey } };
  },
  cryptosign: (fields) => {
    const given = fields["pubkeys"] ?? fields["authorized_keys"] ?? fields["pubkey"];
    const keys: readonly unknown[] = Array.isArray(given) ? given : [given];
    const known = keys.flatMap((key) => (typeof key === "string" && fromHex(key, 32) ? [key.toLowerCase()] : []));
    return known.length > 0 && known.length === keys.length ? { cryptosign: known } : undefined;
  },
};

function dictFrom(value: unknown): Dict | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array)
    return undefined;
  return value as Dict; // an object that is no list and no octets; every field is checked before use
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_NAME;
}

function isBase64(value: unknown, octets?: number): value is string {
  const found = typeof value === "string" ? fromBase64(value) : undefined;
  return found !== undefined && found.length > 0 && found.length === (octets ?? found.length);
}

function countFrom(value: unknown, fallback: number | undefined): number | undefined {
  if (isAbsent(value)) return fallback;
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 1_000_000 ? value : undefined;
}
