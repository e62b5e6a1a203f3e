/** PWM channels in memory: what they were set to, in order. */
import { DriverError, type PwmLine, type PwmPort, type PwmRequest, type PwmState } from "../board.ts";

export class MockPwm implements PwmPort {
  /** Every state of a channel, oldest first, by `chip:channel`. */
  readonly history = new Map<string, PwmState[]>();
  readonly #holders = new Map<string, string>();
  #fault: DriverError | undefined;

  /** Script: each access fails until undefined is given. */
  fault(error: DriverError | undefined): void {
    this.#fault = error;
  }

  get openChannels(): number {
    return this.#holders.size;
  }

  async open({ chip = 0, channel, consumer }: PwmRequest): Promise<PwmLine> {
    const key = `${String(chip)}:${String(channel)}`;
    const holder = this.#holders.get(key);
    if (holder !== undefined) throw new DriverError("busy", `PWM ${key} is in use by ${holder}`);
    if (this.#fault) throw this.#fault;
    this.#holders.set(key, consumer);
    const states = this.history.get(key) ?? [];
    this.history.set(key, states);
    return {
      set: async (state) => {
        if (this.#fault) throw this.#fault;
        states.push(state);
      },
      read: async () => {
        if (this.#fault) throw this.#fault;
        return states.at(-1) ?? { period: 0, duty: 0, enabled: false };
      },
      close: async () => void this.#holders.delete(key),
    };
  }
}
