import { nodeCrypto } from "@pinion/client";

const SECRET_OCTETS = 20;

/** A secret that is made up here, and can be typed. */
export function madeUpSecret(): string {
  return Buffer.from(nodeCrypto.randomBytes(SECRET_OCTETS)).toString("base64url");
}
