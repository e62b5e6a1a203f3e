import { makeClient, untilReady } from "./link.ts";
import type { LinkOptions } from "./link-options.ts";
import { checkedUri, parseArgument, parseKwargs } from "./values.ts";

export interface PublishCommandOptions extends LinkOptions {
  readonly kwargs?: string | undefined;
}

/** Publishes one event and waits until the broker has accepted it. Prints nothing. */
export async function publish(topic: string, texts: readonly string[], options: PublishCommandOptions): Promise<void> {
  checkedUri("topic", topic);
  const args = texts.map(parseArgument);
  const kwargs = parseKwargs(options.kwargs);
  const client = makeClient(options, false);
  try {
    await untilReady(client, options);
    await client.publish(topic, args, kwargs, { acknowledge: true });
  } finally {
    await client.close();
  }
}
