/** The two calls that i2c-dev needs and Node has not, by koffi. Loaded when first asked for. */
import { closeSync, openSync } from "node:fs";
import { loadKoffi, systemError, type Koffi } from "./kernel-calls.ts";

/** Part of a transfer: what is written, or room for what is read. */
export interface I2cMessage {
  readonly read: boolean;
  readonly octets: Uint8Array;
}

/** Tests play the kernel with one of their own. Errors have the system's `code`. */
export interface I2cCalls {
  open(path: string): number;
  close(fd: number): void;
  /** Takes the address for this descriptor; EBUSY while a driver of the kernel has it. */
  choose(fd: number, address: number): void;
  /** All messages without letting go of the bus in between, on another thread. */
  transfer(fd: number, address: number, messages: readonly I2cMessage[]): Promise<void>;
}

/** uapi/linux/i2c-dev.h and i2c.h. */
const CHOOSE = 0x0703;
const TRANSFER = 0x0707;
const READ = 1;

/** Structures are known to koffi by name, for as long as the process lives. */
let calls: I2cCalls | undefined;

/** @throws DriverError `unavailable` where koffi is not installed, or not for this machine. */
export async function loadI2cCalls(): Promise<I2cCalls> {
  const koffi = await loadKoffi({
    what: "I2C",
    otherwise: "let a driver of the kernel have the chip and read it by iio or hwmon",
  });
  calls ??= callsOf(koffi);
  return calls;
}

function callsOf(koffi: Koffi): I2cCalls {
  koffi.struct("I2cMessage", { address: "uint16_t", flags: "uint16_t", length: "uint16_t", octets: "uint8_t *" });
  koffi.struct("I2cTransfer", { messages: "I2cMessage *", count: "uint32_t" });
  const libc = koffi.load("libc.so.6");
  const choose = libc.func("int ioctl(int fd, unsigned long request, unsigned long address)");
  const transfer = libc.func("int ioctl(int fd, unsigned long request, I2cTransfer *transfer)");
  return {
    open: (path) => openSync(path, "r+"),
    close: (fd) => closeSync(fd),
    choose: (fd, address) => {
      if (choose(fd, CHOOSE, address) < 0) throw systemError(koffi.errno(), "I2C_SLAVE");
    },
    transfer: async (fd, address, messages) => {
      const packed = messages.map(({ read, octets }) => ({
        address,
        flags: read ? READ : 0,
        length: octets.length,
        octets,
      }));
      await new Promise<void>((resolve, reject) => {
        const done = (error: Error | null, result: number): void => {
          if (error) reject(error);
          else if (result < 0) reject(systemError(koffi.errno(), "I2C_RDWR"));
          else resolve();
        };
        transfer.async(fd, TRANSFER, { messages: packed, count: packed.length }, done);
      });
    },
  };
}
