import type { Dict } from "../../message.ts";

/** What names a reading for ever, however often and by whatever way it comes. The topic stands for the stream. */
export interface ReadingKey {
  readonly device: string;
  readonly topic: string;
  /** The run of the board's process. */
  readonly boot: string;
  readonly seq: number;
}

/** Undefined for an event that is no numbered reading. */
export function readingKey({
  topic,
  kwargs,
}: {
  readonly topic: string;
  readonly kwargs: Dict;
}): ReadingKey | undefined {
  const { device, boot, seq } = kwargs;
  if (typeof boot !== "string" || typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1) return undefined;
  return { device: typeof device === "string" ? device : "", topic, boot, seq };
}
