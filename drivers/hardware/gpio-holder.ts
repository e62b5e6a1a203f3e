import { readFile } from "node:fs/promises";

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
