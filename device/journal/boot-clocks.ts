/**
 * How wrong the wall clock was in each run of the process whose readings are kept: by its own steps, and by those that came later, as
 * far as the kernel has run on meanwhile. Owns the steps, and which of them nobody has been told of. Knows neither disk nor session.
 */
import type { Clock } from "../../drivers/driver.ts";
import type { ClockEntry, HeadEntry } from "./entry.ts";

/** Relates the monotonic clocks of processes that ran under the same kernel without a restart. */
export interface KernelClock {
  /** Names the kernel's run. */
  readonly id: string;
  /** ms that the kernel had run when this process's monotonic clock was at 0. */
  readonly origin: number;
}

/** The wall clock was set. */
export interface ClockStep {
  /** ms to add to `t` of readings of that boot whose `mono` is lower than this one. */
  readonly offset: number;
  /** Of that boot, which may have ended before. */
  readonly mono: number;
  /** Wall clock after it. */
  readonly t: number;
}

export interface BootStep extends ClockStep {
  readonly boot: string;
}

export interface BootClocksContext {
  readonly boot: string;
  /** Left out: earlier runs cannot be related to this one. */
  readonly kernel?: KernelClock | undefined;
  readonly clock: Clock;
}

/** ms; what a time service does by itself is far less in a second. */
export const LEAST_STEP = 250;
/** Steps of one boot that are remembered; a clock that is set more often is no clock. */
export const MOST_STEPS = 64;

interface BootClock {
  kernel: KernelClock | undefined;
  /** Wall clock when its monotonic clock was at 0, as last known. */
  base: number;
  steps: readonly ClockStep[];
}

export class BootClocks {
  readonly #context: BootClocksContext;
  readonly #boots = new Map<string, BootClock>();
  readonly #untold = new Map<string, BootStep>();
  #changes: ClockEntry[] = [];

  constructor(context: BootClocksContext) {
    this.#context = context;
    this.#boots.set(context.boot, { kernel: context.kernel, base: this.#base(), steps: [] });
  }

  /** Out of a segment. */
  restoreHead({ boot, clock }: HeadEntry): void {
    if (boot === this.#context.boot || clock === undefined) return;
    const [id, origin, base] = clock;
    const found = this.#boots.get(boot);
    this.#boots.set(boot, { kernel: { id, origin }, base, steps: found?.steps ?? [] });
  }

  /** Out of a segment. */
  restoreStep({ step, told }: ClockEntry): void {
    if (told) this.#untold.delete(keyOf(step));
    else this.#note(step);
  }

  /** All segments have been read: what was set between the runs, or shortly before the end of one, is a step of those before. */
  compare(): void {
    const { clock, boot } = this.#context;
    const mono = clock.mono();
    const now = this.#boots.get(boot);
    for (const [name, earlier] of this.#earlier()) {
      const offset = Math.round(this.#base() - earlier.base - between(earlier, now));
      if (Math.abs(offset) < LEAST_STEP) continue;
      const ahead = between(earlier, now);
      this.#add({ boot: name, offset, mono: mono + ahead, t: Math.round(mono + this.#base()) });
    }
  }

  /** The clock was set just now: all of what was read under this kernel is off by as much. */
  stepped(offset: number): ClockStep {
    const { clock, boot } = this.#context;
    const mono = clock.mono();
    const own = { boot, offset, mono, t: Math.round(mono + wallOffset(clock)) };
    const now = this.#boots.get(boot);
    for (const [name, earlier] of this.#earlier())
      this.#add({ ...own, boot: name, mono: own.mono + between(earlier, now) });
    this.#add(own);
    return own;
  }

  /** Steps that nobody has been told of, oldest first. */
  untold(): readonly BootStep[] {
    return [...this.#untold.values()];
  }

  told(step: BootStep): void {
    if (this.#untold.delete(keyOf(step))) this.#changes.push({ kind: "clock", step, told: true });
  }

  stepsOf(boot: string): readonly ClockStep[] {
    return this.#boots.get(boot)?.steps ?? [];
  }

  /** Nothing is kept of other boots any more. */
  keep(boots: ReadonlySet<string>): void {
    for (const boot of this.#boots.keys())
      if (!boots.has(boot) && boot !== this.#context.boot) this.#boots.delete(boot);
  }

  /** For the head of a segment of this boot. */
  head(): HeadEntry["clock"] {
    const { kernel } = this.#context;
    return kernel === undefined ? undefined : [kernel.id, kernel.origin, this.#base()];
  }

  get hasChanges(): boolean {
    return this.#changes.length > 0;
  }

  /** The caller writes them, or gives them back. */
  takeChanges(): readonly ClockEntry[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  giveBack(changes: readonly ClockEntry[]): void {
    this.#changes = [...changes, ...this.#changes];
  }

  *#earlier(): Generator<readonly [string, BootClock]> {
    const { kernel, boot } = this.#context;
    if (kernel === undefined) return;
    for (const one of this.#boots) if (one[0] !== boot && one[1].kernel?.id === kernel.id) yield one;
  }

  #add(step: BootStep): void {
    this.#note(step);
    this.#changes = [...this.#changes.slice(1 - MOST_STEPS), { kind: "clock", step, told: false }];
  }

  #note(step: BootStep): void {
    const { boot, ...own } = step;
    const found = this.#boots.get(boot) ?? { kernel: undefined, base: 0, steps: [] };
    const steps = [...found.steps.slice(1 - MOST_STEPS), own];
    this.#boots.set(boot, { ...found, base: own.t - own.mono, steps });
    this.#untold.set(keyOf(step), step);
    const [oldest] = this.#untold.keys();
    if (this.#untold.size > MOST_STEPS && oldest !== undefined) this.#untold.delete(oldest);
  }

  #base(): number {
    return Math.round(wallOffset(this.#context.clock));
  }
}

/** A process that stood still between two looks at its clocks must not take that for a step. */
const TRIES = 8;
const QUICK = 2;

/** ms; the wall clock when the monotonic one was at 0. */
export function wallOffset(clock: Clock): number {
  let least = Number.POSITIVE_INFINITY;
  let offset = 0;
  for (let n = 0; n < TRIES && least > QUICK; n += 1) {
    const before = clock.mono();
    const wall = clock.wall();
    const took = clock.mono() - before;
    if (took >= least) continue;
    least = took;
    offset = wall - before - took / 2;
  }
  return offset;
}

/** ms that the monotonic clock of the earlier boot is ahead of the later one's, at any time. */
function between({ kernel: earlier }: BootClock, later: BootClock | undefined): number {
  return (later?.kernel?.origin ?? 0) - (earlier?.origin ?? 0);
}

function keyOf({ boot, mono }: BootStep): string {
  return `${boot} ${String(mono)}`;
}
