/**
 * Prints events until it is told to stop. The first connection has to succeed, because a wrong address should not wait
 * for ever (--wait says otherwise); after that it comes back by itself whenever the router does.
 */
import type { Client, EventGap, ReceivedEvent } from "@pinion/wamp/client";
import { withResolvers } from "@pinion/wamp/with-resolvers";
import { eventJson, eventLine } from "./event-line.ts";
import { makeClient, untilReady } from "./link.ts";
import type { LinkOptions } from "./link-options.ts";
import { topicPattern } from "./topic-pattern.ts";

export interface SubscribeCommandOptions extends LinkOptions {
  readonly count?: number | undefined;
  readonly json?: boolean | undefined;
  readonly wait?: boolean | undefined;
}

export async function subscribe(pattern: string, options: SubscribeCommandOptions): Promise<void> {
  const { topic, match } = topicPattern(pattern);
  const client = makeClient(options, true);
  const enough = withResolvers<void>();
  const stop = (): void => enough.resolve();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  // Whoever reads has gone (`| head -1`): there is nobody left to print for.
  process.stdout.on("error", stop);
  const print = printer(options, stop);
  const refused = client.subscribe(topic, print, { match, onGap: reportGap }).then(() => new Promise<never>(() => {}));
  try {
    // A refusal, and a stop before the first connection, end the command as well.
    const connected = options.wait === true ? waitForRouter(client) : untilReady(client, options);
    await Promise.race([connected, refused, enough.promise]);
    reportLosses(client);
    await Promise.race([enough.promise, refused]);
  } finally {
    refused.catch(() => {}); // close() below ends what still waits
    await client.close();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
  }
}

function printer(options: SubscribeCommandOptions, stop: () => void): (event: ReceivedEvent) => void {
  let left = options.count ?? Infinity;
  return (event) => {
    if (left <= 0) return;
    left -= 1;
    process.stdout.write(`${options.json === true ? eventJson(event) : eventLine(event)}\n`);
    if (left <= 0) stop();
  };
}

async function waitForRouter(client: Client): Promise<void> {
  let told = false;
  const stop = client.onState(({ state, cause }) => {
    if (state === "waiting" && !told) console.error(`pinion: ${cause ?? "not connected"}; waiting for it`);
    told ||= state === "waiting";
  });
  try {
    client.open();
    await client.ready();
  } finally {
    stop();
  }
}

function reportGap({ dropped }: EventGap): void {
  console.error(`pinion: ${String(dropped)} events were left out here: they came faster than they were read`);
}

/** Says on stderr when the link goes and when it is back. */
function reportLosses(client: Client): void {
  let down = false;
  client.onState(({ state, cause }) => {
    if (state === "waiting" && !down) console.error(`pinion: link lost: ${cause ?? "no reason given"}; trying again`);
    if (state === "ready" && down) console.error("pinion: link is back");
    if (state === "waiting") down = true;
    if (state === "ready") down = false;
  });
}
