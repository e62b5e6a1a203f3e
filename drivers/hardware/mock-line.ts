/**
 * One line of a mock chip. Owns its direction, its electrical level and every change of either since power-on, so that a
 * test can assert what a pump would have seen. Knows nothing of chips or of active-low.
 */
import { DriverError, type DriverErrorCode, type Level } from "../board.ts";

export interface LineEvent {
  readonly t: number;
  readonly mono: number;
  readonly direction: "in" | "out";
  /** Electrical. */
  readonly level: Level;
}

interface Time {
  wall(): number;
  mono(): number;
}

export class MockLine {
  readonly name: string;
  readonly #time: Time;
  readonly #history: LineEvent[] = [];
  readonly #ends: MockLine[] = [];
  #direction: "in" | "out" = "in";
  #driven: Level = 0;
  #pull: Level = 0;
  #wired: MockLine | undefined;
  #holder: string | undefined;
  #generation = 0;
  #listener: ((level: Level) => void) | undefined;
  #fault: { code: DriverErrorCode; on: "read" | "write" | "any" } | undefined;

  constructor(name: string, time: Time) {
    this.name = name;
    this.#time = time;
  }

  get direction(): "in" | "out" {
    return this.#direction;
  }

  /** The electrical level on the wire now. */
  get level(): Level {
    if (this.#direction === "out") return this.#driven;
    return this.#wired?.direction === "out" ? this.#wired.level : this.#pull;
  }

  /** Every change of direction or level, oldest first, at most the last 10,000. */
  get history(): readonly LineEvent[] {
    return this.#history;
  }

  get holder(): string | undefined {
    return this.#holder;
  }

  /** Script: what is connected outside pulls the line to a level. Seen while the line is an input. */
  pull(level: Level): void {
    this.#change(() => {
      this.#pull = level;
    });
  }

  /** Script: each access fails with this code until `undefined` is given. */
  fault(code: DriverErrorCode | undefined, on: "read" | "write" | "any" = "any"): void {
    this.#fault = code === undefined ? undefined : { code, on };
  }

  /** Script: another program has it. */
  holdBy(holder: string | undefined): void {
    this.#holder = holder;
  }

  leadTo(other: MockLine): void {
    this.#ends.push(other);
    other.#wired = this;
    other.#settle(() => undefined);
  }

  refuseIfTaken(): void {
    if (this.#holder !== undefined) throw new DriverError("busy", `${this.name} is in use by ${this.#holder}`);
    this.#failIfFaulty("any");
  }

  hold(holder: string): number {
    this.#holder = holder;
    this.#generation += 1;
    return this.#generation;
  }

  release(generation: number): void {
    if (generation !== this.#generation) return;
    this.#generation += 1;
    this.#holder = undefined;
    this.#listener = undefined;
  }

  /** @throws DriverError when the claim has been lost or a fault is scripted. */
  reach(generation: number, access: "read" | "write"): void {
    if (generation !== this.#generation) throw new DriverError("no_such_device", `${this.name} is gone`);
    this.#failIfFaulty(access);
  }

  drive(level: Level): void {
    this.#change(() => {
      this.#direction = "out";
      this.#driven = level;
    });
  }

  listenAsInput(): void {
    this.#change(() => {
      this.#direction = "in";
    });
  }

  watch(listener: (level: Level) => void): void {
    this.#listener = listener;
  }

  vanish(): void {
    this.#generation += 1;
    this.#holder = undefined;
    this.#listener = undefined;
    this.#change(() => {
      this.#direction = "in";
    });
  }

  #failIfFaulty(access: "read" | "write" | "any"): void {
    const fault = this.#fault;
    if (fault && (fault.on === "any" || fault.on === access)) {
      throw new DriverError(fault.code, `${this.name} does not answer`);
    }
  }

  #change(change: () => void): void {
    const before = { direction: this.#direction, level: this.level };
    this.#settle(change);
    if (this.#history.length > 0 && before.direction === this.#direction && before.level === this.level) return;
    const { wall, mono } = { wall: this.#time.wall(), mono: this.#time.mono() };
    this.#history.push({ t: wall, mono, direction: this.#direction, level: this.level });
    if (this.#history.length > 10_000) this.#history.shift();
  }

  /** Tells the watcher, and whatever hangs on the same wire, when the level has become another one. */
  #settle(change: () => void): void {
    const ends = this.#ends.map((end) => ({ end, level: end.level }));
    const before = this.level;
    change();
    if (before !== this.level) this.#tell();
    for (const { end, level } of ends) if (level !== end.level) end.#tell();
  }

  #tell(): void {
    const listener = this.#listener;
    const { level } = this;
    // An edge never arrives within the call that opened the line or caused it, as with a kernel.
    if (listener) queueMicrotask(() => (this.#listener === listener ? listener(level) : undefined));
  }
}
