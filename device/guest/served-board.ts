/**
 * The board for a driver in another process: opens what it asks for and keeps the handles, so that all of it is let go when
 * that process ends, outputs at the level they were opened with. Owns the handles; what may be opened at all is the
 * claimed board's to say.
 */
import type {
  Board,
  I2cRequest,
  InputRequest,
  OutputRequest,
  PwmRequest,
  PwmState,
  SerialRequest,
} from "../../drivers/board.ts";
import { DriverError } from "../../drivers/driver-error.ts";
import { toWireError } from "./messages.ts";

/** What one driver may have open at a time. */
const MOST_HANDLES = 512;

/** `tell` runs a callback of the driver's. */
type Tell = (name: string, ...args: readonly unknown[]) => void;

interface Handle {
  /** What the driver sees of it. */
  readonly facts?: Readonly<Record<string, unknown>>;
  /** The thing in words, for the log. */
  readonly words: string;
  readonly methods: Readonly<Record<string, (...args: never[]) => unknown>>;
  /** What it drives to its safe state; left out where it drives nothing. */
  makeSafe?(): Promise<void>;
  close(): Promise<void>;
}

export class ServedBoard {
  readonly #board: Board;
  readonly #tell: (handle: number, name: string, args: readonly unknown[]) => void;
  readonly #handles = new Map<number, Handle>();
  #over = false;

  constructor(board: Board, tell: (handle: number, name: string, args: readonly unknown[]) => void) {
    this.#board = board;
    this.#tell = tell;
  }

  /** `what`: `open gpio.openOutput` with handle and request, `use write` with handle and arguments, or `files.readText`. */
  async answer(what: string, args: readonly unknown[]): Promise<unknown> {
    const [verb = "", name = ""] = what.split(" ");
    if (verb === "open") return await this.#open(name, Number(args[0]), args[1]);
    if (verb === "use") return await this.#use(name, Number(args[0]), args.slice(1));
    const method = Object.hasOwn(PLAIN, verb) ? PLAIN[verb] : undefined;
    if (method === undefined) throw new DriverError("driver_fault", `The board has no ${what}`);
    return await method(this.#board, ...args);
  }

  /** Everything that is still open: outputs to their safe level, then closed. Answers it in words, and what did not go well. */
  async letGo(): Promise<{ readonly left: readonly string[]; readonly faults: readonly string[] }> {
    this.#over = true;
    const handles = [...this.#handles.values()];
    this.#handles.clear();
    const faults: string[] = [];
    for (const handle of handles) {
      for (const step of ["makeSafe", "close"] as const) {
        try {
          await handle[step]?.();
        } catch (error) {
          faults.push(`${handle.words}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }
    return { left: handles.map(({ words }) => words), faults };
  }

  async #open(name: string, id: number, request: unknown): Promise<unknown> {
    const opener = Object.hasOwn(OPENERS, name) ? OPENERS[name] : undefined;
    if (opener === undefined || this.#handles.has(id))
      throw new DriverError("driver_fault", `The board has no ${name}`);
    if (this.#handles.size >= MOST_HANDLES)
      throw new DriverError("queue_full", `${String(MOST_HANDLES)} lines, ports and watches are open`, {
        cure: "Close what is not used any more.",
      });
    const handle = await opener(this.#board, request as never, (name, ...args) => {
      // nothing comes from what has been closed
      if (this.#handles.get(id) === handle) this.#tell(id, name, args);
    });
    if (this.#over) {
      await handle.makeSafe?.();
      await handle.close();
      throw new DriverError("closed", "The driver has ended");
    }
    this.#handles.set(id, handle);
    return handle.facts;
  }

  async #use(method: string, id: number, args: readonly unknown[]): Promise<unknown> {
    const handle = this.#handles.get(id);
    if (handle === undefined) {
      if (method === "close") return undefined;
      throw new DriverError("not_open", "It has been closed");
    }
    if (method === "close") {
      this.#handles.delete(id);
      return await handle.close();
    }
    const run = Object.hasOwn(handle.methods, method) ? handle.methods[method] : undefined;
    if (run === undefined) throw new DriverError("driver_fault", `${handle.words} has no ${method}`);
    return await run(...(args as never[])); // the board checks what it is given, as for a driver beside it
  }
}

/** What opens nothing. */
const PLAIN: Readonly<Record<string, (board: Board, ...args: readonly unknown[]) => Promise<unknown>>> = {
  "gpio.listChips": (board) => board.gpio.listChips(),
  "gpio.explain": (board, line) => board.gpio.explain(line as never),
  "serial.list": (board) => board.serial.list(),
  "files.readText": (board, path) => board.files.readText(path as never),
  "files.writeText": (board, path, text) => board.files.writeText(path as never, text as never),
  "files.space": (board, path) => board.files.space(path as never),
  "files.list": (board, dir) => board.files.list(dir as never),
  "files.realpath": (board, path) => board.files.realpath(path as never),
};

type Opener = (board: Board, request: never, tell: Tell) => Promise<Handle>;

// the requests come from the driver's process: they are what its types say, or fail as they would in a driver of ours
const OPENERS: Readonly<Record<string, Opener>> = {
  "gpio.openOutput": async ({ gpio }: Board, request: OutputRequest): Promise<Handle> => {
    const { line } = request;
    const output = await gpio.openOutput(request);
    return {
      words: `output ${String(line)}`,
      facts: { chip: output.chip, global: output.global },
      methods: { write: (level: 0 | 1) => output.write(level), read: () => output.read() },
      makeSafe: () => output.write(request.initial),
      close: () => output.close(),
    };
  },
  "gpio.openInput": async ({ gpio }: Board, request: InputRequest, tell: Tell): Promise<Handle> => {
    const onGone = (cause: DriverError): void => tell("onGone", toWireError(cause));
    const input = await gpio.openInput({ ...request, onEdge: (edge) => tell("onEdge", edge), onGone });
    return {
      words: `input ${String(request.line)}`,
      facts: { chip: input.chip, global: input.global },
      methods: { read: () => input.read() },
      close: () => input.close(),
    };
  },
  "pwm.open": async ({ pwm }: Board, request: PwmRequest): Promise<Handle> => {
    const line = await pwm.open(request);
    return {
      words: `PWM channel ${String(request.channel)}`,
      methods: { set: (state: PwmState) => line.set(state), read: () => line.read() },
      makeSafe: async () => line.set({ ...(await line.read()), duty: 0, enabled: false }),
      close: () => line.close(),
    };
  },
  "i2c.open": async ({ i2c }: Board, request: I2cRequest): Promise<Handle> => {
    const device = await i2c.open(request);
    return {
      words: `I2C device ${String(request.address)} of bus ${String(request.bus)}`,
      methods: { transfer: (write: Uint8Array, length: number) => device.transfer(write, length) },
      close: () => device.close(),
    };
  },
  "serial.open": async ({ serial }: Board, request: SerialRequest, tell: Tell): Promise<Handle> => {
    const onClose = (cause: Error): void => tell("onClose", toWireError(cause));
    const port = await serial.open({ ...request, onData: (octets) => tell("onData", octets), onClose });
    return {
      words: `serial port ${request.path}`,
      methods: {
        write: (octets: Uint8Array) => port.write(octets),
        drain: () => port.drain(),
        setBreak: (on: boolean) => port.setBreak(on),
        setLines: (lines: never) => port.setLines(lines),
        lines: () => port.lines(),
        setBaudRate: (rate: number) => port.setBaudRate(rate),
      },
      close: () => port.close(),
    };
  },
  "serial.watch": async ({ serial }: Board, request: { readonly path: string }, tell: Tell): Promise<Handle> => {
    const cancel = serial.watch?.(request.path, () => tell("run"));
    return { words: `watch of ${request.path}`, methods: {}, close: async () => cancel?.() };
  },
};
