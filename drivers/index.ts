import type { DriverDefinition } from "./driver.ts";
import { gpio } from "./gpio/gpio.ts";
import { hwmon } from "./sensors/hwmon.ts";
import { iio } from "./sensors/iio.ts";
import { led } from "./sensors/led.ts";
import { power } from "./sensors/power.ts";
import { system } from "./sensors/system.ts";
import { w1 } from "./sensors/w1.ts";
import { modbus } from "./modbus/modbus.ts";
import { serial } from "./serial/serial.ts";
import { simulated } from "./simulated.ts";
import { thermal } from "./thermal.ts";

/** Every driver there is, by the name that configurations use. A new driver is one file and one line here. */
export const drivers: Readonly<Record<string, DriverDefinition>> = Object.freeze({
  gpio,
  serial,
  modbus,
  w1,
  iio,
  hwmon,
  thermal,
  power,
  led,
  system,
  simulated,
});
