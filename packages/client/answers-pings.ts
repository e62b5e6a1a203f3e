/**
 * Programs that answer a raw-socket PING, by the agent that they announce in HELLO or WELCOME. Only those that are known to:
 * Crossbar.io and autobahn-python take a PING for a message of 16 MiB and drop the connection.
 */
const ANSWERING: readonly RegExp[] = [/^pinion\b/i];

export function answersPings(agent: unknown): boolean {
  return typeof agent === "string" && ANSWERING.some((pattern) => pattern.test(agent));
}
