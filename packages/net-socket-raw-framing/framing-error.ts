/**
 * Every failure this package can report, by code. The README lists each code with its cause and cure.
 * `FRAMING_ERROR_CODES` is the complete list at run time, so that tests and documentation can be held against it.
 */
export const FRAMING_ERROR_CODES = [
  // handshake
  "bad_magic",
  "bad_reserved_octets",
  "serializer_illegal",
  "serializer_unsupported",
  "length_unacceptable",
  "reserved_bits_refused",
  "connection_count",
  "handshake_refused",
  "serializer_mismatch",
  // frames received
  "reserved_bits",
  "reserved_type",
  "bad_length_bit",
  "frame_too_long",
  "truncated_frame",
  // frames sent
  "message_too_long",
  "length_bit_not_allowed",
  "bad_frame",
  // a wrong option given to this package
  "bad_option",
  // sockets (node half): opening
  "connect_refused",
  "connect_timeout",
  "connect_failed",
  "host_not_found",
  "host_unreachable",
  "tls_failed",
  "handshake_timeout",
  "handshake_closed",
  "aborted",
  "address_in_use",
  "listen_failed",
  // sockets (node half): an open connection
  "connection_reset",
  "connection_timed_out",
  "connection_closed",
  "socket_failed",
  "send_queue_full",
  "close_timeout",
  "ping_timeout",
  "ping_unsupported",
  "too_many_pings",
  "handler_failed",
] as const;

export type FramingErrorCode = (typeof FRAMING_ERROR_CODES)[number];

/** The peer broke the octet protocol, a limit was met, or the socket failed. `cause` holds the system's own error. */
export class FramingError extends Error {
  override readonly name = "FramingError";
  readonly code: FramingErrorCode;

  constructor(code: FramingErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
