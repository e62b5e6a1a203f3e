/** What a driver may publish: so many readings a second, each no larger than a reading may be, and of the right shape. */
import { qualities, type RawReading } from "../../../drivers/reading.ts";

/** Readings a second, over time and at once. */
const RATE = 1_000;
const BURST = 2_000;
/** Octets of a reading as JSON; the journal takes no larger one. */
export const LARGEST_READING = 65_536;

export class ReadingGate {
  readonly #mono: () => number;
  #left = BURST;
  #at: number;

  constructor(mono: () => number) {
    this.#mono = mono;
    this.#at = mono();
  }

  /** Why it cannot be sent; undefined: it can. */
  refusal(reading: unknown): string | undefined {
    const now = this.#mono();
    this.#left = Math.min(BURST, this.#left + ((now - this.#at) * RATE) / 1_000);
    this.#at = now;
    if (this.#left < 1) return `more than ${String(RATE)} readings a second`;
    this.#left -= 1;
    return shapeFault(reading);
  }
}

function shapeFault(reading: unknown): string | undefined {
  if (typeof reading !== "object" || reading === null || !("value" in reading))
    return `a reading is { value, unit?, quality?, cause?, t? }, and not ${typeof reading === "object" ? "without value" : typeof reading}`;
  // each key is looked at before it is believed
  const { value, unit, quality, cause, t } = reading as Record<keyof RawReading, unknown>;
  if (![unit, cause].every((one) => one === undefined || typeof one === "string"))
    return "unit and cause of a reading are texts";
  if (quality !== undefined && !qualities.some((known) => known === quality))
    return `the quality of a reading is one of ${qualities.join(", ")}`;
  if (t !== undefined && !(typeof t === "number" && Number.isFinite(t)))
    return "t of a reading is a number of ms since 1970";
  let text: string | undefined;
  try {
    text = JSON.stringify([value, cause]);
  } catch (error) {
    return `its value is no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (text.length > LARGEST_READING)
    return `it has ${String(text.length)} octets, more than ${String(LARGEST_READING)}`;
  return undefined;
}
