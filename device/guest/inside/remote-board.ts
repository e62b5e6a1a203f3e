/** The board as a driver in a process of its own has it: everything is asked of the process that has the hardware. */
import type { Board, InputRequest, LineEdge, SerialPorts, SerialRequest } from "../../../drivers/board.ts";
import { fromWireError, type WireError } from "../messages.ts";

export interface Remote {
  /** @throws (rejects) DriverError. */
  ask(what: string, args: readonly unknown[]): Promise<unknown>;
}

type Callbacks = Readonly<Record<string, (...args: never[]) => void>>;

/** Owns the numbers of what is open, and who is called back for each. */
export class RemoteBoard implements Board {
  readonly #remote: Remote;
  readonly #callbacks = new Map<number, Callbacks>();
  #last = 0;

  constructor(remote: Remote) {
    this.#remote = remote;
  }

  /** Something happened to what is open. What the driver throws there is nobody else's. */
  happened(handle: number, name: string, args: readonly unknown[]): void {
    const callbacks = this.#callbacks.get(handle) ?? {};
    if (Object.hasOwn(callbacks, name)) callbacks[name]?.(...(args as never[])); // as the host's side of the same version sends them
  }

  readonly gpio: Board["gpio"] = {
    listChips: this.#plain("gpio.listChips"),
    explain: this.#plain("gpio.explain"),
    openOutput: async (request) => {
      const { facts, use, close } = await this.#open("gpio.openOutput", request, {});
      return { ...facts, write: use("write"), read: use("read"), close };
    },
    openInput: async ({ onEdge, onGone, ...request }: InputRequest) => {
      const callbacks = {
        onEdge: (edge: LineEdge) => onEdge(edge),
        onGone: (error: WireError) => onGone?.(fromWireError(error)),
      };
      const { facts, use, close } = await this.#open("gpio.openInput", request, callbacks);
      return { ...facts, read: use("read"), close };
    },
  };

  readonly pwm: Board["pwm"] = {
    open: async (request) => {
      const { use, close } = await this.#open("pwm.open", request, {});
      return { set: use("set"), read: use("read"), close };
    },
  };

  readonly i2c: Board["i2c"] = {
    open: async (request) => {
      const { use, close } = await this.#open("i2c.open", request, {});
      return { transfer: use("transfer"), close };
    },
  };

  readonly serial: SerialPorts = {
    list: this.#plain("serial.list"),
    open: async ({ onData, onClose, ...request }: SerialRequest) => {
      const callbacks = {
        onData: (octets: Uint8Array) => onData(octets),
        onClose: (error: WireError) => onClose(fromWireError(error)),
      };
      const { use, close } = await this.#open("serial.open", request, callbacks);
      return {
        write: use("write"),
        drain: use("drain"),
        setBreak: use("setBreak"),
        setLines: use("setLines"),
        lines: use("lines"),
        setBaudRate: use("setBaudRate"),
        close,
      };
    },
    watch: (path, run) => {
      const opened = this.#open("serial.watch", { path }, { run });
      opened.catch(() => undefined);
      return () => void opened.then(async ({ close }) => close()).catch(() => undefined);
    },
  };

  readonly files: Board["files"] = {
    readText: this.#plain("files.readText"),
    writeText: this.#plain("files.writeText"),
    space: this.#plain("files.space"),
    list: this.#plain("files.list"),
    realpath: this.#plain("files.realpath"),
  };

  // the host's side of the same version answers what the interface says
  #plain(what: string): (...args: readonly unknown[]) => Promise<never> {
    return async (...args) => (await this.#remote.ask(what, args)) as never;
  }

  async #open(what: string, request: object, callbacks: Callbacks): Promise<Opened> {
    this.#last += 1;
    const handle = this.#last;
    this.#callbacks.set(handle, callbacks);
    const close = async (): Promise<void> => {
      this.#callbacks.delete(handle);
      await this.#remote.ask("use close", [handle]);
    };
    const use: Opened["use"] =
      (method) =>
      async (...args) =>
        (await this.#remote.ask(`use ${method}`, [handle, ...args])) as never; // as above
    try {
      const facts = await this.#remote.ask(`open ${what}`, [handle, request]);
      return { facts: facts as LineFacts, use, close }; // as above
    } catch (error) {
      this.#callbacks.delete(handle);
      throw error;
    }
  }
}

/** What is known of a line that is open; of anything else nothing. */
interface LineFacts {
  readonly chip: string;
  readonly global?: number;
}

interface Opened {
  readonly facts: LineFacts;
  readonly use: (method: string) => (...args: readonly unknown[]) => Promise<never>;
  readonly close: () => Promise<void>;
}
