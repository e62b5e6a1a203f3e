/** Frames of Modbus RTU (Modbus over Serial Line 1.02, Application Protocol 1.1b3): octets for questions, answers out of octets. */
import { DriverError } from "../driver-error.ts";

export const tables = { coil: 1, discrete: 2, holding: 3, input: 4 } as const;
export type Table = keyof typeof tables;

const exceptions: Readonly<Record<number, string>> = {
  1: "it does not know the function",
  2: "it has no such address",
  3: "it does not take the value",
  4: "it has failed",
  5: "it needs more time",
  6: "it is busy",
  8: "its memory has a fault",
};

export interface Question {
  readonly slave: number;
  readonly octets: Uint8Array;
}

export function crc16(octets: Uint8Array): number {
  let sum = 0xffff;
  for (const octet of octets) {
    sum ^= octet;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum & 1) === 0 ? sum >> 1 : (sum >> 1) ^ 0xa001;
  }
  return sum;
}

function withSum(...octets: readonly number[]): Uint8Array {
  const sum = crc16(Uint8Array.from(octets));
  return Uint8Array.from([...octets, sum & 0xff, sum >> 8]);
}

const pair = (number: number): [number, number] => [(number >> 8) & 0xff, number & 0xff];

export function readQuestion(slave: number, table: Table, address: number, count: number): Question {
  return { slave, octets: withSum(slave, tables[table], ...pair(address), ...pair(count)) };
}

export function writeCoilQuestion(slave: number, address: number, on: boolean): Question {
  return { slave, octets: withSum(slave, 5, ...pair(address), on ? 0xff : 0, 0) };
}

/** One register is written by function 6, which every slave knows, several by 16. */
export function writeRegistersQuestion(slave: number, address: number, registers: readonly number[]): Question {
  const [first = 0] = registers;
  if (registers.length === 1) return { slave, octets: withSum(slave, 6, ...pair(address), ...pair(first)) };
  const values = registers.flatMap((one) => pair(one));
  return { slave, octets: withSum(slave, 16, ...pair(address), ...pair(registers.length), values.length, ...values) };
}

/** Octets that the answer to a question has; undefined while too few are there to tell. */
export function answerLength(received: Uint8Array): number | undefined {
  const [, code, length] = received;
  if (code === undefined || length === undefined) return undefined;
  if (code >= 0x80) return 5;
  return code <= 4 ? 5 + length : 8;
}

/** What is between the function's code and the check sum. @throws DriverError `io`. */
export function answerData(question: Question, received: Uint8Array): Uint8Array {
  const { slave, octets } = question;
  const end = received.length - 2;
  const sum = (received[end] ?? 0) | ((received[end + 1] ?? 0) << 8);
  if (end < 3 || crc16(received.subarray(0, end)) !== sum)
    throw new DriverError("io", `Slave ${String(slave)} answered with a wrong check sum (CRC)`);
  if (received[0] !== slave)
    throw new DriverError("io", `Slave ${String(received[0])} answered what slave ${String(slave)} was asked`);
  const code = received[1] ?? 0;
  const asked = octets[1] ?? 0;
  if (code === (asked | 0x80)) {
    const exception = received[2] ?? 0;
    const words = exceptions[exception] ?? "it gives no known reason";
    throw new ModbusException(`Slave ${String(slave)} refuses: ${words} (exception ${String(exception)})`);
  }
  if (code !== asked)
    throw new DriverError("io", `Slave ${String(slave)} answered function ${String(code)} to ${String(asked)}`);
  const isRead = asked <= 4;
  if (isRead && received[2] !== end - 3)
    throw new DriverError("io", `Slave ${String(slave)} answered with a wrong length`);
  return isRead ? received.slice(3, end) : received.slice(2, end);
}

/** The slave is there and says no: nothing to wait for. */
export class ModbusException extends DriverError {
  constructor(what: string) {
    super("io", what, { cure: "Compare table, address and type with the device's manual; addresses count from 0." });
  }
}
