/**
 * How much of one peer is taken in: so much work in one turn of the event loop, so that nobody starves the others, and as
 * many messages a second as its role may send. Whoever sends more is not read for a while; nobody is punished.
 * Owns the peer's account of both. It must not know messages, nor what the work was.
 */
export interface Rate {
  /** Messages a second, in the long run. */
  readonly messages: number;
  /** Messages at once after a quiet time. */
  readonly burst: number;
}

/** Who is held; `hold` and `release` are called in pairs. */
interface Held {
  hold(): void;
  release(): void;
}

/** Work of one peer in one turn, some milliseconds: sending a message to one receiver is 1 ... */
export const WORK_PER_TURN = 16_384;
/** ... and taking it in, whoever gets it, as much as this (measured). */
export const WORK_OF_MESSAGE = 8;

/** Less than this need not know its turn, which costs an immediate; it is carried into the next one. */
const NOTEWORTHY = WORK_PER_TURN / 16;

/** Counts turns of the event loop in which anything was taken in. */
export class Turns {
  #turn = 0;
  #scheduled = false;

  get present(): number {
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#next);
    }
    return this.#turn;
  }

  readonly #next = (): void => {
    this.#scheduled = false;
    this.#turn += 1;
  };
}

export interface IntakeContext {
  readonly turns: Turns;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Told each time that somebody is held for its rate. */
  readonly onRateHeld: () => void;
}

export class Intake {
  readonly #held: Held;
  readonly #context: IntakeContext;
  #turn = -1;
  #work = 0;
  #resting = false;
  #rate: Rate | undefined;
  #tokens = 0;
  #countedAt = 0;
  #rateHeld = false;

  constructor(held: Held, context: IntakeContext) {
    this.#held = held;
    this.#context = context;
  }

  /** From now on, with a full burst. */
  limit(rate: Rate | undefined): void {
    this.#rate = rate;
    this.#tokens = rate?.burst ?? 0;
    this.#countedAt = this.#context.now();
  }

  /** One message was taken in and caused this much work. */
  took(work: number): void {
    if (this.#work + work >= NOTEWORTHY) this.#noteTurn();
    this.#work += work;
    if (this.#work >= WORK_PER_TURN && !this.#resting) this.#rest();
    if (this.#rate !== undefined) this.#count(this.#rate);
  }

  #noteTurn(): void {
    const { present } = this.#context.turns;
    if (present === this.#turn) return;
    this.#turn = present;
    if (this.#work >= NOTEWORTHY) this.#work = 0;
  }

  #rest(): void {
    this.#resting = true;
    this.#held.hold();
    setImmediate(() => {
      this.#resting = false;
      this.#held.release();
    });
  }

  #count(rate: Rate): void {
    if (this.#tokens < 1) this.#earn(rate);
    this.#tokens -= 1;
    if (this.#tokens >= 0 || this.#rateHeld) return;
    this.#rateHeld = true;
    this.#context.onRateHeld();
    this.#held.hold();
    const wait = (-this.#tokens * 1000) / rate.messages;
    setTimeout(() => {
      this.#rateHeld = false;
      this.#held.release();
    }, Math.ceil(wait)).unref();
  }

  #earn(rate: Rate): void {
    const now = this.#context.now();
    const earned = ((now - this.#countedAt) * rate.messages) / 1000;
    this.#tokens = Math.min(rate.burst, this.#tokens + earned);
    this.#countedAt = now;
  }
}
