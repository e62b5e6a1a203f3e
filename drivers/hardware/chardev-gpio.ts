/**
 * GPIO lines over the kernel's character device. Owns the descriptors of the lines that are open, and of the outputs that
 * have been let go: the kernel gives a line back as soon as its descriptor is closed, so an output at its safe level is held
 * until the process ends. What the kernel does with the line then is the chip's own affair.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DriverError, type GpioChip, type GpioPort, type InputLine, type InputRequest } from "../board.ts";
import type { LineAddress, LineExplanation, LineRequest, OutputLine, OutputRequest } from "../board.ts";
import { explanationOf, findLine, lineInfo, listCharDevices, onChip } from "./chardev-lines.ts";
import type { CharDevicePaths, FoundLine } from "./chardev-lines.ts";
import { lineInUse, lineTakenHere } from "./gpio-holder.ts";
import { EVENT_SIZE, GPIO, levelIn, lineDescriptor, newLineConfig, newLineRequest } from "./gpio-uapi.ts";
import { newValues, readEvents, type LineSettings } from "./gpio-uapi.ts";
import { loadKernelCalls, type KernelCalls } from "./kernel-calls.ts";
import { driverErrorOf, systemCode } from "./system-error.ts";

export interface CharDeviceOptions {
  /** Left out: /dev. */
  readonly devices?: string;
  /** Left out: /sys/class/gpio. */
  readonly sysfs?: string;
  readonly loadCalls?: () => Promise<KernelCalls>;
}

/** Edges taken from the kernel at a time. */
const EVENTS_AT_ONCE = 64;
const TURNS = 16;

export class CharDeviceGpio implements GpioPort {
  readonly #paths: CharDevicePaths;
  readonly #load: () => Promise<KernelCalls>;
  #calls: Promise<KernelCalls> | undefined;
  readonly #open = new Map<string, string>();
  /** Outputs that were let go, by their chip and offset. */
  readonly #parked = new Map<string, number>();

  constructor({ devices = "/dev", sysfs = "/sys/class/gpio", loadCalls = loadKernelCalls }: CharDeviceOptions = {}) {
    this.#paths = { devices, sysfs };
    this.#load = loadCalls;
  }

  async listChips(): Promise<readonly GpioChip[]> {
    return listCharDevices(await this.#kernel(), this.#paths);
  }

  async explain(address: LineAddress): Promise<LineExplanation> {
    return explanationOf(await findLine(await this.#kernel(), this.#paths, address));
  }

  async openOutput(request: OutputRequest): Promise<OutputLine> {
    return this.#claimed(request, async (calls, place, key) => {
      const fd = await this.#output(calls, place, request);
      let open = true;
      const use = <Result>(verb: string, run: () => Result): Result => {
        if (!open) throw new DriverError("not_open", `${place.what} is closed`);
        return guarded(place.what, verb, run);
      };
      return {
        ...whereOf(place),
        write: async (level) => use("written", () => calls.ioctl(fd, GPIO.setValues, newValues(level))),
        read: async () => use("read", () => readLevel(calls, fd)),
        close: async () => {
          if (!open) return;
          open = false;
          this.#open.delete(key);
          this.#parked.set(key, fd);
          // A line whose chip is gone holds on to the chip, and to its number.
          if (!isAlive(calls, fd)) this.#unpark(calls, key);
        },
      };
    });
  }

  async openInput(request: InputRequest): Promise<InputLine> {
    return this.#claimed(request, async (calls, place, key) => {
      this.#unpark(calls, key);
      const { activeLow, pull, edge, debounce } = request;
      const fd = await this.#request(calls, place, {
        consumer: request.consumer,
        settings: { direction: "in", activeLow, pull, edge, debounce },
      });
      calls.nonBlocking(fd);
      let open = true;
      const unwatch = watchEdges(calls, { fd, what: place.what }, request);
      return {
        ...whereOf(place),
        read: async () => {
          if (!open) throw new DriverError("not_open", `${place.what} is closed`);
          return guarded(place.what, "read", () => readLevel(calls, fd));
        },
        close: async () => {
          if (!open) return;
          open = false;
          unwatch();
          calls.close(fd);
          this.#open.delete(key);
        },
      };
    });
  }

  #kernel(): Promise<KernelCalls> {
    this.#calls ??= this.#load();
    return this.#calls;
  }

  async #claimed<Line>(
    request: LineRequest,
    open: (calls: KernelCalls, place: FoundLine, key: string) => Promise<Line>,
  ): Promise<Line> {
    const calls = await this.#kernel();
    const place = await findLine(calls, this.#paths, request);
    const key = `${place.chip.dir} ${String(place.offset)}`;
    const holder = this.#open.get(key);
    if (holder !== undefined) throw lineTakenHere(place.what, holder);
    this.#open.set(key, request.consumer);
    try {
      return await open(calls, place, key);
    } catch (error) {
      this.#open.delete(key);
      throw driverErrorOf(error, `${place.what} cannot be opened`);
    }
  }

  async #output(calls: KernelCalls, place: FoundLine, request: OutputRequest): Promise<number> {
    const { activeLow, pull, drive, initial, consumer, keep } = request;
    const settings: LineSettings = { direction: "out", activeLow, pull, drive, value: initial };
    const parked = this.#stillParked(calls, `${place.chip.dir} ${String(place.offset)}`);
    if (parked !== undefined) {
      const value = keep ? readLevel(calls, parked) : initial;
      calls.ioctl(parked, GPIO.setConfig, newLineConfig({ ...settings, value }));
      return parked;
    }
    if (!keep || !place.info.output) return this.#request(calls, place, { consumer, settings });
    // Taken as it is, so that the level that it drives can be asked for before it is written again.
    const fd = await this.#request(calls, place, { consumer, settings: { activeLow: false } });
    try {
      const electrical = readLevel(calls, fd);
      const value = activeLow ? (electrical === 1 ? 0 : 1) : electrical;
      calls.ioctl(fd, GPIO.setConfig, newLineConfig({ ...settings, value }));
      return fd;
    } catch (error) {
      calls.close(fd);
      throw error;
    }
  }

  /** What was let go may be gone with its chip: then it is opened afresh. */
  #stillParked(calls: KernelCalls, key: string): number | undefined {
    const fd = this.#parked.get(key);
    if (fd === undefined) return undefined;
    if (!isAlive(calls, fd)) {
      this.#unpark(calls, key);
      return undefined;
    }
    this.#parked.delete(key);
    return fd;
  }

  #unpark(calls: KernelCalls, key: string): void {
    const fd = this.#parked.get(key);
    this.#parked.delete(key);
    if (fd !== undefined) calls.close(fd);
  }

  async #request(
    calls: KernelCalls,
    place: FoundLine,
    { consumer, settings }: { consumer: string; settings: LineSettings },
  ): Promise<number> {
    const take = (): number =>
      onChip(calls, place.chip.dir, (chip) => {
        const octets = newLineRequest(place.offset, `pinion/${consumer}`, settings);
        calls.ioctl(chip, GPIO.getLine, octets);
        return lineDescriptor(octets);
      });
    try {
      return take();
    } catch (error) {
      if (systemCode(error) === "EBUSY" && (await this.#takenFromSysfs(calls, place))) return take();
      throw await this.#refusal(calls, place, error);
    }
  }

  /** A line that an earlier run left exported in sysfs has no other owner than whoever gives it back. */
  async #takenFromSysfs(calls: KernelCalls, { chip, offset, global }: FoundLine): Promise<boolean> {
    if (global === undefined || lineInfo(calls, chip.dir, offset).consumer !== "sysfs") return false;
    try {
      await writeFile(join(this.#paths.sysfs, "unexport"), String(global));
      return true;
    } catch {
      return false; // then it stays busy, and is reported as that
    }
  }

  async #refusal(calls: KernelCalls, { chip, offset, what, global }: FoundLine, error: unknown): Promise<DriverError> {
    const code = systemCode(error);
    if (code === "EBUSY") {
      return lineInUse(what, { holder: lineInfo(calls, chip.dir, offset).consumer, global, cause: error });
    }
    if (code === "EINVAL" || code === "ENOTSUPP" || code === "EOPNOTSUPP") {
      return new DriverError("bad_config", `${what} does not take these settings: ${String(error)}`, {
        cure: "The chip may lack pull, drive or edges: remove them from the pin, or choose a pin of another chip.",
        cause: error,
      });
    }
    return driverErrorOf(error, `${what} cannot be opened`);
  }
}

function whereOf({ chip, global }: FoundLine): { chip: string; global?: number } {
  return global === undefined ? { chip: chip.label } : { chip: chip.label, global };
}

function watchEdges(
  calls: KernelCalls,
  { fd, what }: { fd: number; what: string },
  { onEdge, onGone }: InputRequest,
): () => void {
  const octets = Buffer.alloc(EVENT_SIZE * EVENTS_AT_ONCE);
  let watching = true;
  const stop = calls.watch(fd, () => {
    if (!watching) return;
    try {
      // All that waits now, within a bound: other lines want their turn too.
      for (let turn = 0; turn < TURNS; turn += 1) {
        const length = calls.read(fd, octets);
        for (const { timestamp, level, seq } of readEvents(octets, length)) {
          if (watching) onEdge({ level, seq, t: Date.now() - Number(calls.mono() - timestamp) / 1e6 });
        }
        if (length < octets.length || !watching) return;
      }
    } catch (error) {
      if (systemCode(error) === "EAGAIN") return;
      // The chip is gone, and the same news would come for ever.
      end();
      onGone?.(driverErrorOf(error, `${what} can no longer be watched`));
    }
  });
  const end = (): void => {
    if (watching) stop();
    watching = false;
  };
  return end;
}

function readLevel(calls: KernelCalls, fd: number) {
  const values = newValues();
  calls.ioctl(fd, GPIO.getValues, values);
  return levelIn(values);
}

function isAlive(calls: KernelCalls, fd: number): boolean {
  try {
    readLevel(calls, fd);
    return true;
  } catch {
    return false;
  }
}

function guarded<Result>(what: string, verb: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw driverErrorOf(error, `${what} cannot be ${verb}`);
  }
}
