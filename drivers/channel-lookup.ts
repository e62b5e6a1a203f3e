import type { ChannelDescription } from "./description.ts";
import { DriverError } from "./driver-error.ts";
import { found, listed } from "./words.ts";

/** "GPIO 17", "gpio17" and "GPIO-17" are one alias; so are 17 and "17". */
export function aliasKey(alias: string | number): string {
  return String(alias)
    .trim()
    .toLowerCase()
    .replaceAll(/(?<=[a-z])[\s_-]+/g, "");
}

type Addressed = Pick<ChannelDescription, "name" | "aliases">;

/** The channel with this name, or else the one with this alias. */
export function findChannel<Channel extends Addressed>(
  channels: readonly Channel[],
  address: unknown,
): Channel | undefined {
  if (typeof address !== "string" && typeof address !== "number") return undefined;
  const key = aliasKey(address);
  return (
    channels.find(({ name }) => name === address) ??
    channels.find(({ aliases }) => aliases.some((alias) => aliasKey(alias) === key))
  );
}

/** @throws DriverError `unknown_channel`, which names what is configured. */
export function channelAt<Channel extends Addressed>(channels: readonly Channel[], address: unknown): Channel {
  const channel = findChannel(channels, address);
  if (channel !== undefined) return channel;
  throw new DriverError("unknown_channel", `There is no channel ${found(address)}`, {
    cure: `Configured here: ${listed(channels.map(({ name, aliases }) => (aliases[0] === undefined ? name : `${name} (${String(aliases[0])})`)))}.`,
  });
}
