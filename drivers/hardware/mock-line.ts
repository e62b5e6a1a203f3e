/**
 * One line of a mock chip. Owns its direction, its electrical level and every change of either since power-on, so that a
 * test can assert what a pump would have seen. Knows nothing of chips or of active-low.
 */
import { DriverError, type DriverErrorCode, type Level, type Pull } from "../board.ts";

/** What the line was asked to be beside its direction. */
export interface LineSettings {
  readonly pull?: Pull | undefined;
  readonly drive?: "open-drain" | "open-source" | undefined;
  /** ms */
  readonly debounce?: number | undefined;
}

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
  #pull: Level | undefined;
  #settings: LineSettings = {};
  #wired: MockLine | undefined;
  #holder: string | undefined;
  #generation = 0;
  #listener: ((level: Level) => void) | undefined;
  #gone: ((cause: DriverError) => void) | undefined;
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
    if (this.#wired?.direction === "out") return this.#wired.level;
    // What is connected outside is stronger than the chip's own resistor.
    return this.#pull ?? (this.#settings.pull === "up" ? 1 : 0);
  }

  /** Every change of direction or level, oldest first, at most the last 10,000. */
  get history(): readonly LineEvent[] {
    return this.#history;
  }

  get holder(): string | undefined {
    return this.#holder;
  }

  get settings(): LineSettings {
    return this.#settings;
  }

  set settings(settings: LineSettings) {
    this.#settle(() => {
      this.#settings = settings;
    });
  }

  /** Script: what is connected outside pulls the line to a level, or no longer does. Seen while the line is an input. */
  pull(level: Level | undefined): void {
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
    this.#gone = undefined;
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

  watch(listener: (level: Level) => void, gone?: (cause: DriverError) => void): void {
    this.#listener = listener;
    this.#gone = gone;
  }

  /** Script: the kernel takes the line away and says so to whoever watches it. */
  takeAway(): void {
    const gone = this.#gone;
    this.vanish();
    gone?.(new DriverError("no_such_device", `${this.name} was taken away`));
  }

  vanish(): void {
    this.#generation += 1;
    this.#holder = undefined;
    this.#listener = undefined;
    this.#gone = undefined;
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
