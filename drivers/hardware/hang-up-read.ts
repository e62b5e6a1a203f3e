import { read } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { SerialPort } from "serialport";
import { systemCode } from "./system-error.ts";

/** Reads of nothing in a row that mean that the line has hung up, and the pause between them. */
const EMPTY_READS = 5;
const PAUSE = 20;

/**
 * Makes an open port notice that its terminal has hung up (the program behind a pty ended, a modem line dropped). The
 * kernel then answers each read with nothing, at once, for ever; serialport takes that for "try again" and spins with
 * a growing chain of promises instead of closing. To be called before the first read.
 */
export function noticeHangUp(port: SerialPort): void {
  const bound = port.port;
  if (bound === undefined || !("poller" in bound)) return;
  const readable = async (): Promise<void> =>
    new Promise((resolve, reject) => {
      bound.poller.once("readable", (error: Error | null) => (error ? reject(error) : resolve()));
    });
  bound.read = async (buffer, offset, length) => {
    for (let empty = 0; empty < EMPTY_READS;) {
      if (bound.fd === null) throw notOpen();
      try {
        const bytesRead = await readOnce(bound.fd, buffer, offset, length);
        if (bytesRead > 0) return { buffer, bytesRead };
        empty += 1;
        await sleep(PAUSE);
      } catch (error) {
        if (!["EAGAIN", "EWOULDBLOCK", "EINTR"].includes(systemCode(error) ?? "")) throw error;
        // The port may have been closed during the read, and a closed poller must not be asked: that ends the process.
        if (!bound.isOpen) throw notOpen();
        await readable();
      }
    }
    throw Object.assign(new Error("The other side has hung up"), { disconnect: true });
  };
}

const notOpen = (): Error => Object.assign(new Error("Port is not open"), { canceled: true });

async function readOnce(fd: number, ...[buffer, offset, length]: [Buffer, number, number]): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, offset, length, null, (error, bytesRead) => (error ? reject(error) : resolve(bytesRead)));
  });
}
