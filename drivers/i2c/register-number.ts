/** Numbers in registers of I2C devices. */
import { DriverError } from "../driver-error.ts";

const readers = {
  uint8: (view: DataView) => view.getUint8(0),
  int8: (view: DataView) => view.getInt8(0),
  uint16: (view: DataView, little: boolean) => view.getUint16(0, little),
  int16: (view: DataView, little: boolean) => view.getInt16(0, little),
  uint32: (view: DataView, little: boolean) => view.getUint32(0, little),
  int32: (view: DataView, little: boolean) => view.getInt32(0, little),
  float32: (view: DataView, little: boolean) => view.getFloat32(0, little),
} as const;

export type NumberType = keyof typeof readers;

// Object.keys forgets the literal keys of a constant
export const numberTypes = Object.keys(readers) as readonly NumberType[];

/** In octets. */
export const sizeOf = (type: NumberType): number => Number(type.replace(/\D+/, "")) / 8;

/** @throws DriverError `io` for a float that is no number. */
export function registerNumber(octets: Uint8Array, type: NumberType, littleEndian: boolean): number {
  const value = readers[type](new DataView(octets.buffer, octets.byteOffset, octets.length), littleEndian);
  if (Number.isFinite(value)) return value;
  throw new DriverError("io", `The registers hold ${String(value)}, no number`);
}
