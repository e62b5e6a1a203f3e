import { DriverError } from "../driver-error.ts";

export const registerTypes = ["uint16", "int16", "uint32", "int32", "float32"] as const;
export type RegisterType = (typeof registerTypes)[number];

export const registersOf = (type: RegisterType): number => (type.endsWith("16") ? 1 : 2);

export interface Spelling {
  readonly type: RegisterType;
  /** The register with the lower half comes first. */
  readonly littleWords: boolean;
  /** All bits set is a value like any other. */
  readonly allOnes: boolean;
}

/** @throws DriverError `io` for what is no value: all bits set, no number, too few octets. */
export function registerValue(octets: Uint8Array, { type, littleWords, allOnes }: Spelling): number {
  const length = registersOf(type) * 2;
  if (octets.length !== length)
    throw new DriverError("io", `${String(octets.length)} bytes came where ${type} has ${String(length)}`);
  if (!allOnes && octets.every((octet) => octet === 0xff)) {
    throw new DriverError("io", "All bits are set, which is what a device says that has no value", {
      cure: "Check what is connected to it, or set allOnes: true where that is a value.",
    });
  }
  const ordered =
    littleWords && length === 4 ? Uint8Array.from([...octets.slice(2), ...octets.slice(0, 2)]) : octets.slice();
  const view = new DataView(ordered.buffer);
  const value = readers[type](view);
  if (Number.isFinite(value)) return value;
  throw new DriverError("io", `The registers hold ${String(value)}, no number`);
}

const readers: Readonly<Record<RegisterType, (view: DataView) => number>> = {
  uint16: (view) => view.getUint16(0),
  int16: (view) => view.getInt16(0),
  uint32: (view) => view.getUint32(0),
  int32: (view) => view.getInt32(0),
  float32: (view) => view.getFloat32(0),
};

const limits: Readonly<Record<RegisterType, readonly [number, number]>> = {
  uint16: [0, 0xffff],
  int16: [-0x8000, 0x7fff],
  uint32: [0, 0xffff_ffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  float32: [-3.402_823_4e38, 3.402_823_4e38],
};

/** The registers that hold a value. @throws DriverError `invalid_argument` for one that the type cannot hold. */
export function registersFor(value: number, { type, littleWords }: Spelling): readonly number[] {
  const number = type === "float32" ? value : Math.round(value);
  const [least, greatest] = limits[type];
  if (!(number >= least && number <= greatest)) {
    throw new DriverError("invalid_argument", `${String(number)} does not fit into ${type}`, {
      cure: `Before factor and offset are taken away it must be from ${String(least)} to ${String(greatest)}.`,
    });
  }
  const view = new DataView(new ArrayBuffer(4));
  if (registersOf(type) === 1) return [number & 0xffff];
  if (type === "float32") view.setFloat32(0, number);
  else view.setUint32(0, number >>> 0);
  const words = [view.getUint16(0), view.getUint16(2)];
  return littleWords ? words.toReversed() : words;
}
