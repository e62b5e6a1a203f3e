/** The account of somebody who has none: its challenges look like everybody's, and no answer to them is right. */
import {
  type Account,
  type Accounts,
  type AuthCrypto,
  CHALLENGE_METHODS,
  type ChallengeMethod,
  DEFAULT_ITERATIONS,
  methodsOf,
  SECRET_METHODS,
  toBase64,
  toHex,
  utf8,
} from "@pinion/wamp";

export interface Decoy {
  readonly account: Account & { readonly [M in ChallengeMethod]-?: NonNullable<Account[M]> };
  /** The methods that somebody of this name would have. */
  readonly methods: readonly ChallengeMethod[];
}

/**
 * The same every time for the same authid, as a real account is. Role, methods and costs are those of one of the real
 * accounts, so that none of them tells the two apart; its keys are known to nobody.
 */
export function decoyAccount(crypto: AuthCrypto, { decoy, accounts }: Accounts, authid: string): Decoy {
  const derived = (what: string): Uint8Array => crypto.hmacSha256(utf8(decoy), utf8(`${what} ${authid}`));
  const [a = 0, b = 0, c = 0] = derived("model");
  // one that only its connection speaks for is never asked, so it is no model for somebody who is
  const asked = accounts.filter((one) => CHALLENGE_METHODS.some((method) => one[method] !== undefined));
  const model = asked[((a << 16) | (b << 8) | c) % Math.max(1, asked.length)];
  const salt = (what: string): Uint8Array => derived(what).subarray(0, 16);
  const cra = model?.wampcra ?? { iterations: DEFAULT_ITERATIONS, keylen: 32 };
  const craKey = toBase64(derived("wampcra"));
  const scram = model?.["wamp-scram"] ?? { iterations: DEFAULT_ITERATIONS };
  const account = {
    authid,
    role: model?.role ?? "user",
    ticket: { salt: toHex(salt("ticket salt")), hash: toHex(derived("ticket")) },
    wampcra:
      "secret" in cra
        ? { secret: craKey }
        : { iterations: cra.iterations, keylen: cra.keylen, salt: toHex(salt("wampcra salt")), key: craKey },
    "wamp-scram": {
      ...scram,
      salt: toBase64(salt("scram salt")),
      storedKey: toBase64(derived("stored key")),
      serverKey: toBase64(derived("server key")),
    },
    cryptosign: [toHex(derived("cryptosign"))],
  };
  const methods = model === undefined ? SECRET_METHODS : methodsOf(model);
  return { account, methods: CHALLENGE_METHODS.filter((method) => methods.includes(method)) };
}
