/**
 * One output. Owns its line, the running pulse and what was last published; every access goes through one queue, so that
 * a receipt tells what this call did. Must not know who calls.
 */
import type { Level, OutputLine } from "../board.ts";
import type { ChannelHealth, DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { durationText } from "../duration.ts";
import { Sequence } from "../sequence.ts";
import { reasonOf } from "../words.ts";
import type { OutputPin } from "./gpio-config.ts";
import { LineKeeper } from "./line-keeper.ts";

const WAITING = 64;

interface Receipt {
  readonly pin: string;
  readonly requested: Level;
  readonly readBack: Level;
  readonly previous: Level;
  readonly t: number;
}

interface Pulse {
  readonly endsWith: Level;
  readonly cancel: () => void;
}

export class OutputChannel {
  readonly pin: OutputPin;
  readonly #ctx: DriverContext;
  readonly #queue: Sequence;
  readonly #keeper: LineKeeper<OutputLine>;
  #pulse: Pulse | undefined;
  #published: Level | undefined;
  #disagreement: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(pin: OutputPin, ctx: DriverContext) {
    this.pin = pin;
    this.#ctx = ctx;
    this.#queue = new Sequence(pin.name, WAITING);
    let opened = false;
    this.#keeper = new LineKeeper({
      name: pin.name,
      timers: ctx.timers,
      log: ctx.log,
      open: async () => {
        const line = await ctx.board.gpio.openOutput({ ...requestOf(pin), keep: pin.keep && !opened });
        opened = true;
        return line;
      },
      opened: async (line) => this.#publish(await line.read()),
      lost: (error) => this.#lost(error),
      retry: () => void this.#queue.runAnyway(async () => this.#keeper.reopen()),
    });
  }

  /** Answers why it does not work yet; it keeps trying. Never rejects. */
  async open(): Promise<DriverError | undefined> {
    return this.#queue.runAnyway(async () => this.#keeper.open());
  }

  async set(level: Level): Promise<Receipt> {
    return this.#queue.run(async () => {
      this.#endPulse();
      return this.#apply(level);
    });
  }

  async toggle(): Promise<Receipt> {
    return this.#queue.run(async () => {
      this.#endPulse();
      const now = await this.#keeper.use(async (line) => line.read());
      return this.#apply(opposite(now));
    });
  }

  async pulse(duration: number, level: Level = opposite(this.pin.safe)) {
    const { name, maxPulse, safe } = this.pin;
    if (duration > maxPulse) {
      throw new DriverError("invalid_argument", `A pulse of ${durationText(duration)} is too long for ${name}`, {
        cure: `Give at most ${durationText(maxPulse)}, or raise maxPulse in the configuration.`,
      });
    }
    return this.#queue.run(async () => {
      const running = this.#endPulse();
      const receipt = await this.#apply(level);
      // A pulse that follows a running one goes back to where the first would have gone.
      const before = running?.endsWith ?? receipt.previous;
      const endsWith = before === level ? safe : before;
      const cancel = this.#ctx.timers.after(
        duration,
        () => void this.#queue.runAnyway(async () => this.#finish(pulse)),
      );
      const pulse: Pulse = { endsWith, cancel };
      this.#pulse = pulse;
      return { ...receipt, duration, endsWith };
    });
  }

  async get() {
    const value = await this.#queue.run(async () => this.#keeper.use(async (line) => line.read()));
    return { pin: this.pin.name, value, t: this.#ctx.clock.wall() };
  }

  /** Somebody else may have moved it, or the chip may be gone. Never rejects. */
  async check(): Promise<void> {
    await this.#queue.runAnyway(async () => {
      if (this.#keeper.health.state === "faulted" || this.#closing) return;
      try {
        this.#publish(await this.#keeper.use(async (line) => line.read()));
      } catch {
        // The keeper has reported it and tries again.
      }
    });
  }

  get health(): ChannelHealth {
    const health = this.#keeper.health;
    if (health.state !== "ok" || this.#disagreement === undefined) return health;
    return { ...health, state: "degraded", cause: this.#disagreement };
  }

  async close(): Promise<void> {
    this.#closing ??= this.#queue.runAnyway(async () => {
      this.#endPulse();
      await this.#keeper.close(async (line) => {
        await line.write(this.pin.safe);
        this.#publish(await line.read());
      });
    });
    return this.#closing;
  }

  async #apply(requested: Level): Promise<Receipt> {
    return this.#keeper.use(async (line) => {
      const previous = await line.read();
      await line.write(requested);
      const readBack = await line.read();
      this.#disagreement =
        readBack === requested ? undefined : `${String(requested)} was set but the line reads ${String(readBack)}`;
      this.#publish(readBack);
      return { pin: this.pin.name, requested, readBack, previous, t: this.#ctx.clock.wall() };
    });
  }

  async #finish(pulse: Pulse): Promise<void> {
    if (this.#pulse !== pulse) return;
    this.#pulse = undefined;
    try {
      await this.#apply(pulse.endsWith);
    } catch (error) {
      // The keeper opens the line again, at its safe level.
      this.#ctx.log.error(`The pulse on ${this.pin.name} could not be ended in time: ${reasonOf(error)}`);
    }
  }

  #endPulse(): Pulse | undefined {
    const pulse = this.#pulse;
    pulse?.cancel();
    this.#pulse = undefined;
    return pulse;
  }

  #publish(value: Level): void {
    if (value === this.#published) return;
    this.#published = value;
    this.#ctx.publish(this.pin.name, { value });
  }

  #lost(error: DriverError): void {
    this.#endPulse();
    this.#published = undefined;
    this.#ctx.publish(this.pin.name, { value: null, quality: "error", cause: error.message });
  }
}

function requestOf({ name: consumer, pin, chip, activeLow, safe: initial, pull, drive }: OutputPin) {
  return {
    line: pin.line,
    ...(chip === undefined ? {} : { chip }),
    activeLow,
    consumer,
    initial,
    ...(pull === undefined ? {} : { pull }),
    ...(drive === undefined ? {} : { drive }),
  };
}

const opposite = (level: Level): Level => (level === 1 ? 0 : 1);
