import type { DriverDefinition } from "./driver.ts";
import { gpio } from "./gpio/gpio.ts";
import { serial } from "./serial/serial.ts";
import { simulated } from "./simulated.ts";
import { thermal } from "./thermal.ts";

/** Every driver there is, by the name that configurations use. A new driver is one file and one line here. */
export const drivers: Readonly<Record<string, DriverDefinition>> = Object.freeze({ gpio, serial, thermal, simulated });
