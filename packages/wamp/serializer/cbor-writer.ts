/* Writes values and messages as CBOR: definite lengths, shortest integers, floats as float64, no tags, no undefined. */
import { ByteWriter } from "./byte-writer.ts";
import { BYTES, DICT, LIST, NEGATIVE, TEXT, UNSIGNED } from "./cbor-scanner.ts";
import type { WireWriter } from "./wire.ts";

function header(out: ByteWriter, major: number, argument: number | bigint): void {
  const lead = major << 5;
  if (argument < 24) out.octet(lead | Number(argument));
  else if (argument < 0x100) {
    out.octet(lead | 24);
    out.octet(Number(argument));
  } else if (argument < 0x10000) {
    out.octet(lead | 25);
    out.uint16(Number(argument));
  } else if (argument < 0x100000000) {
    out.octet(lead | 26);
    out.uint32(Number(argument));
  } else {
    out.octet(lead | 27);
    out.uint64(argument);
  }
}

function textHeader(out: ByteWriter, size: number): void {
  header(out, TEXT, size);
}

export class CborWriter implements WireWriter {
  readonly #out = new ByteWriter();

  null(): void {
    this.#out.octet(0xf6);
  }

  boolean(value: boolean): void {
    this.#out.octet(value ? 0xf5 : 0xf4);
  }

  integer(value: number | bigint): void {
    if (value >= 0) header(this.#out, UNSIGNED, value);
    else if (Number.isSafeInteger(value)) header(this.#out, NEGATIVE, -1 - Number(value));
    else header(this.#out, NEGATIVE, -1n - BigInt(value));
  }

  float(value: number): void {
    this.#out.octet(0xfb);
    this.#out.float64(value);
  }

  string(value: string): void {
    this.#out.sized(value, textHeader);
  }

  bytes(value: Uint8Array): void {
    header(this.#out, BYTES, value.length);
    this.#out.octets(value);
  }

  key(value: string): void {
    this.#out.sized(value, textHeader);
  }

  beginList(count: number): void {
    header(this.#out, LIST, count);
  }

  beginDict(count: number): void {
    header(this.#out, DICT, count);
  }

  separate(): void {
    // counts say where items end
  }

  endList(): void {
    // counts say where lists end
  }

  endDict(): void {
    // counts say where dicts end
  }

  splice(octets: Uint8Array, from: number, to: number, front: number): void {
    this.#out.octetsOf(octets, from, to, front);
  }

  take(withRoom: boolean): Uint8Array {
    return this.#out.take(withRoom);
  }

  reset(): void {
    this.#out.reset();
  }
}
