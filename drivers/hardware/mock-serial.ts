/**
 * Serial ports in memory. Owns what each port was given to write and who has it open; a script feeds bytes, unplugs and
 * plugs again. Knows nothing of framing.
 */
import { matchingPort } from "./matching-port.ts";
import {
  DriverError,
  type ModemInputs,
  type SerialConnection,
  type SerialPortInfo,
  type SerialPorts,
} from "../board.ts";
import type { SerialRequest } from "../board.ts";

interface Session {
  readonly request: SerialRequest;
  open: boolean;
  /** Writes that the far end has not taken yet. */
  readonly stalled: (() => void)[];
}

export class MockPort {
  readonly info: SerialPortInfo;
  readonly #written: Uint8Array[] = [];
  readonly #sessions: Session[] = [];
  readonly #watchers: ReadonlySet<() => void>;
  /** Breaks, lines and speeds as they were asked for, oldest first. */
  readonly controls: unknown[] = [];
  /** What the far end says to what it is given; left out, or undefined: nothing. */
  answers: ((bytes: Uint8Array) => string | Uint8Array | undefined) | undefined;
  /** What the far end drives. */
  inputs: ModemInputs = { cts: true, dsr: false, dcd: false };
  #plugged = true;
  #stalling = false;
  #denied: DriverError | undefined;

  constructor(info: SerialPortInfo, watchers: ReadonlySet<() => void> = new Set()) {
    this.info = info;
    this.#watchers = watchers;
  }

  get plugged(): boolean {
    return this.#plugged;
  }

  /** The settings it was opened with last, if it is open. */
  get openedWith(): SerialRequest | undefined {
    return this.#current?.request;
  }

  /** How often it has been opened. */
  get opens(): number {
    return this.#sessions.length;
  }

  /** Each write as it came. */
  get written(): readonly Uint8Array[] {
    return this.#written;
  }

  /** All that was written, as Latin-1 text. */
  get writtenText(): string {
    return this.#written.map((bytes) => String.fromCharCode(...bytes)).join("");
  }

  /** Bytes from the far end; text is sent as UTF-8. Lost when nobody has the port open. */
  feed(data: string | Uint8Array): void {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data.slice();
    this.#current?.request.onData(bytes);
  }

  unplug(): void {
    this.#plugged = false;
    const session = this.#current;
    if (!session) return;
    session.open = false;
    for (const release of session.stalled.splice(0)) release();
    session.request.onClose(new DriverError("no_such_device", `${this.info.path} was unplugged`));
  }

  /** `noticed`: the system tells that a device file has appeared. */
  replug(noticed = false): void {
    this.#plugged = true;
    if (noticed) for (const run of this.#watchers) run();
  }

  /** While true, writes wait; false lets them go. */
  stall(stalling: boolean): void {
    this.#stalling = stalling;
    if (!stalling) for (const session of this.#sessions) for (const release of session.stalled.splice(0)) release();
  }

  /** Opening fails with this error until undefined is given. */
  deny(error: DriverError | undefined): void {
    this.#denied = error;
  }

  open(request: SerialRequest): SerialConnection {
    if (!this.#plugged) throw new DriverError("no_such_device", `There is no serial port ${this.info.path}`);
    if (this.#denied) throw this.#denied;
    if (this.#current) throw new DriverError("busy", `${this.info.path} is open already`);
    const session: Session = { request, open: true, stalled: [] };
    this.#sessions.push(session);
    return {
      write: async (bytes) => this.#write(session, bytes),
      drain: async () => this.#control(session),
      setBreak: async (on) => this.#control(session, { break: on }),
      setLines: async (lines) => this.#control(session, lines),
      lines: async () => (this.#control(session), this.inputs),
      setBaudRate: async (baudRate) => this.#control(session, { baudRate }),
      close: async () => {
        session.open = false;
        for (const release of session.stalled.splice(0)) release();
      },
    };
  }

  #control(session: Session, what?: unknown): void {
    if (!session.open) throw new DriverError("not_open", `${this.info.path} is not open`);
    if (what !== undefined) this.controls.push(what);
  }

  get #current(): Session | undefined {
    return this.#sessions.findLast(({ open }) => open);
  }

  async #write(session: Session, bytes: Uint8Array): Promise<void> {
    if (session.open && this.#stalling) {
      await new Promise<void>((resolve) => {
        session.stalled.push(resolve);
      });
    }
    if (!session.open) throw new DriverError("not_open", `${this.info.path} is not open`);
    this.#written.push(bytes.slice());
    const answer = this.answers?.(bytes);
    if (answer !== undefined) this.feed(answer);
  }
}

export class MockSerial implements SerialPorts {
  readonly #ports = new Map<string, MockPort>();
  readonly #watchers = new Set<() => void>();

  /** A port at this path, also reachable by the names in `byId`. */
  addPort(path: string, info: Partial<Omit<SerialPortInfo, "path">> = {}): MockPort {
    const port = new MockPort({ byId: [], ...info, path }, this.#watchers);
    for (const name of [path, ...port.info.byId]) this.#ports.set(name, port);
    return port;
  }

  port(path: string): MockPort {
    const port = this.#ports.get(path);
    if (port) return port;
    throw new DriverError("no_such_device", `There is no serial port ${path}`);
  }

  async list(): Promise<readonly SerialPortInfo[]> {
    const plugged = [...this.#ports.entries()].filter(([path, port]) => port.plugged && path === port.info.path);
    return plugged.map(([, { info }]) => info);
  }

  async open(request: SerialRequest): Promise<SerialConnection> {
    if (request.usb === undefined) return this.port(request.path).open(request);
    return this.port(matchingPort(await this.list(), request.usb)).open(request);
  }

  watch(_path: string, run: () => void): () => void {
    this.#watchers.add(run);
    return () => void this.#watchers.delete(run);
  }

  /** How many wait for a device file to appear. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** How many ports are open. */
  get openPorts(): number {
    return new Set([...this.#ports.values()].filter((port) => port.openedWith !== undefined)).size;
  }
}
