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
  /** Global number of the chip's first line in sysfs; the character device has none. */
  readonly base?: number;
  readonly ngpio: number;
  /** Where the chip was found, for messages. */
  readonly dir: string;
}

/** How a line is named: by its offset on a chip, or by the name that the kernel has for it. */
export interface LineAddress {
  /** The chip's label; left out, the board's own header chip, or for a named line any chip. */
  readonly chip?: string;
  /** Offset on the chip (on a Raspberry Pi's header chip the BCM number), or the kernel's name of the line. */
  readonly line: number | string;
}

/** The resistor inside the chip. */
export type Pull = "up" | "down" | "off";

/** What a back-end may lack. numbered-edges: the kernel counts each edge, so that none is lost unnoticed. */
export type GpioFeature = "pull" | "drive" | "kernel-debounce" | "line-name" | "numbered-edges";

export interface LineRequest extends LineAddress {
  /** Left out: as it is. */
  readonly pull?: Pull;
  /** Levels are logical: with activeLow a logical 1 is an electrical low. */
  readonly activeLow: boolean;
  /** Who claims it, for messages. */
  readonly consumer: string;
  /** Once it is aborted nobody waits for the system any more, and the request is rejected with `aborted`: nothing was driven. */
  readonly signal?: { readonly aborted: boolean };
}

export interface OutputRequest extends LineRequest {
  /** Driven from the first moment: set together with the direction, so that no other level is ever seen. */
  readonly initial: Level;
  /** Leave the level alone when the line already is an output; `initial` counts only when it is not. */
  readonly keep: boolean;
  /** Left out: push-pull. open-drain only ever pulls low, open-source only ever drives high. */
  readonly drive?: "open-drain" | "open-source";
}

export interface LineEdge {
  /** The level after the edge, logical. */
  readonly level: Level;
  /** Wall clock in ms, where the kernel gives one. */
  readonly t?: number;
  /** The kernel's number of this edge on this line since it was opened, from 1: a number left out is an edge lost. */
  readonly seq?: number;
}

export interface InputRequest extends LineRequest {
  readonly edge: "both" | "rising" | "falling";
  /** ms that the kernel itself waits for a level to be stable; left out or 0: none. */
  readonly debounce?: number;
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

/** Everything that is known of one line without taking it. */
export interface LineExplanation {
  readonly backend: string;
  readonly chip: string;
  /** Offset on the chip. */
  readonly line: number;
  /** The kernel's name of the line. */
  readonly name?: string;
  /** Number in sysfs, where there is one. */
  readonly global?: number;
  /** The chip's device file, where it is known. */
  readonly device?: string;
  readonly direction?: "in" | "out";
  /** unknown: only the kernel's character device or root could tell. */
  readonly state: "free" | "held" | "unknown";
  readonly holder?: string;
}

/** A line can be open once: a second open fails with `busy`, naming the holder where the system tells. */
export interface GpioPort {
  listChips(): Promise<readonly GpioChip[]>;
  /** Resolves a line as an open would, and touches nothing. @throws (rejects) what an open would reject with. */
  explain(line: LineAddress): Promise<LineExplanation>;
  openOutput(request: OutputRequest): Promise<OutputLine>;
  openInput(request: InputRequest): Promise<InputLine>;
}

export interface PwmRequest {
  /** Number or name of the chip, or of the device behind it; left out: the only one. */
  readonly chip?: string | number;
  readonly channel: number;
  /** Who claims it, for messages. */
  readonly consumer: string;
}

export interface PwmState {
  /** ns */
  readonly period: number;
  /** ns of the period that it is on. */
  readonly duty: number;
  readonly enabled: boolean;
}

export interface PwmLine {
  set(state: PwmState): Promise<void>;
  /** As the hardware reports it. */
  read(): Promise<PwmState>;
  /** Gives up the claim; the channel goes on as it was last set. Idempotent. */
  close(): Promise<void>;
}

/** PWM whose time the hardware keeps. A channel can be open once. */
export interface PwmPort {
  open(request: PwmRequest): Promise<PwmLine>;
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

/** Which USB adapter is meant, whatever name it has at the moment. Numbers are four lower-case hex digits. */
export interface UsbSelector {
  readonly vendorId?: string;
  readonly productId?: string;
  readonly serialNumber?: string;
}

export interface SerialRequest {
  /** Device file; with `usb` only a name for messages and claims. */
  readonly path: string;
  /** The one adapter that fits is opened; none, or more than one, fails with `no_such_device`. */
  readonly usb?: UsbSelector;
  readonly baudRate: number;
  readonly dataBits: DataBits;
  readonly parity: Parity;
  readonly stopBits: StopBits;
  /** Owns the bytes it is given. Not called after close. */
  readonly onData: (bytes: Uint8Array) => void;
  /** Once, when the port is gone without close() having been called: unplugged or failed. */
  readonly onClose: (cause: Error) => void;
}

/** Lines that a computer drives; left out: as it is. */
export interface ModemOutputs {
  readonly dtr?: boolean;
  readonly rts?: boolean;
}

/** Lines that the far end drives. */
export interface ModemInputs {
  readonly cts: boolean;
  readonly dsr: boolean;
  readonly dcd: boolean;
}

export interface SerialConnection {
  /** Who else has the port open, and gets part of what is received; as far as this user may see. */
  readonly sharedWith?: string;
  /** Resolves when the system has taken all bytes. Rejects with `not_open` at once when the port is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when all that was written has left. */
  drain(): Promise<void>;
  /** Holds the line in the state of a break, or ends it. */
  setBreak(on: boolean): Promise<void>;
  setLines(lines: ModemOutputs): Promise<void>;
  lines(): Promise<ModemInputs>;
  setBaudRate(baudRate: number): Promise<void>;
  close(): Promise<void>;
}

/** Each open makes a fresh connection: nothing written to an older one can come out of it. Ports are opened exclusively. */
export interface SerialPorts {
  list(): Promise<readonly SerialPortInfo[]>;
  open(request: SerialRequest): Promise<SerialConnection>;
  /** Runs `run` when a device file appears that could be this port; it may do so in vain. The answer ends it. */
  watch?(path: string, run: () => void): () => void;
}

export interface I2cRequest {
  /** Number of the bus (1 is /dev/i2c-1), or text that only one adapter's name has. */
  readonly bus: number | string;
  /** 7 bits. */
  readonly address: number;
  /** Who claims it, for messages. */
  readonly consumer: string;
}

export interface I2cDevice {
  /**
   * Writes, and reads without letting go of the bus in between; one of the two may be nothing. Answers `length` octets. Does not
   * block the process, and takes as long as the kernel waits for the device.
   */
  transfer(write: Uint8Array, length: number): Promise<Uint8Array>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Devices on I2C buses. An open tells nothing of whether the device is there; an address that a kernel driver has is `busy`. */
export interface I2cPort {
  open(request: I2cRequest): Promise<I2cDevice>;
}

/** In octets. `available` is what an ordinary user can still write; the rest of `free` is kept back for root. */
export interface DiskSpace {
  readonly total: number;
  readonly free: number;
  readonly available: number;
}

/** Small text files of the kernel, read anew each time, at most 64 KiB. */
export interface Files {
  readText(path: string): Promise<string>;
  /** Writes to a file that is there, in one piece; the kernel's files take it as a command. Never makes one. */
  writeText(path: string, text: string): Promise<void>;
  /** Of the file system that a path lies on. */
  space(path: string): Promise<DiskSpace>;
  /** Names in a directory, sorted. */
  list(dir: string): Promise<readonly string[]>;
  realpath(path: string): Promise<string>;
}

export interface Board {
  readonly gpio: GpioPort;
  readonly pwm: PwmPort;
  readonly serial: SerialPorts;
  readonly i2c: I2cPort;
  readonly files: Files;
}
