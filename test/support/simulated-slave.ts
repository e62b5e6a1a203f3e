/** A Modbus slave in memory. Its check sums are those of modbus-serial, so that a mistake of ours is not made twice. */
import { createRequire } from "node:module";

// CommonJS without types: a function from octets to their check sum
const crc16 = createRequire(import.meta.url)("modbus-serial/utils/crc16") as (octets: Uint8Array) => number;

export const withSum = (...octets: readonly number[]): Uint8Array => {
  const sum = crc16(Uint8Array.from(octets));
  return Uint8Array.from([...octets, sum & 0xff, sum >> 8]);
};

export class SimulatedSlave {
  readonly #id: number;
  readonly registers: Map<number, number>;
  /** Set ones. */
  readonly coils = new Set<number>();
  /** Each question to it as it came, in hex. */
  readonly asked: string[] = [];
  dead = false;

  constructor(id: number, registers: Iterable<readonly [address: number, value: number]> = []) {
    this.#id = id;
    this.registers = new Map(registers);
  }

  /** Silent for questions to others. */
  readonly answers = (question: Uint8Array): Uint8Array | undefined => {
    if (question[0] !== this.#id) return undefined;
    this.asked.push(Buffer.from(question).toString("hex"));
    if (this.dead || Buffer.compare(withSum(...question.slice(0, -2)), question) !== 0) return undefined;
    const view = new DataView(question.buffer, question.byteOffset, question.length);
    return this.#answer(question[1] ?? 0, view.getUint16(2), view);
  };

  #answer(code: number, address: number, view: DataView): Uint8Array {
    const head = [this.#id, code];
    const echo = withSum(...head, ...[2, 3, 4, 5].map((at) => view.getUint8(at)));
    if (code === 1 || code === 2) return withSum(...head, 1, this.coils.has(address) ? 1 : 0);
    if (code === 5) {
      if (view.getUint8(4) === 0) this.coils.delete(address);
      else this.coils.add(address);
      return echo;
    }
    if (!this.registers.has(address)) return withSum(this.#id, code | 0x80, 2);
    if (code === 6) this.registers.set(address, view.getUint16(4));
    if (code === 16)
      for (let at = 0; at < view.getUint16(4); at += 1) this.registers.set(address + at, view.getUint16(7 + 2 * at));
    if (code > 4) return echo;
    const values = Array.from({ length: view.getUint16(4) }, (_, index) => this.registers.get(address + index) ?? 0);
    return withSum(...head, values.length * 2, ...values.flatMap((one) => [one >> 8, one & 0xff]));
  }
}

/** Several on one line. */
export function slavesOf(...slaves: readonly SimulatedSlave[]): (question: Uint8Array) => Uint8Array | undefined {
  return (question) => slaves.map((slave) => slave.answers(question)).find((answer) => answer !== undefined);
}
