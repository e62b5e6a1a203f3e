/** What tells that an account is as it was: it changes with the role, the realms and each credential. */
import { type Account, type AuthCrypto, toHex, utf8 } from "@pinion/wamp";

export function accountStamp(crypto: AuthCrypto, account: Account): string {
  return toHex(crypto.sha256(utf8(JSON.stringify(account))));
}
