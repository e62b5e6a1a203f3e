import { found } from "../words.ts";

/** The 40-pin header since the Raspberry Pi B+: position to BCM number, or to what else is there. */
// oxfmt-ignore
const HEADER: Readonly<Record<number, number | string>> = {
  1: "3.3 V", 2: "5 V", 3: 2, 4: "5 V", 5: 3, 6: "ground", 7: 4, 8: 14, 9: "ground", 10: 15,
  11: 17, 12: 18, 13: 27, 14: "ground", 15: 22, 16: 23, 17: "3.3 V", 18: 24, 19: 10, 20: "ground",
  21: 9, 22: 25, 23: 11, 24: 8, 25: "ground", 26: 7, 27: 0, 28: 1, 29: 5, 30: "ground",
  31: 6, 32: 12, 33: 13, 34: "ground", 35: 19, 36: 16, 37: 26, 38: 20, 39: "ground", 40: 21,
};

/** Chips have fewer lines than this; how many, the board says when the line is opened. */
const HIGHEST_LINE = 1023;

export interface PinName {
  /** Offset on the chip; on a Raspberry Pi the BCM number. */
  readonly line: number;
  /** Position on the 40-pin header, if it is led out there. */
  readonly header?: number;
}

/**
 * Reads 17, "17", "GPIO17", "BCM17" (the BCM number) and "header 11", "pin 11" (the position on the 40-pin header), in
 * any case and spacing. Answers what is wrong, in words, as a string.
 */
export function parsePinName(pin: string | number): PinName | string {
  const match = /^(?:(gpio|bcm|header|pin)[\s_-]*)?(\d{1,4})$/.exec(String(pin).trim().toLowerCase());
  if (!match) return `${found(pin)} is no pin; write 17 or GPIO17 (BCM number), or pin 11 (position on the header)`;
  const number = Number(match[2]);
  if (match[1] === "header" || match[1] === "pin") return atHeader(number);
  if (number > HIGHEST_LINE)
    return `GPIO${String(number)} does not exist; numbers go to ${String(HIGHEST_LINE)} at most`;
  const header = headerOf(number);
  return header === undefined ? { line: number } : { line: number, header };
}

function atHeader(position: number): PinName | string {
  const there = HEADER[position];
  if (there === undefined) return `the header has pins 1 to 40, not ${String(position)}`;
  if (typeof there === "number") return { line: there, header: position };
  return `pin ${String(position)} of the header is ${there}, which cannot be switched or read; choose a GPIO pin`;
}

function headerOf(line: number): number | undefined {
  const entry = Object.entries(HEADER).find(([, there]) => there === line);
  return entry && Number(entry[0]);
}

/** The ways to address a pin, shortest first. */
export function pinAliases({ line, header }: PinName): readonly (string | number)[] {
  const number = String(line);
  const bcm = [line, `GPIO${number}`, `BCM${number}`];
  return header === undefined ? bcm : [...bcm, `header ${String(header)}`, `pin ${String(header)}`];
}
