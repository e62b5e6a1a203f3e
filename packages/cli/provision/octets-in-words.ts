export function octetsInWords(octets: number): string {
  return octets < 100_000 ? `${String(octets)} B` : `${(octets / 1_000_000).toFixed(1)} MB`;
}
