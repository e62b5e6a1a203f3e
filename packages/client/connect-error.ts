/** Why a connection could not be opened. The README has a line for each. */
export type ConnectErrorCode =
  | "refused"
  | "timeout"
  | "host_not_found"
  | "unreachable"
  | "no_such_socket"
  | "permission_denied"
  | "tls_failed"
  | "not_a_router"
  | "serializer_unsupported"
  | "too_many_connections"
  | "aborted"
  | "failed";

/** A connection that could not be opened: the address, the reason and what to check, in words. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly code: ConnectErrorCode;
  readonly url: string;

  constructor(code: ConnectErrorCode, url: string, options: { detail: string; cause?: unknown }) {
    const [happened = options.detail, cure] = WORDS[code];
    super(`cannot connect to ${url}: ${happened}; ${cure}`, { cause: options.cause });
    this.code = code;
    this.url = url;
  }
}

/** For each code what happened, unless only the cause can tell, and what to check. */
const WORDS: Readonly<Record<ConnectErrorCode, readonly [happened: string | undefined, cure: string]>> = {
  refused: ["nothing listens there", "is the router running, and does it listen on that address and port?"],
  timeout: ["there is no answer", "check the address, the network and firewalls in between"],
  host_not_found: ["the host's name is unknown", "check its spelling and the name server"],
  unreachable: ["the host cannot be reached", "check the network, and whether the host is up"],
  no_such_socket: ["there is no such socket", "check the path; the socket is there only while the router runs"],
  permission_denied: [
    "permission denied",
    "check the permissions of the socket and its folders, and the user this runs as",
  ],
  tls_failed: [undefined, "check the certificate, its authority (tls.ca) and its names"],
  not_a_router: [
    undefined,
    "something else listens there, or another transport does: try ws: for rs: or the reverse, with or without TLS",
  ],
  serializer_unsupported: ["the router does not speak this serializer", "choose another one: json, msgpack or cbor"],
  too_many_connections: ["the router takes no more connections", "raise its limit or close others"],
  aborted: ["it was given up by this side", "see the cause"],
  failed: [undefined, "see the cause"],
};

const BY_SYSTEM_CODE: Readonly<Record<string, ConnectErrorCode>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timeout",
  ENOTFOUND: "host_not_found",
  EAI_AGAIN: "host_not_found",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ENOENT: "no_such_socket",
  EACCES: "permission_denied",
  EPERM: "permission_denied",
  // FramingError
  connect_refused: "refused",
  connect_timeout: "timeout",
  handshake_timeout: "not_a_router",
  handshake_closed: "not_a_router",
  handshake_refused: "not_a_router",
  bad_magic: "not_a_router",
  bad_reserved_octets: "not_a_router",
  reserved_bits_refused: "not_a_router",
  serializer_mismatch: "not_a_router",
  length_unacceptable: "not_a_router",
  serializer_unsupported: "serializer_unsupported",
  connection_count: "too_many_connections",
  host_not_found: "host_not_found",
  host_unreachable: "unreachable",
  tls_failed: "tls_failed",
  aborted: "aborted",
};

/** The ConnectError for whatever a socket, TLS, the framing or `ws` reports. The most telling code of the chain counts. */
export function connectError(url: string, error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  const chain = causes(error);
  const detail = chain.map((link) => link.message).find((message) => message !== "") ?? "no reason was given";
  const systemCode = chain.map(codeOf).findLast((code) => code !== undefined && code in BY_SYSTEM_CODE);
  const code = (systemCode === undefined ? undefined : BY_SYSTEM_CODE[systemCode]) ?? guess(detail, chain);
  return new ConnectError(code, url, { detail: detail + clockWords(chain), cause: error });
}

/** TLS failures have dozens of codes of OpenSSL; `ws` tells a refused upgrade and its own limit of time in words only. */
function guess(detail: string, chain: readonly Error[]): ConnectErrorCode {
  const codes = chain.map(codeOf).join(" ");
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(codes)) return "tls_failed";
  // Node's words for a peer that hangs up on the ClientHello; its code is that of any reset
  if (/before secure TLS connection/.test(detail)) return "tls_failed";
  if (/handshake has timed out/.test(detail)) return "timeout";
  if (/Unexpected server response|subprotocol|Parse Error|socket hang up/i.test(detail)) return "not_a_router";
  return "failed";
}

/** A certificate is judged by this machine's clock, which a board without a battery has to be told first. */
function clockWords(chain: readonly Error[]): string {
  const codes = chain.map(codeOf).join(" ");
  if (!/CERT_NOT_YET_VALID|CERT_HAS_EXPIRED/.test(codes)) return "";
  const now = new Date().toISOString();
  return ` by this machine's clock, which says ${now}: if that is wrong, the clock is the cause (timedatectl), not the certificate`;
}

function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let link = error; link instanceof Error && chain.length < 8; link = link.cause) {
    chain.push(link);
    // A host with several addresses fails with one error for each; the first stands for them.
    if (link instanceof AggregateError && link.errors[0] instanceof Error) chain.push(link.errors[0]);
  }
  return chain;
}

function codeOf(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}
