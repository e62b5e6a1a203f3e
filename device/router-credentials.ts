import { nodeCrypto, readCredentials } from "@pinion/client";
import type { Finding } from "@pinion/config";
import { credentialsLogin, UsageError, type Credentials } from "@pinion/wamp";
import type { DeviceConfig } from "./config.ts";
import type { PlaceOf } from "./config-source.ts";

/** As whom the board logs in, and what of that cannot work. Reads the files that are named. */
export interface RouterCredentials {
  readonly credentials?: Credentials;
  readonly findings: readonly Finding[];
}

const FILES = ["secretFile", "ticketFile", "keyFile"] as const;

export function routerCredentials(
  auth: DeviceConfig["router"]["auth"],
  placeOf: PlaceOf = (file) => file,
): RouterCredentials {
  if (auth === undefined) return { findings: [] };
  const findings: Finding[] = [];
  const { authid, certificate, channelBinding } = auth;
  const given = { authid, certificate, channelBinding };
  let credentials: Credentials = given;
  for (const key of FILES) {
    const named = auth[key];
    if (named === undefined) continue;
    const place = placeOf(named, key);
    if (place === undefined) {
      credentials = { ...credentials, seed: new Uint8Array(32) };
      continue;
    }
    try {
      const { secret, ticket, seed } = readCredentials({ [key]: place });
      credentials = {
        ...given,
        secret: secret ?? credentials.secret,
        ticket: ticket ?? credentials.ticket,
        seed: seed ?? credentials.seed,
      };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      const allowed = "a file with the credential, for this program's user alone";
      findings.push({
        path: ["router", "auth", key],
        found: error.message,
        allowed,
        cure: "check path and permissions",
      });
    }
  }
  if (findings.length > 0) return { findings };
  try {
    credentialsLogin(nodeCrypto, credentials);
    return { credentials, findings };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const allowed = `authid and one of ${FILES.join(", ")}, or certificate: true`;
    const cure = "for example auth: { authid: pump_house, secretFile: /etc/pinion/pump_house.secret }";
    return { findings: [{ path: ["router", "auth"], found, allowed, cure, atKey: true }] };
  }
}
