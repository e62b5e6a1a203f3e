/** The contract of the drivers on a real kernel: GPIO both ways, UART, FTDI, ACM, I2C, LM75, BMP280, DS18B20, an LED. */
import { test } from "node:test";
import { assertDrivers, runDrivers } from "../support/drivers-on-board.ts";
import { whyNoBoard } from "../support/virtual-board.ts";

test(
  "every driver that has hardware on the virtual board keeps its contract there",
  { skip: whyNoBoard(), timeout: 450_000 },
  async (t) => assertDrivers(t, await runDrivers(t, "amd64", 420)),
);
