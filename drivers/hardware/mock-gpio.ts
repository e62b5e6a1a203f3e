/**
 * GPIO chips in memory. Owns lines, their levels and the whole history of each; knows nothing of drivers. Levels in here
 * are electrical; what is logical is worked out at the edge, as on a real board.
 */
import { DriverError, type GpioChip, type GpioPort, type InputLine, type InputRequest } from "../board.ts";
import type {
  Level,
  LineAddress,
  LineEdge,
  LineExplanation,
  LineRequest,
  OutputLine,
  OutputRequest,
} from "../board.ts";
import { MockLine } from "./mock-line.ts";

export interface MockChip {
  readonly label: string;
  readonly base: number;
  readonly ngpio: number;
  /** The kernel's names of lines, by offset. */
  readonly names?: Readonly<Record<number, string>>;
}

export interface MockTime {
  wall(): number;
  mono(): number;
  /** For the kernel's own debouncing; left out: there is none. */
  after?(ms: number, run: () => void): () => void;
}

/** What a real board does over the one or the other way; chardev can do all there is. */
export type MockBackend = "sysfs" | "chardev";

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

  readonly #backend: MockBackend;

  constructor(time: MockTime, chips: readonly MockChip[] = [mockHeaderChip], backend: MockBackend = "chardev") {
    this.#time = time;
    this.#backend = backend;
    this.#chips = chips.map((info) => ({ info, lines: new Map<number, MockLine>(), present: true }));
  }

  listChips(): Promise<readonly GpioChip[]> {
    const present = this.#chips.filter((chip) => chip.present);
    return Promise.resolve(present.map(({ info }) => ({ ...info, dir: `mock/${info.label}` })));
  }

  async explain(address: LineAddress): Promise<LineExplanation> {
    const { info, offset } = this.#resolve(address);
    const { holder, direction } = this.line(offset, info.label);
    const name = info.names?.[offset];
    const found = { backend: this.#backend, chip: info.label, line: offset, global: info.base + offset, direction };
    const state = holder === undefined ? ({ state: "free" } as const) : ({ state: "held", holder } as const);
    return { ...found, ...state, ...(name === undefined ? {} : { name }) };
  }

  async openOutput(request: OutputRequest): Promise<OutputLine> {
    this.#refuse(request, request.drive === undefined ? undefined : `drive: ${request.drive}`);
    const { line, label, global } = await this.#claim(request);
    line.settings = { pull: request.pull, drive: request.drive };
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
    this.#refuse(request, (request.debounce ?? 0) > 0 ? "kernelDebounce" : undefined);
    const { line, label, global } = await this.#claim(request);
    line.settings = { pull: request.pull, debounce: request.debounce };
    const logical = (level: Level): Level => (request.activeLow ? opposite(level) : level);
    line.listenAsInput();
    const generation = line.hold(request.consumer);
    let seq = 0;
    const told = (level: Level): void => {
      seq += 1;
      const edge: LineEdge = this.#backend === "sysfs" ? { level } : { level, seq, t: this.#time.wall() };
      request.onEdge(edge);
    };
    line.watch(
      this.#debounced(line, request.debounce ?? 0, (electrical) => {
        const level = logical(electrical);
        if (request.edge === "both" || (request.edge === "rising") === (level === 1)) told(level);
      }),
      request.onGone,
    );
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

  async #claim(request: LineRequest) {
    const { info, offset, present } = this.#resolve(request);
    if (!present) throw new DriverError("no_such_device", `The GPIO chip ${info.label} is gone`);
    const line = this.line(offset, info.label);
    line.refuseIfTaken();
    return { line, label: info.label, global: info.base + offset };
  }

  #resolve({ chip: label, line }: LineAddress) {
    if (typeof line === "number") {
      const { info, present } = this.#chip(label);
      this.line(line, label);
      return { info, offset: line, present };
    }
    if (this.#backend === "sysfs") throw cannot(`find a line by its name (${line})`);
    for (const { info, present } of label === undefined ? this.#chips : [this.#chip(label)]) {
      const found = Object.entries(info.names ?? {}).find(([, name]) => name === line);
      if (found) return { info, offset: Number(found[0]), present };
    }
    const names = this.#chips.flatMap(({ info }) => Object.values(info.names ?? {})).join(", ");
    throw new DriverError("bad_config", `No line of the kernel is named ${line}`, { cure: `Names here: ${names}.` });
  }

  #refuse({ pull }: LineRequest, special: string | undefined): void {
    const wanted = pull === undefined ? special : `pull: ${pull}`;
    if (this.#backend === "sysfs" && wanted !== undefined) throw cannot(`do ${wanted}`);
  }

  /** The kernel's rule: a level counts when it has been stable for so long. */
  #debounced(line: MockLine, ms: number, tell: (level: Level) => void): (level: Level) => void {
    const time = this.#time;
    if (ms === 0 || time.after === undefined) return tell;
    let known = line.level;
    let cancel: (() => void) | undefined;
    return () => {
      cancel?.();
      cancel = time.after?.(ms, () => {
        if (line.level === known) return;
        known = line.level;
        tell(known);
      });
    };
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

function cannot(what: string): DriverError {
  return new DriverError("bad_config", `GPIO over sysfs cannot ${what}`, {
    cure: "Set board.gpioBackend: chardev (or leave it out), or remove it from the pin.",
  });
}

const opposite = (level: Level): Level => (level === 1 ? 0 : 1);
