/* What every decoder does alike with what it received, so that a value means the same whichever way it came. */

/** Sets an own property, also where plain assignment would reach for the prototype. */
export function setKey(dict: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") dict[key] = value;
  else Object.defineProperty(dict, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The integer as a number if a number holds it exactly, as a bigint if 64 bit hold it, as the nearest number if neither. */
export function exact(integer: bigint): number | bigint {
  const number = Number(integer);
  const fits = integer >= -(2n ** 63n) && integer < 2n ** 64n;
  return !fits || BigInt(number) === integer ? number : integer;
}
