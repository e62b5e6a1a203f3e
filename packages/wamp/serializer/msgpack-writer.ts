/* Writes values and messages as MessagePack: every integer in the shortest integer form, floats as float64, text as str. */
import { ByteWriter } from "./byte-writer.ts";
import type { WireWriter } from "./wire.ts";

function stringHeader(out: ByteWriter, size: number): void {
  if (size < 32) out.octet(0xa0 | size);
  else if (size < 0x100) {
    out.octet(0xd9);
    out.octet(size);
  } else wideHeader(out, 0xda, size);
}

/* The form with 16 bit has the code `lead`, the one with 32 bit the code after it. */
function wideHeader(out: ByteWriter, lead: number, size: number): void {
  if (size < 0x10000) {
    out.octet(lead);
    out.uint16(size);
  } else {
    out.octet(lead + 1);
    out.uint32(size);
  }
}

export class MsgpackWriter implements WireWriter {
  readonly #out = new ByteWriter();

  null(): void {
    this.#out.octet(0xc0);
  }

  boolean(value: boolean): void {
    this.#out.octet(value ? 0xc3 : 0xc2);
  }

  integer(value: number | bigint): void {
    if (typeof value === "bigint" || value > 0xffffffff || value < -0x80000000) this.#integer64(value);
    else if (value >= 0) this.#positive(value);
    else this.#negative(value);
  }

  #positive(value: number): void {
    const out = this.#out;
    if (value < 0x80) out.octet(value);
    else if (value < 0x100) {
      out.octet(0xcc);
      out.octet(value);
    } else wideHeader(out, 0xcd, value);
  }

  #negative(value: number): void {
    const out = this.#out;
    if (value >= -32) out.octet(value & 0xff);
    else if (value >= -0x80) {
      out.octet(0xd0);
      out.octet(value & 0xff);
    } else if (value >= -0x8000) {
      out.octet(0xd1);
      out.uint16(value & 0xffff);
    } else {
      out.octet(0xd2);
      out.uint32(value >>> 0);
    }
  }

  #integer64(value: number | bigint): void {
    if (typeof value === "bigint" && value <= 0xffffffffn && value >= -0x80000000n) this.integer(Number(value));
    else {
      this.#out.octet(value < 0 ? 0xd3 : 0xcf);
      this.#out.uint64(value);
    }
  }

  float(value: number): void {
    this.#out.octet(0xcb);
    this.#out.float64(value);
  }

  string(value: string): void {
    this.#out.sized(value, stringHeader);
  }

  bytes(value: Uint8Array): void {
    if (value.length < 0x100) {
      this.#out.octet(0xc4);
      this.#out.octet(value.length);
    } else wideHeader(this.#out, 0xc5, value.length);
    this.#out.octets(value);
  }

  key(value: string): void {
    this.#out.sized(value, stringHeader);
  }

  beginList(count: number): void {
    if (count < 16) this.#out.octet(0x90 | count);
    else wideHeader(this.#out, 0xdc, count);
  }

  beginDict(count: number): void {
    if (count < 16) this.#out.octet(0x80 | count);
    else wideHeader(this.#out, 0xde, count);
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
