/** Which line each pin is on this very board, and who has it; takes nothing and changes nothing. */
import type { Board, GpioChip } from "../drivers/board.ts";
import { DriverError } from "../drivers/driver-error.ts";
import { explainPin, type PinExplanation } from "../drivers/gpio/explain-pin.ts";
import type { Finding } from "./doctor/finding.ts";
import type { PlannedDriver } from "./plan.ts";

/** Without a configuration all pins of the 40-pin header are explained. */
export async function doctorGpio(
  board: Board,
  drivers: readonly PlannedDriver[] | undefined,
): Promise<readonly Finding[]> {
  const chips = await chipFindings(board);
  if (chips.some(({ level }) => level === "error")) return chips;
  if (drivers === undefined) {
    const header = Array.from({ length: 28 }, (_, line) => line);
    const pins = await Promise.all(header.map(async (line) => explainPin(board.gpio, line)));
    // What is held on a board that nobody asked about is news, not a fault.
    return [...chips, ...pins.map((pin) => findingOf(pin, "", "ok"))];
  }
  const claims = drivers.flatMap((driver) => driver.claims).filter((claim) => claim.type === "gpio-line");
  if (claims.length === 0) return [...chips, { check: "gpio", level: "ok", words: "no pins are configured" }];
  const pins = claims.map(async ({ chip, line, owner }) =>
    findingOf(await explainPin(board.gpio, line, chip), `${owner}: `, "error"),
  );
  return [...chips, ...(await Promise.all(pins))];
}

async function chipFindings({ gpio }: Board): Promise<readonly Finding[]> {
  try {
    return (await gpio.listChips()).map((chip) => ({ check: "gpio", level: "ok", words: chipWords(chip) }));
  } catch (error) {
    const [words, cure] =
      error instanceof DriverError ? [error.what, error.cure] : [String(error), "See the kernel's log."];
    return [{ check: "gpio", level: "error", words, cure }];
  }
}

function chipWords({ label, ngpio, base, dir }: GpioChip): string {
  const numbers = base === undefined ? "" : `, sysfs ${String(base)} to ${String(base + ngpio - 1)}`;
  return `chip ${label}: ${String(ngpio)} lines${numbers}, ${dir}`;
}

function findingOf({ ok, words, line, cure }: PinExplanation, whose: string, held: Finding["level"]): Finding {
  const found = { check: "gpio", words: `${whose}${words}` } as const;
  if (line === undefined) return { ...found, level: "error", cure: cure ?? "Write another pin." };
  if (ok) return { ...found, level: "ok" };
  const { holder = "" } = line;
  if (holder.startsWith("pinion/")) return { ...found, level: "ok" };
  if (holder === "sysfs") {
    const gift = `echo ${String(line.global ?? "<number>")} > /sys/class/gpio/unexport`;
    return {
      ...found,
      level: "warning",
      cure: `If that is neither a running pinion-device nor its last run, stop who exported it; \`${gift}\` gives the line back.`,
    };
  }
  const who = holder === "" ? "who holds it" : holder;
  return {
    ...found,
    level: held,
    cure: `Stop ${who}, remove the overlay that takes the pin from /boot/firmware/config.txt, or choose another pin.`,
  };
}
