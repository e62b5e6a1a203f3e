/**
 * Every driver there is, by the name that configurations use. A new driver is one file and one line here. Each is loaded
 * when it is asked for: a board holds the code of the drivers that it has.
 */
import type { DriverDefinition } from "./driver.ts";

const loaders: Readonly<Record<string, () => Promise<DriverDefinition>>> = {
  gpio: async () => (await import("./gpio/gpio.ts")).gpio,
  serial: async () => (await import("./serial/serial.ts")).serial,
  modbus: async () => (await import("./modbus/modbus.ts")).modbus,
  i2c: async () => (await import("./i2c/i2c.ts")).i2c,
  w1: async () => (await import("./sensors/w1.ts")).w1,
  iio: async () => (await import("./sensors/iio.ts")).iio,
  hwmon: async () => (await import("./sensors/hwmon.ts")).hwmon,
  thermal: async () => (await import("./thermal.ts")).thermal,
  power: async () => (await import("./sensors/power.ts")).power,
  led: async () => (await import("./sensors/led.ts")).led,
  system: async () => (await import("./sensors/system.ts")).system,
  simulated: async () => (await import("./simulated.ts")).simulated,
};

export const driverKinds: readonly string[] = Object.keys(loaders);

/** Those of the `kinds` that there are, in the order of the table; without `kinds` all. */
export async function loadDrivers(kinds: Iterable<string> = driverKinds): Promise<readonly DriverDefinition[]> {
  const wanted = new Set(kinds);
  const chosen = Object.entries(loaders).filter(([kind]) => wanted.has(kind));
  return await Promise.all(chosen.map(([, load]) => load()));
}
