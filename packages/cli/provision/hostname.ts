import { CommandFailure, ExitStatus } from "../exit-status.ts";

/** One label of a host's name (RFC 1123). @throws CommandFailure */
export function checkHostname(name: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name;
  const words = `--hostname ${JSON.stringify(name)}: 1 to 63 of a-z, 0-9 and '-', neither first nor last a '-'`;
  throw new CommandFailure(ExitStatus.usage, words);
}
