/**
 * One device on the bus. Owns its descriptor and what became of the last transfer: after a failure it is let go of, and opened
 * again with the next transfer, so that an adapter that comes back under another number is found. The turns belong to the bus.
 */
import type { I2cDevice } from "../board.ts";
import type { ChannelHealth, DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import type { Sequence } from "../sequence.ts";
import { reasonOf } from "../words.ts";
import type { Target } from "./i2c-config.ts";

export class I2cTarget {
  readonly target: Target;
  readonly #ctx: DriverContext;
  readonly #turns: Sequence;
  #device: I2cDevice | undefined;
  #error: DriverError | undefined;
  #failures = 0;
  #closed = false;

  constructor(target: Target, turns: Sequence, ctx: DriverContext) {
    this.target = target;
    this.#turns = turns;
    this.#ctx = ctx;
  }

  /** For callers: more than 64 that wait for the bus are refused. */
  async request(write: readonly number[], length: number): Promise<Uint8Array> {
    return this.#turns.run(async () => this.transfer(write, length));
  }

  /** Within a turn. @throws (rejects) DriverError. */
  async transfer(write: readonly number[], length: number): Promise<Uint8Array> {
    const { name, bus, address } = this.target;
    if (this.#closed) throw new DriverError("closed", `${name} is closed`);
    try {
      this.#device ??= await this.#ctx.board.i2c.open({ bus, address, consumer: name });
      const read = await this.#device.transfer(Uint8Array.from(write), length);
      if (this.#error) this.#ctx.log.info(`${name} answers again`);
      this.#error = undefined;
      return read;
    } catch (thrown) {
      const error =
        thrown instanceof DriverError ? thrown : new DriverError("io", `${name} failed: ${reasonOf(thrown)}`);
      if (this.#error?.message !== error.message) this.#ctx.log.warn(`${name}: ${error.message}`, { code: error.code });
      this.#error = error;
      this.#failures += 1;
      await this.#letGo();
      throw error;
    }
  }

  /** The octets that point to a register. */
  pointer(register: number): readonly number[] {
    return this.target.registerSize === 1 ? [register] : [register >> 8, register & 0xff];
  }

  get health(): ChannelHealth {
    const counters = { failures: this.#failures };
    return this.#error ? { state: "faulted", cause: this.#error.message, counters } : { state: "ok", counters };
  }

  /** After the transfer under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turns.runAnyway(async () => this.#letGo());
  }

  async #letGo(): Promise<void> {
    const device = this.#device;
    this.#device = undefined;
    try {
      await device?.close();
    } catch (error) {
      this.#ctx.log.warn(`${this.target.name} could not be closed: ${reasonOf(error)}`);
    }
  }
}
