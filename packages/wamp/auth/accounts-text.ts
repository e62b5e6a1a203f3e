/** Accounts as the text of a file, JSON. What the file says is checked in full: a mistake in it must lock out, not let in. */
import { UsageError } from "../errors.ts";
import { type Account, type Accounts, AUTH_METHODS, type AuthMethod } from "./account.ts";
import { ARGON2_BOUNDS, MAX_ITERATIONS } from "./auth-crypto.ts";
import { fromBase64, fromHex } from "./octets.ts";

const VERSION = 1;
const MAX_NAME = 256;
const CRA_FIELDS = ["secret", "salt", "iterations", "keylen", "key"];

type Fields = Readonly<Record<string, unknown>>;

export function formatAccounts({ decoy, accounts }: Accounts): string {
  return `${JSON.stringify({ version: VERSION, decoy, accounts }, undefined, 2)}\n`;
}

/** @throws UsageError `invalid_accounts` that names the account and the field, and never a value. */
export function parseAccounts(text: string): Accounts {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw wrong("the file", "be JSON, as `pinion auth add` writes it");
  }
  const file = fieldsOf("the file", json, ["version", "decoy", "accounts"]);
  if (file["version"] !== VERSION) throw wrong("version", `be ${VERSION}`);
  const decoy = hex("decoy", file["decoy"], 32);
  if (!Array.isArray(file["accounts"])) throw wrong("accounts", "be a list");
  const listed: readonly unknown[] = file["accounts"];
  const accounts = listed.map((one, i) => parseAccount(`accounts[${i}]`, one));
  const authids = new Set<string>();
  const owned = new Set<string>();
  for (const account of accounts) {
    const { authid } = account;
    if (authids.has(authid)) throw wrong(`accounts: ${JSON.stringify(authid)}`, "be there only once");
    authids.add(authid);
    for (const one of identifyingCredentials(account)) {
      if (owned.has(one)) throw wrong(`accounts: ${one}`, "belong to one account only");
      owned.add(one);
    }
  }
  return { decoy, accounts };
}

function parseAccount(at: string, value: unknown): Account {
  const fields = fieldsOf(at, value, ["authid", "role", "realms", ...AUTH_METHODS]);
  const authid = name(`${at}.authid`, fields["authid"]);
  const where = `${at} (${JSON.stringify(authid)})`;
  const account: { -readonly [K in keyof Account]: Account[K] } = {
    authid,
    role: name(`${where}.role`, fields["role"]),
  };
  if (fields["realms"] !== undefined) account.realms = names(`${where}.realms`, fields["realms"], "realms");
  for (const method of AUTH_METHODS) {
    if (fields[method] !== undefined)
      Object.assign(account, { [method]: CHECKED[method](`${where}.${method}`, fields[method]) });
  }
  return account;
}

const CHECKED: Readonly<Record<AuthMethod, (at: string, value: unknown) => unknown>> = {
  ticket: (at, value) => {
    const fields = fieldsOf(at, value, ["salt", "hash"]);
    return { salt: hex(`${at}.salt`, fields["salt"], 16), hash: hex(`${at}.hash`, fields["hash"], 32) };
  },
  wampcra: (at, value) => {
    const { secret, salt, iterations, keylen, key } = fieldsOf(at, value, CRA_FIELDS);
    if (secret !== undefined) {
      if ([salt, iterations, keylen, key].some((one) => one !== undefined))
        throw wrong(at, "have a secret or a salted key");
      return { secret: name(`${at}.secret`, secret) };
    }
    return {
      salt: name(`${at}.salt`, salt),
      iterations: count(`${at}.iterations`, iterations, MAX_ITERATIONS),
      keylen: count(`${at}.keylen`, keylen, 1024),
      key: base64(`${at}.key`, key),
    };
  },
  "wamp-scram": (at, value) => {
    const { salt, kdf, memory, iterations, storedKey, serverKey } = fieldsOf(at, value, [
      "salt",
      "kdf",
      "memory",
      "iterations",
      "storedKey",
      "serverKey",
    ]);
    if (kdf !== undefined && kdf !== "argon2id13") throw wrong(`${at}.kdf`, "be argon2id13, or not there for pbkdf2");
    const derived = kdf === undefined ? {} : { kdf, memory: count(`${at}.memory`, memory, ARGON2_BOUNDS.memory[1]) };
    return {
      salt: base64(`${at}.salt`, salt),
      ...derived,
      iterations: count(`${at}.iterations`, iterations, MAX_ITERATIONS),
      storedKey: base64(`${at}.storedKey`, storedKey, 32),
      serverKey: base64(`${at}.serverKey`, serverKey, 32),
    };
  },
  cryptosign: (at, value) => {
    if (!Array.isArray(value) || value.length === 0) throw wrong(at, "be a list of public keys");
    const keys: readonly unknown[] = value;
    return keys.map((key, i) => hex(`${at}[${i}]`, key, 32).toLowerCase());
  },
  tls: (at, value) => {
    const { fingerprints, commonNames } = fieldsOf(at, value, ["fingerprints", "commonNames"]);
    if (fingerprints === undefined && commonNames === undefined) throw wrong(at, "have fingerprints or commonNames");
    const pinned = fingerprints === undefined ? undefined : names(`${at}.fingerprints`, fingerprints, "fingerprints");
    const named = commonNames === undefined ? undefined : names(`${at}.commonNames`, commonNames, "common names");
    return {
      ...(pinned && { fingerprints: pinned.map((one, i) => hex(`${at}.fingerprints[${i}]`, one, 32).toLowerCase()) }),
      ...(named && { commonNames: named }),
    };
  },
};

/** What alone may tell who somebody is, and so must belong to one account only; in words. */
export function identifyingCredentials({ cryptosign, tls }: Account): string[] {
  return [
    ...(cryptosign ?? []).map((key) => `the public key ${key}`),
    ...(tls?.fingerprints ?? []).map((one) => `the certificate ${one}`),
    ...(tls?.commonNames ?? []).map((one) => `the common name ${JSON.stringify(one)}`),
  ];
}

function names(at: string, value: unknown, what: string): string[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(at, `be a list of ${what}`);
  const listed: readonly unknown[] = value;
  return listed.map((one, i) => name(`${at}[${i}]`, one));
}

function fieldsOf(at: string, value: unknown, known: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(at, "be an object");
  const fields = value as Fields; // an object that is no list; every field is checked before use
  const unknown = Object.keys(fields).find((key) => !known.includes(key));
  if (unknown !== undefined) throw wrong(`${at}.${unknown}`, `not be there; known are ${known.join(", ")}`);
  return fields;
}

function name(at: string, value: unknown): string {
  if (typeof value === "string" && value.length > 0 && value.length <= MAX_NAME) return value;
  throw wrong(at, `be a text of 1 to ${MAX_NAME} characters`);
}

function hex(at: string, value: unknown, octets: number): string {
  if (typeof value === "string" && fromHex(value, octets) !== undefined) return value;
  throw wrong(at, `be ${octets} octets in hexadecimal digits`);
}

function base64(at: string, value: unknown, octets?: number): string {
  const found = typeof value === "string" ? fromBase64(value) : undefined;
  if (
    typeof value === "string" &&
    found !== undefined &&
    found.length > 0 &&
    found.length === (octets ?? found.length)
  ) {
    return value;
  }
  throw wrong(at, octets === undefined ? "be base64" : `be ${octets} octets in base64`);
}

function count(at: string, value: unknown, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw wrong(at, `be a whole number from 1 to ${most}`);
}

function wrong(at: string, must: string): UsageError {
  return new UsageError("invalid_accounts", `${at} must ${must}`);
}
