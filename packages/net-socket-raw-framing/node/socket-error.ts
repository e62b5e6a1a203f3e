/** Node's errors in this package's words: one table for opening, one for open connections. */
import { FramingError, type FramingErrorCode } from "../index.ts";

const OPENING: Partial<Record<string, readonly [FramingErrorCode, string]>> = {
  ECONNREFUSED: ["connect_refused", "nothing listens there: start the router or correct the address"],
  ENOENT: ["connect_refused", "there is no such Unix socket: start the router or correct the path"],
  ETIMEDOUT: ["connect_timeout", "the host did not answer: check address, cable and firewall"],
  ENOTFOUND: ["host_not_found", "the name is unknown: correct it or check DNS"],
  EAI_AGAIN: ["host_not_found", "the name server did not answer: check the network"],
  EHOSTUNREACH: ["host_unreachable", "no way to the host: check the network"],
  ENETUNREACH: ["host_unreachable", "no way to the network: check the link and the routes"],
};

const OPEN: Partial<Record<string, readonly [FramingErrorCode, string]>> = {
  ECONNRESET: ["connection_reset", "the peer dropped the connection"],
  EPIPE: ["connection_reset", "the peer dropped the connection while this side was sending"],
  ECONNABORTED: ["connection_reset", "the connection was dropped"],
  ETIMEDOUT: ["connection_timed_out", "the peer no longer answers: its host or the network is down"],
  EHOSTUNREACH: ["connection_timed_out", "the peer's host can no longer be reached"],
  ENETUNREACH: ["connection_timed_out", "the network can no longer be reached"],
};

/** A failure before the connection stood. `where` names the address. */
export function openingError(cause: unknown, where: string): FramingError {
  const [code, cure] = OPENING[systemCode(cause)] ?? ["connect_failed" as const, words(cause)];
  return new FramingError(code, `cannot connect to ${where}: ${cure}`, { cause });
}

export function tlsError(cause: unknown, where: string): FramingError {
  return new FramingError("tls_failed", `TLS with ${where} failed: ${words(cause)}`, { cause });
}

/** A failure of a connection that stood. */
export function openError(cause: unknown): FramingError {
  const system = systemCode(cause);
  if (/^ERR_(SSL|TLS)_/.test(system)) return tlsError(cause, "the peer");
  const [code, cure] = OPEN[system] ?? ["socket_failed" as const, words(cause)];
  return new FramingError(code, cure, { cause });
}

/** A failure of a listening socket. */
export function listenError(cause: unknown, where: string): FramingError {
  if (systemCode(cause) === "EADDRINUSE") {
    const cure = `${where} is in use: stop the other program or choose another address`;
    return new FramingError("address_in_use", cure, { cause });
  }
  return new FramingError("listen_failed", `cannot listen on ${where}: ${words(cause)}`, { cause });
}

/** The system's name for an error, or an empty text. */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
