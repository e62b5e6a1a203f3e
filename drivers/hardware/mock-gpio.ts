/**
 * GPIO chips in memory. Owns lines, their levels and the whole history of each; knows nothing of drivers. Levels in here
 * are electrical; what is logical is worked out at the edge, as on a real board.
 */
import { DriverError, type GpioChip, type GpioPort, type InputLine, type InputRequest } from "../board.ts";
import type { Level, LineRequest, OutputLine, OutputRequest } from "../board.ts";
import { MockLine } from "./mock-line.ts";

export interface MockChip {
  readonly label: string;
  readonly base: number;
  readonly ngpio: number;
}

export interface MockTime {
  wall(): number;
  mono(): number;
}

/** What an unnamed chip resolves to: the same rule as on a real board, the first is the header's. */
export const mockHeaderChip: MockChip = Object.freeze({ label: "pinctrl-bcm2711", base: 512, ngpio: 58 });

interface Chip {
  readonly info: MockChip;
  readonly lines: Map<number, MockLine>;
  present: boolean;
}

export class MockGpio implements GpioPort {
  readonly #chips: readonly Chip[];
  readonly #time: MockTime;

  constructor(time: MockTime, chips: readonly MockChip[] = [mockHeaderChip]) {
    this.#time = time;
    this.#chips = chips.map((info) => ({ info, lines: new Map<number, MockLine>(), present: true }));
  }

  listChips(): Promise<readonly GpioChip[]> {
    const present = this.#chips.filter((chip) => chip.present);
    return Promise.resolve(present.map(({ info }) => ({ ...info, dir: `mock/${info.label}` })));
  }

  async openOutput(request: OutputRequest): Promise<OutputLine> {
    const { line, label, global } = await this.#claim(request);
    const electrical = (level: Level): Level => (request.activeLow ? opposite(level) : level);
    if (!(request.keep && line.direction === "out")) line.drive(electrical(request.initial));
    const generation = line.hold(request.consumer);
    return {
      chip: label,
      global,
      write: async (level) => {
        line.reach(generation, "write");
        line.drive(electrical(level));
      },
      read: async () => {
        line.reach(generation, "read");
        return electrical(line.level);
      },
      close: async () => line.release(generation),
    };
  }

  async openInput(request: InputRequest): Promise<InputLine> {
    const { line, label, global } = await this.#claim(request);
    const logical = (level: Level): Level => (request.activeLow ? opposite(level) : level);
    line.listenAsInput();
    const generation = line.hold(request.consumer);
    line.watch((electrical) => {
      const level = logical(electrical);
      if (request.edge === "both" || (request.edge === "rising") === (level === 1)) request.onEdge({ level });
    });
    return {
      chip: label,
      global,
      read: async () => {
        line.reach(generation, "read");
        return logical(line.level);
      },
      close: async () => line.release(generation),
    };
  }

  /** The script's view of a line, whether open or not. `chip` left out: the first. */
  line(number: number, chip?: string): MockLine {
    const found = this.#chip(chip);
    const { lines, info } = found;
    if (!Number.isInteger(number) || number < 0 || number >= info.ngpio) {
      throw new DriverError("bad_config", `${info.label} has no line ${String(number)}`, {
        cure: `It has lines 0 to ${String(info.ngpio - 1)}.`,
      });
    }
    const line = lines.get(number) ?? new MockLine(`${info.label} line ${String(number)}`, this.#time);
    lines.set(number, line);
    return line;
  }

  /** A wire between two lines: while `to` is an input it sees the level of `from`. */
  wire(from: MockLine, to: MockLine): void {
    from.leadTo(to);
  }

  /** The chip goes away in use: nothing is told, the next access of a line fails with `no_such_device`. */
  removeChip(label?: string): void {
    const chip = this.#chip(label);
    chip.present = false;
    for (const line of chip.lines.values()) line.vanish();
  }

  /** It comes back as after power-on: every line an input. Lines opened before stay dead. */
  restoreChip(label?: string): void {
    this.#chip(label).present = true;
  }

  /** How many lines are open. */
  get openLines(): number {
    return this.#chips.flatMap(({ lines }) => [...lines.values()]).filter((line) => line.holder !== undefined).length;
  }

  async #claim({ chip: label, line: number }: LineRequest) {
    const chip = this.#chip(label);
    if (!chip.present) throw new DriverError("no_such_device", `The GPIO chip ${chip.info.label} is gone`);
    const line = this.line(number, label);
    line.refuseIfTaken();
    return { line, label: chip.info.label, global: chip.info.base + number };
  }

  #chip(label: string | undefined): Chip {
    const chip = label === undefined ? this.#chips[0] : this.#chips.find(({ info }) => info.label === label);
    if (chip) return chip;
    const known = this.#chips.map(({ info }) => info.label).join(", ");
    throw new DriverError("bad_config", `There is no GPIO chip ${label ?? "at all"}`, {
      cure: `Set chip to one of: ${known}.`,
    });
  }
}

const opposite = (level: Level): Level => (level === 1 ? 0 : 1);
