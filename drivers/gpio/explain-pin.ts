/** Says which line a pin is, on this very board, and who has it: what a person wants to know before wiring anything. */
import type { GpioPort, LineExplanation } from "../board.ts";
import { DriverError } from "../driver-error.ts";
import { headerOf, parsePinName } from "./pin-name.ts";

export interface PinExplanation {
  /** As it was asked for. */
  readonly pin: string | number;
  /** "GPIO17 = header 11 = pinctrl-rp1 line 17 = sysfs 588, free", or why it cannot be told. */
  readonly words: string;
  readonly ok: boolean;
  readonly line?: LineExplanation;
  /** Position on the 40-pin header. */
  readonly header?: number;
  /** What to do, where it is not ok. */
  readonly cure?: string;
}

/** The chips whose offsets are the BCM numbers of a Raspberry Pi. */
const HEADER_CHIP = /^pinctrl-(rp1|bcm\d+)$/;

/** Takes nothing, changes nothing, never rejects. `chip` is where a pin without a chip of its own is looked for. */
export async function explainPin(gpio: GpioPort, pin: string | number, chip?: string): Promise<PinExplanation> {
  const parsed = parsePinName(pin);
  if (typeof parsed === "string") return { pin, ok: false, words: parsed, cure: "Write another pin." };
  const label = parsed.chip ?? chip;
  const named = label === undefined ? String(pin) : `${label}:${String(parsed.line)}`;
  try {
    const line = await gpio.explain({ line: parsed.line, ...(label === undefined ? {} : { chip: label }) });
    const onHeader = HEADER_CHIP.test(line.chip);
    const header = onHeader ? headerOf(line.line) : undefined;
    const found = { pin, ok: line.state !== "held", words: wordsOf(line, header), line };
    return header === undefined ? found : { ...found, header };
  } catch (error) {
    if (error instanceof DriverError) return { pin, ok: false, words: `${named}: ${error.what}`, cure: error.cure };
    return { pin, ok: false, words: `${named}: ${String(error)}` };
  }
}

function wordsOf({ chip, line, name, global, state, holder }: LineExplanation, header: number | undefined): string {
  const gpio = HEADER_CHIP.test(chip) ? `GPIO${String(line)}` : undefined;
  const names = [
    ...(gpio === undefined ? [] : [gpio]),
    ...(name === undefined || name === gpio ? [] : [`"${name}"`]),
    ...(header === undefined ? [] : [`header ${String(header)}`]),
    `${chip} line ${String(line)}`,
    ...(global === undefined ? [] : [`sysfs ${String(global)}`]),
  ];
  return `${names.join(" = ")}, ${stateWords(state, holder)}`;
}

function stateWords(state: LineExplanation["state"], holder: string | undefined): string {
  if (state === "free") return "free";
  if (state === "held") return `held by ${holder ?? "another program or a driver of the kernel"}`;
  return "free or held: the kernel tells it to the character device and to root only";
}
