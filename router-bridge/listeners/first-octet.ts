/** What a connection speaks, judged by the first octet it sends. All of these share one port. */
export type Spoken = "raw-socket" | "old-raw-socket" | "http" | "tls" | "mqtt" | "unknown";

export function spokenBy(octet: number): Spoken {
  if (octet === 0x7f) return "raw-socket";
  if (octet === 0x00) return "old-raw-socket";
  if (octet === 0x16) return "tls";
  if (octet === 0x10) return "mqtt";
  // a method begins with a letter; an empty line before the request line is tolerated (RFC 9112, 2.2)
  const letter = octet | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || octet === 0x0d || octet === 0x0a ? "http" : "unknown";
}
