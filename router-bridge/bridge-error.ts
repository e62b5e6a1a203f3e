/** Why the router-bridge cannot start or carry on. Each code has a line in the README and a test of its name. */
export type BridgeErrorCode =
  | "config_invalid"
  | "usage"
  | "insecure_bind"
  | "port_in_use"
  | "address_not_available"
  | "permission_denied"
  | "listen_failed"
  | "tls_file_unreadable"
  | "tls_invalid"
  | "tls_expired"
  | "upstream_invalid"
  | "accounts_unreadable"
  | "pages_unreadable";

export class BridgeError extends Error {
  override readonly name = "BridgeError";
  readonly code: BridgeErrorCode;

  constructor(code: BridgeErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
