/**
 * One channel of a PWM chip: the hardware keeps the time. Owns what it was set to last; every access goes through one queue. Its
 * safe state is a duty, and any duty but 0 is on.
 */
import type { PwmLine, PwmState } from "../board.ts";
import type { Caller, ChannelHealth, DriverContext } from "../driver.ts";
import type { DriverError } from "../driver-error.ts";
import type { Interlock } from "../interlock.ts";
import { Sequence } from "../sequence.ts";
import { reasonOf } from "../words.ts";
import { AnsweredKeys } from "./answered-keys.ts";
import type { AuditRing, Why } from "./audit-ring.ts";
import type { LinkLost } from "./link-lost.ts";
import { LineKeeper } from "./line-keeper.ts";
import type { LeaseReceipt, Terms } from "./output-terms.ts";
import { SafeReturn } from "./safe-return.ts";

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
  readonly interlock: string | undefined;
  readonly tags: readonly string[];
  readonly onLinkLost: LinkLost | undefined;
}

interface PwmNeighbours {
  readonly audit: AuditRing;
  readonly interlock: Interlock | undefined;
}

/** What is written, and for whom. */
interface Move {
  readonly duty: number;
  readonly frequency: number;
  readonly why: Why;
  readonly caller?: Caller | undefined;
}

export class PwmChannel {
  readonly pin: PwmOutput;
  readonly #ctx: DriverContext;
  readonly #queue: Sequence;
  readonly #keeper: LineKeeper<PwmLine>;
  readonly #keys: AnsweredKeys;
  readonly #return: SafeReturn;
  readonly #audit: AuditRing;
  readonly #interlock: Interlock | undefined;
  #opened = false;
  #published: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(pin: PwmOutput, ctx: DriverContext, { audit, interlock }: PwmNeighbours) {
    this.pin = pin;
    this.#ctx = ctx;
    this.#audit = audit;
    this.#interlock = interlock;
    interlock?.unseen(pin.name);
    this.#queue = new Sequence(pin.name, WAITING);
    this.#keys = ctx.remembered(`keys of ${pin.name}`, () => new AnsweredKeys(ctx.clock));
    this.#return = new SafeReturn(pin, ctx, (why) => void this.#goSafe(why));
    const { name, chip, channel, safe } = pin;
    this.#keeper = new LineKeeper({
      name,
      timers: ctx.timers,
      log: ctx.log,
      open: async () => {
        if (safe > 0) interlock?.adopt(name);
        return ctx.board.pwm.open({ ...(chip === undefined ? {} : { chip }), channel, consumer: name });
      },
      opened: async (line) => {
        await this.#writeSafe(line, this.#opened ? "reopened" : "start");
        this.#opened = true;
      },
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
        if (duty > 0 && this.#keeper.health.state === "ok") this.#interlock?.claim(name);
        const state = await this.#keeper.use(async (line) => {
          await this.#write(line, { duty, frequency, why: "call", caller });
          return line.read();
        });
        const receipt = { pin: name, ...told(state), mode: "hardware" as const, t: this.#ctx.clock.wall() };
        if (lease === undefined || duty === this.pin.safe) this.#return.endLease();
        else return { ...receipt, lease: this.#return.lend(lease, caller) };
        return receipt;
      }),
    );
  }

  async renew(lease: number, caller: Caller | undefined): Promise<{ pin: string; lease: LeaseReceipt }> {
    return this.#queue.run(async () => ({ pin: this.pin.name, lease: this.#return.renew(lease, caller) }));
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
    this.#return.callerLeft(id);
  }

  linkChanged(up: boolean): void {
    this.#return.linkChanged(up);
  }

  get health(): ChannelHealth {
    return this.#keeper.health;
  }

  async close(): Promise<void> {
    this.#return.end();
    this.#closing ??= this.#queue.runAnyway(async () => {
      await this.#keeper.close(async (line) => this.#writeSafe(line, "stop"));
    });
    return this.#closing;
  }

  async #goSafe(why: Why): Promise<void> {
    await this.#queue.runAnyway(async () => {
      this.#return.endLease();
      if (this.#closing || this.#keeper.health.state === "faulted") return;
      try {
        if (this.pin.safe > 0) this.#interlock?.claim(this.pin.name);
        await this.#keeper.use(async (line) => this.#writeSafe(line, why));
        this.#ctx.log.warn(`${this.pin.name} went to its safe duty: ${why}`);
      } catch (error) {
        this.#ctx.log.error(`${this.pin.name} could not be brought to its safe duty (${why}): ${reasonOf(error)}`);
      }
    });
  }

  async #writeSafe(line: PwmLine, why: Why): Promise<void> {
    const { safe: duty, frequency } = this.pin;
    return this.#write(line, { duty, frequency, why });
  }

  async #write(line: PwmLine, { duty, frequency, why, caller }: Move): Promise<void> {
    const period = Math.round(SECOND / frequency);
    await line.set({ period, duty: Math.round(period * duty), enabled: true });
    if (duty === 0) this.#interlock?.release(this.pin.name);
    const { clock } = this.#ctx;
    const action = why === "call" ? "pwm" : null;
    const at = { t: clock.wall(), mono: clock.mono(), pin: this.pin.name, action, why, caller };
    this.#audit.add({ ...at, requested: duty, readBack: told(await line.read()).duty });
    if (duty === this.#published) return;
    this.#published = duty;
    this.#ctx.publish(this.pin.name, { value: duty });
  }

  #lost(error: DriverError): void {
    this.#return.stop();
    this.#published = undefined;
    this.#ctx.publish(this.pin.name, { value: null, quality: "error", cause: error.message });
  }
}

/** As the hardware reports it. */
function told({ period, duty, enabled }: PwmState): { readonly duty: number; readonly frequency: number } {
  return { duty: period === 0 || !enabled ? 0 : duty / period, frequency: period === 0 ? 0 : SECOND / period };
}
