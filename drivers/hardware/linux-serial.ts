/**
 * Serial ports with serialport. Owns nothing between calls: each open makes a fresh port object, because a write on a
 * closed one never answers and would come out of it after a reopen.
 */
import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import type * as Serialport from "serialport";
import { DriverError, type DriverErrorCode, type SerialPortInfo, type SerialPorts } from "../board.ts";
import type { SerialConnection, SerialRequest } from "../board.ts";
import { noticeHangUp } from "./hang-up-read.ts";
import { systemCode } from "./system-error.ts";

export interface LinuxSerialOptions {
  /** Left out: /dev. */
  readonly dev?: string;
}

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

  constructor({ dev = "/dev" }: LinuxSerialOptions = {}) {
    this.#dev = dev;
  }

  async list(): Promise<readonly SerialPortInfo[]> {
    const byId = await this.#byId();
    const known = (await this.#fromUdev()) ?? (await this.#fromDev());
    return known
      .map((info) => ({ ...info, byId: byId.get(info.path) ?? [] }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  async open(request: SerialRequest): Promise<SerialConnection> {
    const port = await create(request);
    await new Promise<void>((resolve, reject) => {
      port.open((error) => (error ? reject(serialError(error, `${request.path} cannot be opened`)) : resolve()));
    });
    return connection(port, request);
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
      return names.filter((name) => PORT_NAME.test(name)).map((name) => ({ path: join(this.#dev, name) }));
    } catch (error) {
      throw serialError(error, `${this.#dev} cannot be listed`);
    }
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
  return { write, close };
}

function serialError(thrown: unknown, what: string): DriverError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const code = REASONS.find(([pattern]) => pattern.test(reason))?.[1] ?? "io";
  return new DriverError(code, `${what}: ${reason.replace(/^Error:?\s*/, "")}`, { cause: thrown });
}
