/** What a driver needs to run in a test: a mock board restricted to its plan, virtual time, and a record of what it said. */
import type { DriverContext, DriverDefinition, DriverInstance, Store } from "../driver.ts";
import { claimedBoard } from "../claimed-board.ts";
import type { DriverError } from "../driver-error.ts";
import { Interlocks } from "../interlock.ts";
import type { RawReading } from "../reading.ts";
import { newMemory, type Remembered } from "../remembered.ts";
import { createMockBoard, type MockBoard, type MockBoardOptions } from "../hardware/mock-board.ts";
import { settle, VirtualClock } from "./virtual-clock.ts";

const EPOCH = Date.UTC(2026, 0, 1);

export interface Published extends RawReading {
  readonly stream: string;
  /** When it was published, in virtual ms since the rig began. */
  readonly at: number;
}

export class DriverRig {
  readonly clock = new VirtualClock();
  readonly board: MockBoard;
  readonly readings: Published[] = [];
  readonly logged: string[] = [];
  readonly failures: DriverError[] = [];
  readonly interlocks = new Interlocks();
  /** What drivers keep over runs; several rigs may be given the same. */
  stored: Map<string, string> | undefined;
  readonly abort = new AbortController();
  #seed = 1;
  /** By entry: its kind and what is written in it. */
  readonly #memories = new Map<string, Remembered>();

  constructor(board: Omit<MockBoardOptions, "time"> = {}) {
    const wall = (): number => EPOCH + this.clock.now();
    const after = (ms: number, run: () => void): (() => void) => {
      const id = this.clock.setTimeout(run, ms);
      return () => this.clock.clearTimeout(id);
    };
    this.board = createMockBoard({ time: { wall, mono: this.clock.now, after }, ...board });
  }

  context(definition: DriverDefinition, config: unknown): DriverContext {
    const log = (message: string): void => void this.logged.push(message);
    return {
      clock: { wall: () => EPOCH + this.clock.now(), mono: this.clock.now },
      timers: {
        after: (ms, run) => {
          const id = this.clock.setTimeout(run, ms);
          return () => this.clock.clearTimeout(id);
        },
      },
      // A small linear congruence: the same numbers in every run.
      random: () => {
        this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return this.#seed / 2_147_483_648;
      },
      ...(this.stored === undefined ? {} : { store: storeIn(this.stored) }),
      log: { debug: log, info: log, warn: log, error: log },
      interlock: (group) => this.interlocks.of(group),
      remembered: this.#memoryOf(`${definition.kind} ${JSON.stringify(config)}`),
      signal: this.abort.signal,
      board: claimedBoard(this.board, definition.plan(config)),
      publish: (stream, reading) => void this.readings.push({ ...reading, stream, at: this.clock.now() }),
      failed: (error) => void this.failures.push(error),
    };
  }

  #memoryOf(entry: string): Remembered {
    const memory = this.#memories.get(entry) ?? newMemory();
    this.#memories.set(entry, memory);
    return memory;
  }

  async open(definition: DriverDefinition, config: unknown): Promise<DriverInstance> {
    const opened = definition.open(config, this.context(definition, config));
    await Promise.allSettled([opened, settle()]);
    return opened;
  }

  /** Values published on a stream since the last call, oldest first; an error reading is the word "error". */
  take(stream: string): unknown[] {
    const taken = this.readings.filter((one) => one.stream === stream);
    const left = this.readings.filter((one) => one.stream !== stream);
    this.readings.splice(0, this.readings.length, ...left);
    return taken.map(({ value, quality }) => (quality === "error" ? "error" : value));
  }
}

const storeIn = (kept: Map<string, string>): Store => ({
  load: async (key) => kept.get(key),
  save: async (key, text) => void kept.set(key, text),
});
