/** What a protocol looks like to the load client: sessions set up by whole messages, and frames made beforehand. */
import type { Expectation } from "./frame-scanner.ts";
import type { Link } from "./link.ts";

export type Match = "exact" | "prefix" | "wildcard";

/** Frames that differ in nothing but their number, so that one is made from another by writing the number over. */
export interface NumberedFrame {
  make(number: number): Buffer;
  /** Octets that the number takes; frames of the same width have the same length. */
  width(number: number): number;
  /** Writes the number into the frame that begins at `at`. */
  patch(frames: Buffer, at: number, number: number): void;
}

export interface PublishOptions {
  readonly topic: string;
  readonly payload: string;
  readonly acknowledge: boolean;
}

export interface Wire {
  join(link: Link): Promise<void>;
  subscribe(link: Link, topics: readonly string[], match: Match): Promise<void>;
  /** @throws where the protocol has no calls. */
  register(link: Link, procedure: string): Promise<void>;
  /** A topic or pattern of this protocol from the words of which it consists; an empty word stands for any. */
  name(words: readonly string[], match: Match): string;
  publication(options: PublishOptions): NumberedFrame;
  call(procedure: string, payload: string): NumberedFrame;
  /** The answer to each invocation that is handed to it. */
  answer(payload: string): (octets: Buffer, from: number) => Buffer;
  expectation(what: "event" | "acknowledgement" | "result", payload: number): Expectation;
}

/** Sends, and takes as many messages as it should be answered with; each must pass the test. */
export async function ask(
  link: Link,
  request: Buffer,
  answers: readonly ((message: Buffer) => boolean)[],
): Promise<void> {
  link.write(request);
  for (const isAnswer of answers) {
    const message = await link.next();
    if (!isAnswer(message)) throw new Error(`refused: ${message.toString("latin1").slice(0, 300)}`);
  }
}
