import { readFile } from "node:fs/promises";
import { DriverError } from "../board.ts";

/**
 * Who has a line, as the kernel's list of GPIOs names it; undefined when nobody does or the list cannot be read (it
 * needs root and debugfs). Lines look like ` gpio-529 (GPIO17 |pump-controller ) out hi`.
 */
export async function gpioHolder(list: string, global: number): Promise<string | undefined> {
  try {
    const text = await readFile(list, "utf8");
    const match = new RegExp(`^\\s*gpio-${String(global)}\\s*\\(([^)]*)\\)`, "m").exec(text);
    const holder = match?.[1]?.split("|")[1]?.trim();
    return holder === "" ? undefined : holder;
  } catch {
    return undefined; // it is a hint for a message, no more
  }
}

/** `holder` as the kernel names it, "" where it does not; `global` is the line's number in sysfs. */
export function lineInUse(
  what: string,
  { holder = "", global, cause }: { holder?: string | undefined; global?: number | undefined; cause?: unknown },
): DriverError {
  const who = holder === "" ? "another program or a driver of the kernel" : holder;
  return new DriverError("busy", `${what} is in use by ${who}`, { cure: cureFor(holder, global), cause });
}

function cureFor(holder: string, global: number | undefined): string {
  if (holder.startsWith("pinion/"))
    return "That is another pinion-device: stop it (`sudo systemctl stop pinion-device`), or take the pin out of one of the two configurations.";
  if (holder === "sysfs")
    return `Stop who exported it; \`echo ${String(global ?? "<number>")} | sudo tee /sys/class/gpio/unexport\` gives the line back.`;
  return "Stop that program, remove the overlay that takes the pin from /boot/firmware/config.txt, or choose another pin.";
}

/** Two pins of this very process that turn out to be one line. */
export const lineTakenHere = (what: string, holder: string): DriverError =>
  new DriverError("busy", `${what} is in use by ${holder} of this process`, {
    cure: "Give one of the two another pin.",
  });
