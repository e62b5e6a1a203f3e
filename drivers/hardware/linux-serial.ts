/**
 * Serial ports with serialport. Owns nothing between calls: each open makes a fresh port object, because a write on a
 * closed one never answers and would come out of it after a reopen.
 */
import { watch, type FSWatcher } from "node:fs";
import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type * as Serialport from "serialport";
import { DriverError, type DriverErrorCode, type SerialPortInfo, type SerialPorts } from "../board.ts";
import type { ModemInputs, ModemOutputs, SerialConnection, SerialRequest, UsbSelector } from "../board.ts";
import { noticeHangUp } from "./hang-up-read.ts";
import { matchingPort } from "./matching-port.ts";
import { holderWords, portHolders, serialOpenError, stopCure } from "./serial-open-error.ts";
import { systemCode } from "./system-error.ts";

export interface LinuxSerialOptions {
  /** Left out: /dev. */
  readonly dev?: string;
  /** Left out: /sys. */
  readonly sys?: string;
}

/** udev gives a device its group and its other names a moment after it has appeared. */
const AFTER_UDEV = 300;
/** From the terminal up to the device that has USB's numbers. */
const LEVELS = 4;

/** Device files that are serial ports, where udev is not there to tell. */
const PORT_NAME = /^tty(USB|ACM|AMA|S|THS|SC|mxc|GS)\d+$/;

/** serialport's errors carry no code, only words. */
const REASONS: readonly (readonly [RegExp, DriverErrorCode])[] = [
  [/no such file|no such device|ENOENT|ENODEV|ENXIO/i, "no_such_device"],
  [/permission denied|EACCES/i, "no_permission"],
  [/cannot lock|temporarily unavailable|busy|EBUSY/i, "busy"],
  [/inappropriate ioctl|not a tty/i, "no_such_device"],
];

export class LinuxSerial implements SerialPorts {
  readonly #dev: string;
  readonly #sys: string;

  constructor({ dev = "/dev", sys = "/sys" }: LinuxSerialOptions = {}) {
    this.#dev = dev;
    this.#sys = sys;
  }

  async list(): Promise<readonly SerialPortInfo[]> {
    return this.#withNames((await this.#fromUdev()) ?? (await this.#fromDev()));
  }

  async #withNames(known: readonly Omit<SerialPortInfo, "byId">[]): Promise<readonly SerialPortInfo[]> {
    const byId = await this.#byId();
    return known
      .map((info) => ({ ...info, byId: byId.get(info.path) ?? [] }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  async open(request: SerialRequest): Promise<SerialConnection> {
    const found = request.usb === undefined ? request : { ...request, path: await this.#find(request.usb) };
    const port = await create(found);
    const refused = await new Promise<Error | null>((resolve) => {
      port.open(resolve);
    });
    if (refused === null) {
      const opened = connection(port, found);
      const [other] = await portHolders(found.path).catch(() => []);
      return other === undefined ? opened : { ...opened, sharedWith: `${holderWords(other)}. ${stopCure(other)}` };
    }
    const error = serialError(refused, `${found.path} cannot be opened`);
    throw await serialOpenError(error, found.path, async () => this.#withNames(await this.#fromDev()));
  }

  watch(path: string, run: () => void): () => void {
    const name = basename(path);
    let later: NodeJS.Timeout | undefined;
    const noticed = (_: string, file: string | null): void => {
      if (file === null || (file !== name && !PORT_NAME.test(file))) return;
      run();
      clearTimeout(later);
      later = setTimeout(run, AFTER_UDEV);
    };
    const watchers = [...new Set([this.#dev, dirname(path)])].flatMap((dir) => watching(dir, noticed));
    return () => {
      clearTimeout(later);
      for (const one of watchers) one.close();
    };
  }

  async #find(usb: UsbSelector): Promise<string> {
    const ports = await this.#fromDev();
    return matchingPort(
      ports.map((port) => ({ ...port, byId: [] })),
      usb,
    );
  }

  /** Undefined where udev is absent. */
  async #fromUdev(): Promise<Omit<SerialPortInfo, "byId">[] | undefined> {
    const { SerialPort } = await load();
    try {
      const ports = await SerialPort.list();
      return ports.map(({ path, ...more }) => ({ path, ...details(more) }));
    } catch (error) {
      if (systemCode(error) === "ENOENT") return undefined;
      throw serialError(error, "The serial ports cannot be listed");
    }
  }

  async #fromDev(): Promise<Omit<SerialPortInfo, "byId">[]> {
    try {
      const names = await readdir(this.#dev);
      const ports = names.filter((name) => PORT_NAME.test(name)).toSorted();
      return await Promise.all(
        ports.map(async (name) => ({ path: join(this.#dev, name), ...(await this.#usbOf(name)) })),
      );
    } catch (error) {
      throw serialError(error, `${this.#dev} cannot be listed`);
    }
  }

  /** What the kernel knows of the USB device behind a terminal; nothing where there is none. */
  async #usbOf(name: string): Promise<ReturnType<typeof details>> {
    let dir = await realpath(join(this.#sys, "class/tty", name, "device")).catch(() => undefined);
    for (let level = 0; dir !== undefined && level < LEVELS; level += 1) {
      const vendorId = await textIn(join(dir, "idVendor"));
      if (vendorId !== undefined) {
        return details({
          vendorId,
          productId: await textIn(join(dir, "idProduct")),
          serialNumber: await textIn(join(dir, "serial")),
          manufacturer: await textIn(join(dir, "manufacturer")),
        });
      }
      dir = dirname(dir);
    }
    return {};
  }

  async #byId(): Promise<ReadonlyMap<string, string[]>> {
    const dir = join(this.#dev, "serial/by-id");
    const found = new Map<string, string[]>();
    const names = await readdir(dir).catch((): string[] => []); // the directory comes and goes with the first and last device
    for (const name of names.toSorted()) {
      const path = join(dir, name);
      const target = await realpath(path).catch(() => undefined); // unplugged this moment
      if (target !== undefined) found.set(target, [...(found.get(target) ?? []), path]);
    }
    return found;
  }
}

async function textIn(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** A folder that is not there, or not to be watched, is no failure: the port is tried again by the clock too. */
function watching(dir: string, noticed: (event: string, file: string | null) => void): FSWatcher[] {
  try {
    const watcher = watch(dir, { persistent: false }, noticed);
    watcher.on("error", () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}

type Details = Partial<Record<"manufacturer" | "serialNumber" | "vendorId" | "productId", string | undefined>>;

function details({ manufacturer, serialNumber, vendorId, productId }: Details) {
  return {
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(serialNumber === undefined ? {} : { serialNumber }),
    ...(vendorId === undefined ? {} : { vendorId }),
    ...(productId === undefined ? {} : { productId }),
  };
}

async function load(): Promise<typeof Serialport> {
  try {
    return await import("serialport");
  } catch (error) {
    throw new DriverError("unavailable", "The serial library (serialport) cannot be loaded", { cause: error });
  }
}

async function create({ path, baudRate, dataBits, parity, stopBits }: SerialRequest): Promise<Serialport.SerialPort> {
  const { SerialPort } = await load();
  try {
    return new SerialPort({ path, baudRate, dataBits, parity, stopBits, autoOpen: false, lock: true });
  } catch (error) {
    throw serialError(error, `${path} cannot be opened like this`);
  }
}

function connection(port: Serialport.SerialPort, { path, onData, onClose }: SerialRequest): SerialConnection {
  let closing: Promise<void> | undefined;
  let gone: DriverError | undefined;
  /** Writes that have not been answered; when the port goes, nobody else will answer them. */
  const waiting = new Set<(error: DriverError) => void>();
  const lose = (error: DriverError): void => {
    if (gone) return;
    gone = error;
    // Closed before anybody opens it again: a device that comes back while it is open gets another name.
    if (port.isOpen) port.close();
    for (const fail of waiting) fail(error);
    if (!closing) onClose(error);
  };
  noticeHangUp(port);
  port.on("data", (chunk: Buffer) => {
    if (!closing) onData(new Uint8Array(chunk));
  });
  port.on("error", (error: Error) => lose(serialError(error, `${path} failed`)));
  port.on("close", () => lose(new DriverError("no_such_device", `${path} is gone`)));
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (gone ?? closing) throw new DriverError("not_open", `${path} is not open`);
    await new Promise<void>((resolve, reject) => {
      waiting.add(reject);
      const answer = (error: Error | null | undefined): void => {
        waiting.delete(reject);
        if (error) reject(serialError(error, `${path} cannot be written`));
      };
      port.write(Buffer.from(bytes), (error) => {
        answer(error);
        if (!error) resolve();
      });
    });
  };
  const close = async (): Promise<void> => {
    closing ??= new Promise<void>((resolve) => {
      for (const fail of waiting) fail(new DriverError("not_open", `${path} was closed`));
      if (port.isOpen) port.close(() => resolve());
      else resolve();
    });
    return closing;
  };
  return { write, close, ...controls(port, path, () => gone ?? closing) };
}

type Controls = Pick<SerialConnection, "drain" | "setBreak" | "setLines" | "lines" | "setBaudRate">;

/** Some adapters, and every pseudo-terminal, refuse some of it: that is an `io` error of the call and no more. */
function controls(port: Serialport.SerialPort, path: string, ended: () => unknown): Controls {
  const asked = async <Result>(
    what: string,
    ask: (answer: (error: Error | null, result?: Result) => void) => void,
  ): Promise<Result | undefined> => {
    if (ended()) throw new DriverError("not_open", `${path} is not open`);
    return new Promise((resolve, reject) => {
      ask((error, result) => (error ? reject(serialError(error, `${path} cannot ${what}`)) : resolve(result)));
    });
  };
  // serialport sets all lines at once, to its own defaults where nothing is said
  let outputs: Required<ModemOutputs> & { readonly brk: boolean } = { dtr: true, rts: true, brk: false };
  const set = async (what: string, change: Partial<typeof outputs>): Promise<void> => {
    const next = { ...outputs, ...change };
    await asked<void>(what, (answer) => port.set(next, answer));
    outputs = next;
  };
  return {
    drain: async () => asked<void>("be drained", (answer) => port.drain(answer)),
    setBreak: async (on) => set("send a break", { brk: on }),
    setLines: async (lines) => set("set its modem lines", lines),
    lines: async () => {
      const {
        cts = false,
        dsr = false,
        dcd = false,
      } = (await asked<Partial<ModemInputs>>("tell its modem lines", (answer) => port.get(answer))) ?? {};
      return { cts, dsr, dcd };
    },
    setBaudRate: async (baudRate) => asked<void>("change its speed", (answer) => port.update({ baudRate }, answer)),
  };
}

function serialError(thrown: unknown, what: string): DriverError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const code = REASONS.find(([pattern]) => pattern.test(reason))?.[1] ?? "io";
  return new DriverError(code, `${what}: ${reason.replace(/^Error:?\s*/, "")}`, { cause: thrown });
}
