/** I2C devices in memory, with registers that a first octet points at. Owns what they hold, and all that was written. */
import { DriverError, type I2cDevice, type I2cPort, type I2cRequest } from "../board.ts";

interface MockDevice {
  /** By register, one octet each; what is not there reads as 0. */
  readonly registers: Map<number, number>;
  /** What was written, oldest first, pointers included. */
  readonly written: number[][];
  /** Octets that point to a register. */
  readonly pointer: number;
  fault: DriverError | undefined;
}

export class MockI2c implements I2cPort {
  readonly #devices = new Map<number, MockDevice>();
  readonly #holders = new Map<string, string>();
  /** Script: every open fails while it is set. */
  refusal: DriverError | undefined;
  /** Script: runs before each transfer. */
  onTransfer: (() => Promise<void>) | undefined;

  add(address: number, registers: Iterable<readonly [number, number]> = [], pointer = 1): MockDevice {
    const device: MockDevice = { registers: new Map(registers), written: [], pointer, fault: undefined };
    this.#devices.set(address, device);
    return device;
  }

  remove(address: number): void {
    this.#devices.delete(address);
  }

  get openDevices(): number {
    return this.#holders.size;
  }

  async open({ bus, address, consumer }: I2cRequest): Promise<I2cDevice> {
    const key = `${String(bus)}:${String(address)}`;
    const holder = this.#holders.get(key);
    if (holder !== undefined) throw new DriverError("busy", `I2C ${key} is in use by ${holder}`);
    if (this.refusal) throw this.refusal;
    this.#holders.set(key, consumer);
    return {
      transfer: async (write, length) => {
        await this.onTransfer?.();
        return this.#transfer(address, [...write], length);
      },
      close: async () => void this.#holders.delete(key),
    };
  }

  #transfer(address: number, write: number[], length: number): Uint8Array {
    const device = this.#devices.get(address);
    if (device === undefined) throw new DriverError("no_such_device", `Address ${String(address)} does not answer`);
    if (device.fault) throw device.fault;
    if (write.length > 0) device.written.push(write);
    const start = write.slice(0, device.pointer).reduce((sum, octet) => sum * 256 + octet, 0);
    for (const [index, octet] of write.slice(device.pointer).entries()) device.registers.set(start + index, octet);
    return Uint8Array.from({ length }, (_, index) => device.registers.get(start + index) ?? 0);
  }
}
