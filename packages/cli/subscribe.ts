/**
 * Prints events until it is told to stop. The first connection has to succeed, because a wrong address should not wait
 * for ever (--wait says otherwise); after that it comes back by itself whenever the router does.
 */
import type { Client, EventGap, ReadingCursor, ReadingGap, ReceivedEvent, Subscription } from "@pinion/wamp/client";
import { withResolvers } from "@pinion/wamp/with-resolvers";
import { CursorFile, defaultCursorFile } from "./cursor-file.ts";
import { eventJson, eventLine, gapJson, gapLine } from "./event-line.ts";
import { makeClient, untilReady } from "./link.ts";
import type { LinkOptions } from "./link-options.ts";
import { topicPattern, type TopicPattern } from "./topic-pattern.ts";

export interface SubscribeCommandOptions extends LinkOptions {
  readonly count?: number | undefined;
  readonly json?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly from?: "last" | "start" | undefined;
  readonly cursor?: string | undefined;
}

export async function subscribe(pattern: string, options: SubscribeCommandOptions): Promise<void> {
  const { topic, match } = topicPattern(pattern);
  const client = makeClient(options, true);
  const enough = withResolvers<void>();
  const stop = (): void => enough.resolve();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  // Whoever reads has gone (`| head -1`): there is nobody left to print for.
  process.stdout.on("error", stop);
  const resumed = options.from === undefined ? undefined : new Resumed(pattern, options);
  const print = printer(options, () => {
    resumed?.end();
    stop();
  });
  const subscribed: Promise<Subscription> =
    resumed === undefined
      ? client.subscribe(topic, print, { match, onGap: reportGap })
      : resumed.subscribe(client, { topic, match }, print);
  const refused = subscribed.then(() => new Promise<never>(() => {}));
  try {
    // A refusal, and a stop before the first connection, end the command as well.
    const connected = options.wait === true ? waitForRouter(client) : untilReady(client, options);
    await Promise.race([connected, refused, enough.promise]);
    reportLosses(client);
    await Promise.race([enough.promise, refused]);
  } finally {
    refused.catch(() => {}); // close() below ends what still waits
    resumed?.end();
    await client.close();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
  }
}

/** Readings from where the last run ended. Owns the file that says where, and stops keeping it once. */
class Resumed {
  readonly #file: CursorFile;
  readonly #from: ReadingCursor | Record<string, never>;
  readonly #json: boolean;
  #cursor: (() => ReadingCursor) | undefined;
  #ended = false;

  constructor(pattern: string, { from, cursor, url, realm, json }: SubscribeCommandOptions) {
    this.#file = new CursorFile(cursor ?? defaultCursorFile(url, realm, pattern));
    this.#from = from === "last" ? this.#file.read() : {};
    this.#json = json === true;
  }

  async subscribe(
    client: Client,
    { topic, match }: TopicPattern,
    print: (event: ReceivedEvent) => void,
  ): Promise<Subscription> {
    const onReadingGap = (gap: ReadingGap): void => {
      if (this.#ended) return;
      process.stdout.write(`${this.#json ? gapJson(gap) : gapLine(gap)}\n`);
      this.#changed();
    };
    const handler = (event: ReceivedEvent): void => {
      print(event);
      this.#changed();
    };
    const held = await client.subscribe(topic, handler, {
      match,
      onGap: reportGap,
      from: this.#from,
      onReadingGap,
    });
    this.#cursor = () => held.cursor();
    return held;
  }

  /** What is printed counts, what comes after does not. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#cursor !== undefined) this.#file.save(this.#cursor());
  }

  #changed(): void {
    const cursor = this.#cursor;
    if (this.#ended || cursor === undefined) return;
    this.#file.changed(cursor, (error) =>
      console.error(`pinion: ${error instanceof Error ? error.message : String(error)}`),
    );
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
