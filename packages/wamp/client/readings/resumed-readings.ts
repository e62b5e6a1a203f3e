/**
 * Readings of any number of boards from a cursor on: finds out which boards have streams of the subscribed name, and keeps one
 * ReadingStream for each. Owns those and the subscriptions behind them. Lives through any number of sessions.
 */
import type { Dict } from "../../message.ts";
import { matches } from "../../uri.ts";
import type { Client } from "../client.ts";
import type { Timers } from "../client-options.ts";
import type { EventHandler, ReceivedEvent, Subscription } from "../conversation-options.ts";
import type { ReadingSubscribeOptions, ReadingSubscription } from "./reading-options.ts";
import { ReadingStream } from "./reading-stream.ts";
import { readingKey } from "./reading-key.ts";
import { SeenReadings } from "./seen-readings.ts";

export interface ResumedContext {
  readonly client: Client;
  readonly timers: Timers;
  readonly onError: (error: unknown, where: string) => void;
}

interface Board {
  readonly history: string | undefined;
}

const DISCOVER = "device.discover";
const ANNOUNCE = "device.announce";
/** Streams of one subscription; further ones are handed on as they come. */
const MOST_STREAMS = 4_096;

export class ResumedReadings {
  readonly #context: ResumedContext;
  readonly #topic: string;
  readonly #handler: EventHandler;
  readonly #options: ReadingSubscribeOptions;
  readonly #seen: SeenReadings;
  readonly #boards = new Map<string, Board>();
  readonly #streams = new Map<string, ReadingStream>();
  /** Streams whose past was asked for in this session. */
  readonly #asked = new Set<string>();
  #stopState: () => void = () => undefined;

  /** @throws UsageError `invalid_option` */
  constructor(context: ResumedContext, topic: string, handler: EventHandler, options: ReadingSubscribeOptions) {
    this.#context = context;
    this.#topic = topic;
    this.#handler = handler;
    this.#options = options;
    this.#seen = new SeenReadings(options.from);
  }

  async subscribe(): Promise<ReadingSubscription> {
    const { client } = this.#context;
    const { match, getRetained, onGap, signal, options } = this.#options;
    const plain = { match, getRetained, onGap, signal, options };
    const both = [
      client.subscribe(ANNOUNCE, ({ args }) => this.#announced(args[0]), { signal }),
      client.subscribe(this.#topic, (event) => this.#receive(event), plain),
    ] as const;
    try {
      const [announce, own] = await Promise.all(both);
      this.#stopState = client.onState(({ state }) => {
        if (state === "ready") this.#discover();
      });
      this.#discover();
      return this.#subscription(own, announce);
    } catch (error) {
      for (const one of both)
        one.then(
          (held) => held.unsubscribe(),
          () => undefined,
        );
      throw error;
    }
  }

  #subscription(own: Subscription, announce: Subscription): ReadingSubscription {
    return {
      topic: own.topic,
      match: own.match,
      get id() {
        return own.id;
      },
      cursor: () => this.#seen.cursor(),
      unsubscribe: async () => {
        this.#stopState();
        for (const stream of this.#streams.values()) stream.close();
        await Promise.all([own.unsubscribe(), announce.unsubscribe()]);
      },
    };
  }

  /** A session is there: all boards are asked, each answers with its streams. */
  #discover(): void {
    this.#asked.clear();
    const { client, onError } = this.#context;
    client.publish(DISCOVER).catch((error: unknown) => onError(error, "asking for boards"));
  }

  #receive(event: ReceivedEvent): void {
    const { device } = event.kwargs;
    const key = readingKey(event);
    const id = key?.device ?? (typeof device === "string" ? device : "");
    const stream = this.#stream(id, event.topic);
    if (stream === undefined) this.#hand(event);
    else stream.receive(event);
  }

  #announced(description: unknown): void {
    if (!isDict(description) || typeof description["id"] !== "string") return;
    const { id, procedures, drivers, lastReadings } = description;
    const history = isDict(procedures) ? procedures["history"] : undefined;
    this.#boards.set(id, { history: typeof history === "string" ? history : undefined });
    const topics = new Set([...topicsOf(drivers)].filter((topic) => matches(this.#topic, this.#match, topic)));
    const newest = new Map(listOf(lastReadings).flatMap((one) => (isDict(one) ? [[one["topic"], one] as const] : [])));
    for (const topic of topics) {
      const last = newest.get(topic);
      const key = last === undefined ? undefined : readingKey({ topic, kwargs: { ...last, device: id } });
      const isBehind = key !== undefined && !this.#seen.has(key);
      const name = `${id} ${topic}`;
      const stream = this.#stream(id, topic);
      if (this.#asked.has(name) && !isBehind && stream?.isWaiting !== true) continue;
      this.#asked.add(name);
      stream?.catchUp();
    }
  }

  get #match(): "exact" | "prefix" | "wildcard" {
    return this.#options.match ?? "exact";
  }

  #stream(device: string, topic: string): ReadingStream | undefined {
    const name = `${device} ${topic}`;
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    if (this.#streams.size >= MOST_STREAMS) return undefined;
    const { client, timers } = this.#context;
    const stream = new ReadingStream({
      client,
      timers,
      device,
      topic,
      procedure: () => {
        const board = this.#boards.get(device);
        return board === undefined ? undefined : (board.history ?? null);
      },
      seen: this.#seen,
      hand: (event) => this.#hand(event),
      gap: (gap) => this.#guard(() => this.#options.onReadingGap?.(gap), "handler of gaps"),
    });
    this.#streams.set(name, stream);
    return stream;
  }

  #hand(event: ReceivedEvent): void {
    this.#guard(() => this.#handler(event), `handler of ${this.#topic}`);
  }

  #guard(run: () => void | Promise<void> | undefined, where: string): void {
    const { onError } = this.#context;
    try {
      run()?.catch((error: unknown) => onError(error, where));
    } catch (error) {
      onError(error, where);
    }
  }
}

function* topicsOf(drivers: unknown): Generator<string> {
  for (const driver of listOf(drivers)) {
    for (const channel of listOf(isDict(driver) ? driver["channels"] : undefined)) {
      const streams = isDict(channel) ? channel["streams"] : undefined;
      for (const stream of isDict(streams) ? Object.values(streams) : []) {
        if (isDict(stream) && typeof stream["topic"] === "string") yield stream["topic"];
      }
    }
  }
}

function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
