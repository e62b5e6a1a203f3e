/* MessagePack that the scanner has accepted -> values. Binary values are copies: they must not pin the received buffer. */
import { headAt } from "./msgpack-scanner.ts";
import { exact, setKey } from "./received-value.ts";
import { decodeUtf8 } from "./utf8.ts";

export class MsgpackDecoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
  }

  value(): unknown {
    const head = headAt(this.#bytes, this.#at);
    if (!head) return this.#scalar();
    const { kind, size } = head;
    this.#at = head.content;
    switch (kind) {
      case "string":
        return this.#text(size);
      case "bytes":
        this.#at += size;
        return new Uint8Array(this.#bytes.subarray(this.#at - size, this.#at));
      case "list":
        return Array.from({ length: size }, () => this.value());
      case "dict":
        break;
    }
    return this.#dict(size);
  }

  #text(size: number): string {
    this.#at += size;
    return decodeUtf8(this.#bytes, this.#at - size, this.#at);
  }

  #dict(count: number): Record<string, unknown> {
    const dict: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) {
      const key = this.value() as string; // the scanner let nothing else through as a key
      setKey(dict, key, this.value());
    }
    return dict;
  }

  #scalar(): number | bigint | boolean | null {
    const lead = this.#bytes[this.#at] ?? 0;
    if (lead === 0xc0 || lead === 0xc2 || lead === 0xc3) {
      this.#at++;
      return lead === 0xc0 ? null : lead === 0xc3;
    }
    if (lead === 0xd4) {
      this.#at += 3;
      return null;
    }
    return this.number();
  }

  /** A number of any spelling. */
  number(): number | bigint {
    const lead = this.#view.getUint8(this.#at++);
    if (lead < 0x80) return lead;
    if (lead >= 0xe0) return lead - 0x100;
    const at = this.#at;
    this.#at += WIDTH[lead] ?? 0;
    return this.#wide(lead, at);
  }

  #wide(lead: number, at: number): number | bigint {
    switch (lead) {
      case 0xca:
        return this.#view.getFloat32(at);
      case 0xcb:
        return this.#view.getFloat64(at);
      case 0xcc:
        return this.#view.getUint8(at);
      case 0xcd:
        return this.#view.getUint16(at);
      case 0xce:
        return this.#view.getUint32(at);
      case 0xcf:
        return this.#uint64(at);
      case 0xd0:
        return this.#view.getInt8(at);
      case 0xd1:
        return this.#view.getInt16(at);
      case 0xd2:
        return this.#view.getInt32(at);
      default:
        return exact(this.#view.getBigInt64(at));
    }
  }

  #uint64(at: number): number | bigint {
    const high = this.#view.getUint32(at);
    if (high < 2 ** 21) return high * 2 ** 32 + this.#view.getUint32(at + 4);
    return exact(this.#view.getBigUint64(at));
  }
}

const WIDTH: Readonly<Record<number, number>> = {
  0xca: 4,
  0xcb: 8,
  0xcc: 1,
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1,
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
};
