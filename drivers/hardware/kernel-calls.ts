/**
 * The few system calls that GPIO's character device needs and Node has not: ioctl, by koffi, and waiting for a
 * descriptor, by the epoll addon. Both are loaded when first asked for; a machine without them can still do all else.
 */
import { closeSync, constants as fileConstants, openSync, readSync } from "node:fs";
import { constants } from "node:os";
import type { Epoll } from "epoll";
import { DriverError } from "../board.ts";

/** All that the character device's back-end knows of the system; tests play the kernel with one of their own. */
export interface KernelCalls {
  open(path: string): number;
  close(fd: number): void;
  /** Fills or takes `octets`. @throws Error with the system's `code`. */
  ioctl(fd: number, request: number, octets: Buffer): void;
  /** A read that finds nothing fails with EAGAIN instead of stopping the process. */
  nonBlocking(fd: number): void;
  /** Answers how many octets were read. @throws Error with the system's `code`. */
  read(fd: number, octets: Buffer): number;
  /** Calls `ready` each time there is something to read, or the descriptor has failed; the answer ends it. */
  watch(fd: number, ready: () => void): () => void;
  /** ns, of the clock that the kernel stamps edges with. */
  mono(): bigint;
}

/** A function of a library; `async` runs it on another thread and answers by its last argument. */
export interface NativeFunction {
  (...args: readonly unknown[]): number;
  async(...args: readonly unknown[]): void;
}

interface Library {
  func(prototype: string): NativeFunction;
}

/** The part of koffi that is used. */
export interface Koffi {
  load(path: string): Library;
  struct(name: string, members: Readonly<Record<string, string>>): unknown;
  errno(): number;
}

/** F_SETFL of fcntl(2). */
const SET_FLAGS = 4;

/** What a library is for, and what can be done without it. */
interface LibraryUse {
  readonly what: string;
  readonly otherwise: string;
}

const GPIO_USE: LibraryUse = { what: "GPIO's character device", otherwise: "set board.gpioBackend: sysfs" };

interface EpollModule {
  readonly Epoll: typeof Epoll;
}

/** @throws DriverError `unavailable` when one of the two libraries is not installed, or not for this machine. */
export async function loadKernelCalls(): Promise<KernelCalls> {
  const koffi = await loadKoffi(GPIO_USE);
  const { Epoll: Poller } = await loaded<EpollModule>("epoll", GPIO_USE, async () => import("epoll"));
  const libc = koffi.load("libc.so.6");
  const fcntl = libc.func("int fcntl(int fd, int command, long argument)");
  const watchers = new Map<number, () => void>();
  const poller = new Poller((_error, fd) => watchers.get(fd)?.());
  return {
    open: (path) => openSync(path, "r+"),
    close: (fd) => closeSync(fd),
    ioctl: ioctlOf(koffi, libc),
    nonBlocking: (fd) => void fcntl(fd, SET_FLAGS, fileConstants.O_NONBLOCK),
    read: (fd, octets) => readSync(fd, octets, 0, octets.length, null),
    watch: (fd, ready) => {
      watchers.set(fd, ready);
      poller.add(fd, Poller.EPOLLIN);
      return () => {
        if (watchers.delete(fd)) poller.remove(fd);
      };
    },
    mono: () => process.hrtime.bigint(),
  };
}

function ioctlOf(koffi: Koffi, libc: Library): KernelCalls["ioctl"] {
  const ioctl = libc.func("int ioctl(int fd, unsigned long request, void *octets)");
  return (fd, request, octets) => {
    if (ioctl(fd, request, octets) < 0) throw systemError(koffi.errno(), `ioctl 0x${request.toString(16)}`);
  };
}

/** An error as Node's own have it: with the system's `code`. */
export function systemError(errno: number, call: string): Error {
  const [code = `errno ${String(errno)}`] = Object.entries(constants.errno).find(([, one]) => one === errno) ?? [];
  return Object.assign(new Error(`${code}: ${call}`), { code });
}

/** @throws DriverError `unavailable`, which says what for and what to do without. */
export async function loadKoffi(use: LibraryUse): Promise<Koffi> {
  return loaded<Koffi>("koffi", use, async () => import("koffi"));
}

async function loaded<Module>(
  name: string,
  { what, otherwise }: LibraryUse,
  load: () => Promise<unknown>,
): Promise<Module> {
  try {
    const found = await load();
    // a CommonJS module that was imported has what it exports under `default`
    const inner = typeof found === "object" && found !== null && "default" in found ? found.default : found;
    return inner as Module; // the part of the library's interface that is named above
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new DriverError("unavailable", `The library ${name} for ${what} cannot be loaded: ${reason ?? ""}`, {
      cure: `Install ${name} for this machine, or ${otherwise}.`,
      cause: error,
    });
  }
}
