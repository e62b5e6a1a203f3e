/**
 * One process with one driver of somebody else in it, held to its bounds: memory, messages, lines of output, and a sign of
 * life each second. Whatever it does, the end is told once, with a cause in words, and leaves nobody behind. A process and not
 * a worker thread, because it costs no more memory that is its own (about 8 MB), its addons may crash, and what it takes
 * beside JavaScript's heap can be seen and taken back.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { Duplex, type Readable } from "node:stream";
import type { Log, Timers } from "../../drivers/driver.ts";
import { DriverError } from "../../drivers/driver-error.ts";
import { sizeText } from "../size.ts";
import { MessageLink } from "./message-link.ts";
import { fromWireError, type ToGuest, type ToHost } from "./messages.ts";

const MIB = 1_048_576;
/** ms between two looks at it, and of its signs of life. */
const LOOK_EVERY = 1_000;
/** Looks without any sign of life. */
const MOST_SILENT_LOOKS = 10;
/** Messages between two looks. */
const MOST_MESSAGES = 20_000;
/** Lines of output that are logged between two looks; each at most so long. */
const MOST_LINES = 20;
const LINE_LENGTH = 500;
/** Below the board's own process: a driver that computes takes nobody's turn. */
const NICE = 5;
/** Of secrets, and of what ties this process to its service manager, it is told nothing. */
const KEPT_FROM_IT = /^(PINION_|NOTIFY_SOCKET$|WATCHDOG_|LISTEN_|NODE_OPTIONS$|CREDENTIALS_DIRECTORY$)/;

export interface GuestOptions {
  /** The program that runs there. */
  readonly script: string;
  /** Octets of its own that it may have in memory. */
  readonly memory: number;
  readonly timers: Timers;
  readonly log: Log;
  onMessage(message: ToHost): void;
  /** Once, after the process is gone. */
  onEnd(cause: DriverError): void;
}

export class GuestProcess {
  readonly #options: GuestOptions;
  readonly #child: ChildProcess;
  readonly #link: MessageLink<ToHost, ToGuest>;
  #cause: DriverError | undefined;
  #cancelLook: () => void = () => undefined;
  #isAlive = false;
  #silentLooks = 0;
  #messages = 0;
  #lines = 0;
  #linesLeftOut = 0;
  #lastWords = "";

  constructor(options: GuestOptions) {
    this.#options = options;
    const heap = String(Math.max(16, Math.round((options.memory / MIB) * 0.75)));
    this.#child = spawn(
      process.execPath,
      [
        `--max-old-space-size=${heap}`,
        "--max-semi-space-size=1",
        "--disable-warning=ExperimentalWarning",
        options.script,
      ],
      { stdio: ["ignore", "pipe", "pipe", "pipe"], env: environment() },
    );
    const channel = this.#child.stdio[3];
    if (!(channel instanceof Duplex)) throw new TypeError("a pipe was asked for");
    this.#link = new MessageLink(channel, {
      onMessage: (message) => this.#heard(message),
      onFault: (words) => this.kill(new DriverError("driver_fault", `It ${words}`)),
    });
    this.#child.once("error", (error) =>
      this.#ended(new DriverError("unavailable", `It cannot be started: ${error.message}`)),
    );
    this.#child.once("exit", (code, signal) => this.#ended(this.#causeOf(code, signal)));
    this.#watchOutput(this.#child.stdout);
    this.#watchOutput(this.#child.stderr);
    this.#niceIt();
    process.on("exit", this.#killNow);
    this.#lookLater();
  }

  /** @throws RangeError, DOMException: what cannot be sent. */
  send(message: ToGuest): void {
    this.#link.send(message);
  }

  /** At once. The first cause is the one that is told. */
  kill(cause: DriverError): void {
    this.#cause ??= cause;
    this.#killNow();
  }

  readonly #killNow = (): void => void this.#child.kill("SIGKILL");

  #heard(message: ToHost): void {
    this.#isAlive = true;
    this.#silentLooks = 0;
    this.#messages += 1;
    if (this.#messages > MOST_MESSAGES)
      return this.kill(
        new DriverError("driver_fault", `It sends more than ${String(MOST_MESSAGES)} messages a second`),
      );
    if (message.type === "fault") this.kill(fromWireError(message.error));
    this.#options.onMessage(message);
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.timers.after(LOOK_EVERY, () => {
      this.#look();
      this.#lookLater();
    });
  }

  #look(): void {
    this.#messages = 0;
    if (this.#linesLeftOut > 0) this.#options.log.warn(`it wrote ${String(this.#linesLeftOut)} more lines in a second`);
    this.#lines = 0;
    this.#linesLeftOut = 0;
    const { memory } = this.#options;
    const used = memoryOf(this.#child.pid);
    if (used > memory) {
      const words = `It used ${sizeText(used)} of memory, more than the ${sizeText(memory)} of board.driverMemory`;
      this.kill(new DriverError("driver_fault", words));
    }
    // until its first word it is being loaded, which has a limit of its own
    if (!this.#isAlive) return;
    // looks are counted and not time: while this process itself stood still nothing was read
    this.#silentLooks += 1;
    if (this.#silentLooks <= MOST_SILENT_LOOKS) return;
    const words = `It has not come to rest for ${String(MOST_SILENT_LOOKS)} s: an endless loop, or a computation that is too long`;
    this.kill(new DriverError("driver_fault", words));
  }

  #watchOutput(output: Readable | null): void {
    if (output === null) return;
    const lines = createInterface({ input: bounded(output) });
    lines.on("line", (line) => {
      if (line === "") return;
      this.#lastWords = `${this.#lastWords}\n${line}`.slice(-4_000);
      this.#lines += 1;
      if (this.#lines > MOST_LINES) this.#linesLeftOut += 1;
      else this.#options.log.info(`it wrote: ${line.slice(0, LINE_LENGTH)}`);
    });
  }

  #niceIt(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      setPriority(pid, NICE);
    } catch {
      // it has ended already, which is told elsewhere
    }
  }

  #causeOf(code: number | null, signal: NodeJS.Signals | null): DriverError {
    if (this.#cause !== undefined) return this.#cause;
    if (/heap out of memory/i.test(this.#lastWords))
      return new DriverError(
        "driver_fault",
        `It used more memory than the ${sizeText(this.#options.memory)} of board.driverMemory`,
      );
    const how = signal === null ? `ended its process with status ${String(code)}` : `was ended by ${signal}`;
    return new DriverError("driver_fault", `It ${how}`);
  }

  #ended(cause: DriverError): void {
    this.#cancelLook();
    process.off("exit", this.#killNow);
    this.#cause ??= cause;
    // its last words and messages may still be on their way
    setImmediate(() => this.#options.onEnd(this.#cause ?? cause));
  }
}

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !KEPT_FROM_IT.test(name)));
}

/** Octets that are its own: pages that it shares with this process, Node's program above all, cost nothing more. */
function memoryOf(pid: number | undefined): number {
  try {
    const [, kib = "0"] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8")) ?? [];
    return Number(kib) * 1024;
  } catch {
    return 0;
  }
}

/** A line without an end would grow for ever: whatever is longer is cut up. */
function bounded(output: Readable): Readable {
  let length = 0;
  return output.setEncoding("utf8").map((text: string) => {
    const breaks = text.lastIndexOf("\n");
    length = breaks === -1 ? length + text.length : text.length - breaks;
    if (length < 8 * LINE_LENGTH) return text;
    length = 0;
    return `${text}\n`;
  });
}
