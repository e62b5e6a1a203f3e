/**
 * GPIO lines over sysfs, with onoff. Owns which lines this process has open, and the outputs it has let go: those stay
 * exported, because a line that is given back to the kernel may float or fall to any level, and an output at its safe
 * level must stay there when the process ends. They are taken up again when they are opened again.
 * What it must work around in onoff: its constructor spins while udev has not set permissions, swallows errors on lines
 * that are exported already, and closes a foreign descriptor when unexport is called twice.
 */
import { access, constants, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Gpio } from "onoff";
import { throwIfAborted } from "../aborted.ts";
import { DriverError, type GpioChip, type GpioPort, type Level } from "../board.ts";
import type { InputLine, InputRequest, LineAddress, LineExplanation, LineRequest } from "../board.ts";
import type { OutputLine, OutputRequest } from "../board.ts";
import { noPermission } from "./access-cure.ts";
import { chooseGpioChip, listGpioChips } from "./gpio-chips.ts";
import { gpioHolder, lineInUse, lineTakenHere } from "./gpio-holder.ts";
import { driverErrorOf, systemCode } from "./system-error.ts";
import { watchLine, type WatchedLine } from "./watch-line.ts";

/** The part of onoff that is used; tests on a made-up sysfs bring their own. */
type OnoffModule = { readonly Gpio: new (...args: ConstructorParameters<typeof Gpio>) => OnoffGpio };
type OnoffGpio = Pick<Gpio, "read" | "write" | "setDirection" | "unexport"> & WatchedLine;

export interface LinuxGpioOptions {
  /** Left out: /sys/class/gpio, which onoff itself always uses. */
  readonly root?: string;
  /** Left out: /sys/kernel/debug/gpio. */
  readonly holders?: string;
  readonly loadOnoff?: () => Promise<OnoffModule>;
  /** Who has a line as the character device tells it, which most users may ask; left out: nobody to ask. */
  readonly holderOf?: (address: LineAddress) => Promise<string | undefined>;
}

/** How long udev may take to give the group access to the files of a fresh line. */
const ACCESS_PATIENCE = 3000;

interface Place {
  readonly chip: string;
  readonly line: number;
  readonly global: number;
  readonly dir: string;
  readonly what: string;
}

export class LinuxGpio implements GpioPort {
  readonly #root: string;
  readonly #holders: string;
  readonly #loadOnoff: () => Promise<OnoffModule>;
  readonly #holderOf: (address: LineAddress) => Promise<string | undefined>;
  readonly #open = new Map<number, string>();
  readonly #parked = new Map<number, OnoffGpio>();

  constructor(options: LinuxGpioOptions = {}) {
    this.#root = options.root ?? "/sys/class/gpio";
    this.#holders = options.holders ?? "/sys/kernel/debug/gpio";
    this.#loadOnoff = options.loadOnoff ?? (async () => import("onoff"));
    this.#holderOf = options.holderOf ?? (async () => Promise.resolve(undefined));
  }

  async listChips(): Promise<readonly GpioChip[]> {
    return listGpioChips(this.#root);
  }

  async explain(address: LineAddress): Promise<LineExplanation> {
    const { chip, line, global, dir } = await this.#place(address);
    const held = this.#open.get(global);
    const holder = held ?? (await gpioHolder(this.#holders, global));
    const exported = await exists(dir);
    return {
      backend: "sysfs",
      chip,
      line,
      global,
      // What is exported may be used by whoever likes: sysfs knows no owner.
      state: holder !== undefined || exported ? "held" : (await canRead(this.#holders)) ? "free" : "unknown",
      ...(holder === undefined ? (exported ? { holder: "sysfs" } : {}) : { holder }),
    };
  }

  async openOutput(request: OutputRequest): Promise<OutputLine> {
    refuseWhatSysfsCannot(request, request.drive === undefined ? undefined : `drive: ${request.drive}`);
    return this.#claimed(request, async (place) => {
      const line = await this.#output(place, request);
      const { chip, global, what } = place;
      let open = true;
      return {
        chip,
        global,
        write: async (level) => {
          if (!open) throw new DriverError("not_open", `${what} is closed`);
          return guarded(what, "written", async () => line.write(electrical(level, request)));
        },
        read: async () => guarded(what, "read", async () => electrical(await line.read(), request)),
        close: async () => {
          if (open) this.#open.delete(global);
          open = false;
        },
      };
    });
  }

  async openInput(request: InputRequest): Promise<InputLine> {
    refuseWhatSysfsCannot(request, (request.debounce ?? 0) > 0 ? "kernelDebounce" : undefined);
    return this.#claimed(request, async (place) => {
      const line = await this.#input(place, request);
      const { chip, global, what } = place;
      let open = true;
      const onLevel = (level: Level): void => {
        if (open) request.onEdge({ level: electrical(level, request) });
      };
      watchLine(line, onLevel, (cause) => {
        if (open) request.onGone?.(driverErrorOf(cause, `${what} can no longer be watched`));
      });
      return {
        chip,
        global,
        read: async () => guarded(what, "read", async () => electrical(await line.read(), request)),
        close: async () => {
          if (!open) return;
          open = false;
          this.#open.delete(global);
          line.unexport();
        },
      };
    });
  }

  async #claimed<Line>(request: LineRequest, open: (place: Place) => Promise<Line>): Promise<Line> {
    const place = await this.#place(request);
    const holder = this.#open.get(place.global);
    if (holder !== undefined) throw lineTakenHere(place.what, holder);
    this.#open.set(place.global, request.consumer);
    try {
      return await open(place);
    } catch (error) {
      this.#open.delete(place.global);
      throw driverErrorOf(error, `${place.what} cannot be opened`);
    }
  }

  async #place({ chip: label, line }: LineAddress): Promise<Place> {
    if (typeof line === "string")
      throw cannot(`find a line by its name (${line})`, "write GPIO17, pin 11 or a chip's label and line");
    const chip = chooseGpioChip(await listGpioChips(this.#root), label);
    if (line >= chip.ngpio) {
      throw new DriverError("bad_config", `${chip.label} has no line ${String(line)}`, {
        cure: `It has lines 0 to ${String(chip.ngpio - 1)}.`,
      });
    }
    const global = chip.base + line;
    const what = `GPIO${String(line)} (${chip.label}, sysfs ${String(global)})`;
    return { chip: chip.label, line, global, dir: join(this.#root, `gpio${String(global)}`), what };
  }

  async #output(place: Place, request: OutputRequest): Promise<OnoffGpio> {
    const direction = electrical(request.initial, request) === 1 ? "high" : "low";
    const parked = await this.#stillParked(place.global);
    if (parked) {
      if (!request.keep) guardedSync(place.what, () => parked.setDirection(direction));
      return parked;
    }
    const { Gpio } = await this.#load();
    await this.#export(place, ["value", "direction", "active_low"], request);
    const driven = request.keep && (await this.#read(place, "direction")) === "out";
    // The level is written with the direction, so that the line never shows another one.
    const line = driven
      ? new Gpio(place.global, "out", "none", { activeLow: false, reconfigureDirection: false })
      : new Gpio(place.global, direction, "none", { activeLow: false });
    if ((await this.#read(place, "direction")) !== "out") {
      line.unexport();
      throw new DriverError("io", `${place.what} does not become an output`);
    }
    this.#parked.set(place.global, line);
    return line;
  }

  /** What was let go may have been taken away meanwhile, by another program or with its chip: then it is opened afresh. */
  async #stillParked(global: number): Promise<OnoffGpio | undefined> {
    const parked = this.#parked.get(global);
    try {
      await parked?.read();
      return parked;
    } catch {
      this.#parked.delete(global);
      parked?.unexport();
      return undefined;
    }
  }

  async #input(place: Place, request: InputRequest): Promise<OnoffGpio> {
    const { Gpio } = await this.#load();
    this.#parked.get(place.global)?.unexport();
    this.#parked.delete(place.global);
    await this.#export(place, ["value", "direction", "active_low", "edge"], request);
    // Electrical edges: with activeLow a rising one is a falling one.
    const { edge: wanted, activeLow } = request;
    const edge = wanted === "both" || !activeLow ? wanted : wanted === "rising" ? "falling" : "rising";
    const line = new Gpio(place.global, "in", edge, { activeLow: false });
    const [direction, watched] = await Promise.all([this.#read(place, "direction"), this.#read(place, "edge")]);
    if (direction === "in" && watched === edge) return line;
    line.unexport();
    throw new DriverError("io", `${place.what} cannot be watched: direction ${direction}, edge ${watched}`, {
      cure: "The chip may have no interrupts: choose a pin of another chip.",
    });
  }

  async #load(): Promise<OnoffModule> {
    try {
      return await this.#loadOnoff();
    } catch (error) {
      const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
      throw new DriverError("unavailable", `The GPIO library (onoff) cannot be loaded: ${reason ?? ""}`, {
        cause: error,
      });
    }
  }

  /** Exports the line and waits, without blocking, until its files may be used; else onoff would spin on them. */
  async #export(place: Place, files: readonly string[], { signal }: LineRequest): Promise<void> {
    const { global, dir, what } = place;
    try {
      await writeFile(join(this.#root, "export"), String(global));
    } catch (error) {
      // EBUSY also means that it is exported to user space already, by an earlier run of this program for instance.
      if (!(systemCode(error) === "EBUSY" && (await exists(dir)))) throw await this.#exportError(error, place);
    }
    const deadline = performance.now() + ACCESS_PATIENCE;
    for (const file of files.map((name) => join(dir, name))) {
      for (;;) {
        try {
          await access(file, constants.R_OK | constants.W_OK);
          break;
        } catch (error) {
          if (performance.now() > deadline) throw await this.#unusable(error, what, file);
          await sleep(20);
          if (signal !== undefined) throwIfAborted(signal, `Waiting for ${what}`);
        }
      }
    }
  }

  async #exportError(refused: unknown, { chip, line, global, what }: Place): Promise<DriverError> {
    if (systemCode(refused) !== "EBUSY") return this.#unusable(refused, what, join(this.#root, "export"));
    const told = await this.#holderOf({ chip, line }).catch(() => undefined); // it is a hint for a message, no more
    return lineInUse(what, { holder: told ?? (await gpioHolder(this.#holders, global)), global, cause: refused });
  }

  async #unusable(error: unknown, what: string, file: string): Promise<DriverError> {
    if (systemCode(error) === "EACCES" || systemCode(error) === "EPERM") return noPermission(what, file, error);
    return driverErrorOf(error, `${what} cannot be used`);
  }

  async #read({ dir, what }: Place, file: string): Promise<string> {
    return guarded(what, "read", async () => (await readFile(join(dir, file), "utf8")).trim());
  }
}

const electrical = (level: Level, { activeLow }: LineRequest): Level => (activeLow ? (level === 1 ? 0 : 1) : level);

function refuseWhatSysfsCannot({ pull }: LineRequest, special: string | undefined): void {
  const wanted = pull === undefined ? special : `pull: ${pull}`;
  if (wanted !== undefined) throw cannot(`do ${wanted}`, "remove it from the pin");
}

function cannot(what: string, instead: string): DriverError {
  return new DriverError("bad_config", `GPIO over sysfs cannot ${what}`, {
    cure: `Set board.gpioBackend: chardev (or leave it out), or ${instead}.`,
  });
}

async function canRead(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function guarded<Result>(what: string, verb: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw driverErrorOf(error, `${what} cannot be ${verb}`);
  }
}

function guardedSync(what: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    throw driverErrorOf(error, `${what} cannot be switched`);
  }
}
