/**
 * The port interface to hardware: all that drivers know of a machine. Implementations: the Linux board and the mock
 * board in `hardware/`. Every method answers with a promise and rejects with a DriverError, never with a bare error of
 * the system; nothing here blocks the event loop for longer than one system call.
 */

import type { DriverError } from "./driver-error.ts";

export { DriverError, type DriverErrorCode } from "./driver-error.ts";

export type Level = 0 | 1;

export interface GpioChip {
  /** The kernel driver's name for it, such as "pinctrl-bcm2835": the only stable way to tell chips apart. */
  readonly label: string;
  /** Global number of the chip's first line. */
  readonly base: number;
  readonly ngpio: number;
  /** Where the chip was found, for messages. */
  readonly dir: string;
}

export interface LineRequest {
  /** The chip's label; left out, the board's own header chip. */
  readonly chip?: string;
  /** Offset on the chip: on a Raspberry Pi's header chip the BCM number. */
  readonly line: number;
  /** Levels are logical: with activeLow a logical 1 is an electrical low. */
  readonly activeLow: boolean;
  /** Who claims it, for messages. */
  readonly consumer: string;
}

export interface OutputRequest extends LineRequest {
  /** Driven from the first moment: set together with the direction, so that no other level is ever seen. */
  readonly initial: Level;
  /** Leave the level alone when the line already is an output; `initial` counts only when it is not. */
  readonly keep: boolean;
}

export interface LineEdge {
  /** The level after the edge, logical. */
  readonly level: Level;
  /** Wall clock in ms, where the kernel gives one. */
  readonly t?: number;
}

export interface InputRequest extends LineRequest {
  readonly edge: "both" | "rising" | "falling";
  /** Called after open has resolved, never from within it. Edges that follow each other closely may be merged. */
  readonly onEdge: (edge: LineEdge) => void;
  /** At most once, where the system tells that no edge will come any more: the chip is gone, or the line was taken away. */
  readonly onGone?: (cause: DriverError) => void;
}

export interface OutputLine {
  /** The label of the chip that the request was resolved to, and the global number where there is one. */
  readonly chip: string;
  readonly global?: number;
  write(level: Level): Promise<void>;
  /** The level as the hardware reports it, not as it was written. */
  read(): Promise<Level>;
  /** Gives up the claim; the line keeps driving its last level as long as the kernel lets it. Idempotent. */
  close(): Promise<void>;
}

export interface InputLine {
  readonly chip: string;
  readonly global?: number;
  read(): Promise<Level>;
  /** After it resolves, onEdge is not called again. Idempotent. */
  close(): Promise<void>;
}

/** A line can be open once: a second open fails with `busy`, naming the holder where the system tells. */
export interface GpioPort {
  listChips(): Promise<readonly GpioChip[]>;
  openOutput(request: OutputRequest): Promise<OutputLine>;
  openInput(request: InputRequest): Promise<InputLine>;
}

export type DataBits = 5 | 6 | 7 | 8;
export type StopBits = 1 | 1.5 | 2;
export type Parity = "none" | "even" | "odd";

export interface SerialPortInfo {
  readonly path: string;
  readonly manufacturer?: string;
  readonly serialNumber?: string;
  readonly vendorId?: string;
  readonly productId?: string;
  /** Names under /dev/serial/by-id that lead to the same device: they survive replugging. */
  readonly byId: readonly string[];
}

export interface SerialRequest {
  readonly path: string;
  readonly baudRate: number;
  readonly dataBits: DataBits;
  readonly parity: Parity;
  readonly stopBits: StopBits;
  /** Owns the bytes it is given. Not called after close. */
  readonly onData: (bytes: Uint8Array) => void;
  /** Once, when the port is gone without close() having been called: unplugged or failed. */
  readonly onClose: (cause: Error) => void;
}

export interface SerialConnection {
  /** Resolves when the system has taken all bytes. Rejects with `not_open` at once when the port is gone. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Each open makes a fresh connection: nothing written to an older one can come out of it. Ports are opened exclusively. */
export interface SerialPorts {
  list(): Promise<readonly SerialPortInfo[]>;
  open(request: SerialRequest): Promise<SerialConnection>;
}

/** Small text files of the kernel, read anew each time, at most 64 KiB. */
export interface Files {
  readText(path: string): Promise<string>;
  /** Names in a directory, sorted. */
  list(dir: string): Promise<readonly string[]>;
  realpath(path: string): Promise<string>;
}

export interface Board {
  readonly gpio: GpioPort;
  readonly serial: SerialPorts;
  readonly files: Files;
}
