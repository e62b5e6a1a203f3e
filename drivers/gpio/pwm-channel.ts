/**
 * One channel of a PWM chip: the hardware keeps the time. Owns what it was set to last and the lease on it; every access goes
 * through one queue. Its safe state is a duty.
 */
import type { PwmLine, PwmState } from "../board.ts";
import type { Caller, ChannelHealth, DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { Sequence } from "../sequence.ts";
import { reasonOf } from "../words.ts";
import { AnsweredKeys } from "./answered-keys.ts";
import { Deadline } from "./deadline.ts";
import type { LinkLost } from "./link-lost.ts";
import { LineKeeper } from "./line-keeper.ts";
import type { LeaseReceipt, Terms } from "./output-terms.ts";

const WAITING = 64;
const SECOND = 1e9;

export interface PwmOutput {
  readonly name: string;
  readonly title: string | undefined;
  readonly chip: string | number | undefined;
  readonly channel: number;
  /** Hz, where a caller names none. */
  readonly frequency: number;
  readonly safe: number;
  readonly onLinkLost: LinkLost | undefined;
}

export class PwmChannel {
  readonly pin: PwmOutput;
  readonly #ctx: DriverContext;
  readonly #queue: Sequence;
  readonly #keeper: LineKeeper<PwmLine>;
  readonly #keys: AnsweredKeys;
  readonly #lease: Deadline;
  readonly #linkLost: Deadline;
  #holder: Caller | undefined;
  #published: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(pin: PwmOutput, ctx: DriverContext) {
    this.pin = pin;
    this.#ctx = ctx;
    this.#queue = new Sequence(pin.name, WAITING);
    this.#keys = new AnsweredKeys(ctx.clock);
    this.#lease = new Deadline(ctx, () => void this.#goSafe("lease expired"));
    this.#linkLost = new Deadline(ctx, () => void this.#goSafe("link lost"));
    const { name, chip, channel, frequency, safe } = pin;
    this.#keeper = new LineKeeper({
      name,
      timers: ctx.timers,
      log: ctx.log,
      open: async () => ctx.board.pwm.open({ ...(chip === undefined ? {} : { chip }), channel, consumer: name }),
      opened: async (line) => this.#write(line, safe, frequency),
      lost: (error) => this.#lost(error),
      retry: () => void this.#queue.runAnyway(async () => this.#keeper.reopen()),
    });
  }

  /** Answers why it does not work yet; it keeps trying. Never rejects. */
  async open(): Promise<DriverError | undefined> {
    return this.#queue.runAnyway(async () => this.#keeper.open());
  }

  async pwm(duty: number, frequency: number = this.pin.frequency, { caller, lease, key }: Terms = {}) {
    const { name } = this.pin;
    return this.#keys.once(key, JSON.stringify([duty, frequency, lease]), async () =>
      this.#queue.run(async () => {
        const state = await this.#keeper.use(async (line) => {
          await this.#write(line, duty, frequency);
          return line.read();
        });
        const receipt = { pin: name, ...told(state), mode: "hardware" as const, t: this.#ctx.clock.wall() };
        if (lease === undefined || duty === this.pin.safe) this.#endLease();
        else return { ...receipt, lease: this.#startLease(lease, caller) };
        return receipt;
      }),
    );
  }

  async renew(lease: number, caller: Caller | undefined): Promise<{ pin: string; lease: LeaseReceipt }> {
    return this.#queue.run(async () => {
      if (this.#lease.running) return { pin: this.pin.name, lease: this.#startLease(lease, caller ?? this.#holder) };
      throw new DriverError("invalid_argument", `There is no lease on ${this.pin.name} to renew`, {
        cure: "It has ended, or there never was one: set the output again with a lease.",
      });
    });
  }

  async get() {
    const state = await this.#queue.run(async () => this.#keeper.use(async (line) => line.read()));
    return { pin: this.pin.name, ...told(state), t: this.#ctx.clock.wall() };
  }

  /** Never rejects. */
  async check(): Promise<void> {
    await this.#queue.runAnyway(async () => {
      if (this.#keeper.health.state === "faulted" || this.#closing) return;
      await this.#keeper.use(async (line) => line.read()).catch(() => undefined); // the keeper tries again
    });
  }

  callerLeft(id: string): void {
    if (this.#lease.running && this.#holder?.id === id) void this.#goSafe("caller left");
  }

  linkChanged(up: boolean): void {
    const { onLinkLost } = this.pin;
    if (up) this.#linkLost.end();
    else if (onLinkLost !== undefined && !this.#linkLost.running && !this.#closing) {
      if (onLinkLost.after === 0) void this.#goSafe("link lost");
      else this.#linkLost.start(onLinkLost.after);
    }
  }

  get health(): ChannelHealth {
    return this.#keeper.health;
  }

  async close(): Promise<void> {
    this.#linkLost.end();
    this.#closing ??= this.#queue.runAnyway(async () => {
      this.#endLease();
      await this.#keeper.close(async (line) => this.#write(line, this.pin.safe, this.pin.frequency));
    });
    return this.#closing;
  }

  async #goSafe(why: string): Promise<void> {
    await this.#queue.runAnyway(async () => {
      this.#endLease();
      if (this.#closing || this.#keeper.health.state === "faulted") return;
      try {
        await this.#keeper.use(async (line) => this.#write(line, this.pin.safe, this.pin.frequency));
        this.#ctx.log.warn(`${this.pin.name} went to its safe duty: ${why}`);
      } catch (error) {
        this.#ctx.log.error(`${this.pin.name} could not be brought to its safe duty (${why}): ${reasonOf(error)}`);
      }
    });
  }

  async #write(line: PwmLine, duty: number, frequency: number): Promise<void> {
    const period = Math.round(SECOND / frequency);
    await line.set({ period, duty: Math.round(period * duty), enabled: true });
    if (duty === this.#published) return;
    this.#published = duty;
    this.#ctx.publish(this.pin.name, { value: duty });
  }

  #startLease(duration: number, holder: Caller | undefined): LeaseReceipt {
    this.#holder = holder;
    this.#lease.start(duration);
    return { duration, endsWithCaller: holder !== undefined };
  }

  #endLease(): void {
    this.#lease.end();
    this.#holder = undefined;
  }

  #lost(error: DriverError): void {
    this.#endLease();
    this.#linkLost.end();
    this.#published = undefined;
    this.#ctx.publish(this.pin.name, { value: null, quality: "error", cause: error.message });
  }
}

/** As the hardware reports it. */
function told({ period, duty, enabled }: PwmState): { readonly duty: number; readonly frequency: number } {
  return { duty: period === 0 || !enabled ? 0 : duty / period, frequency: period === 0 ? 0 : SECOND / period };
}
