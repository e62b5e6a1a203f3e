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
  /** Offset on the chip, on a Raspberry Pi the BCM number; or the kernel's name of the line. */
  readonly line: number | string;
  /** Label of the chip, where the pin names it. */
  readonly chip?: string;
  /** Position on the 40-pin header, if it is led out there. */
  readonly header?: number;
}

/** A label and an offset: pinctrl-rp1:17. A label may hold a colon itself. */
const ON_CHIP = /^([\x21-\x7e]{1,64}):(\d{1,4})$/;
/** What the kernel may call a line; what looks like a number that was mistyped is none. */
const LINE_NAME = /^(?!\d|(?:gpio|bcm|header|pin)[\s_-]*(?:\d|$))(?=.*[A-Za-z])[\x21-\x39\x3b-\x7e]{2,31}$/i;

/**
 * Reads 17, "17", "GPIO17", "BCM17" (the BCM number), "header 11", "pin 11" (the position on the 40-pin header), in any
 * case and spacing; "pinctrl-rp1:17" (a chip's label and an offset on it); or the kernel's name of a line, as it is
 * written. Answers what is wrong, in words, as a string.
 */
export function parsePinName(pin: string | number): PinName | string {
  const written = String(pin).trim();
  const match = /^(?:(gpio|bcm|header|pin)[\s_-]*)?(\d{1,4})$/.exec(written.toLowerCase());
  if (!match) return otherLine(written);
  const number = Number(match[2]);
  if (match[1] === "header" || match[1] === "pin") return atHeader(number);
  if (number > HIGHEST_LINE)
    return `GPIO${String(number)} does not exist; numbers go to ${String(HIGHEST_LINE)} at most`;
  const header = headerOf(number);
  return header === undefined ? { line: number } : { line: number, header };
}

function otherLine(written: string): PinName | string {
  const [, chip, offset] = ON_CHIP.exec(written) ?? [];
  if (chip !== undefined && offset !== undefined) {
    if (Number(offset) > HIGHEST_LINE)
      return `a chip has no line ${offset}; they go to ${String(HIGHEST_LINE)} at most`;
    return { line: Number(offset), chip };
  }
  if (LINE_NAME.test(written)) return { line: written };
  return `${found(written)} is no pin; write 17 or GPIO17 (BCM number), pin 11 (position on the header), pinctrl-rp1:17 (a chip's line), or the name of a line`;
}

function atHeader(position: number): PinName | string {
  const there = HEADER[position];
  if (there === undefined) return `the header has pins 1 to 40, not ${String(position)}`;
  if (typeof there === "number") return { line: there, header: position };
  return `pin ${String(position)} of the header is ${there}, which cannot be switched or read; choose a GPIO pin`;
}

/** Position on the 40-pin header of a BCM number, if it is led out there. */
export function headerOf(line: number): number | undefined {
  const entry = Object.entries(HEADER).find(([, there]) => there === line);
  return entry && Number(entry[0]);
}

/** The ways to address a pin, shortest first. */
export function pinAliases({ line, header, chip }: PinName): readonly (string | number)[] {
  const number = String(line);
  if (chip !== undefined) return [`${chip}:${number}`];
  if (typeof line === "string") return [line];
  const bcm = [line, `GPIO${number}`, `BCM${number}`];
  return header === undefined ? bcm : [...bcm, `header ${String(header)}`, `pin ${String(header)}`];
}
