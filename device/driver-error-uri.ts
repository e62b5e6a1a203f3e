import { ApplicationError, ErrorUri } from "@pinion/wamp";
import type { DriverError, DriverErrorCode } from "../drivers/driver-error.ts";

/**
 * The one table from what goes wrong on a board to what a caller reads: a predefined URI where one says the same, else
 * `pinion.error.<code>`. The code itself always travels in kwargs.
 */
export const driverErrorUris: Readonly<Record<DriverErrorCode, string>> = {
  aborted: ErrorUri.canceled,
  bad_config: "pinion.error.bad_config",
  busy: "pinion.error.busy",
  closed: "pinion.error.closed",
  driver_fault: "pinion.error.driver_fault",
  invalid_argument: ErrorUri.invalidArgument,
  interlocked: "pinion.error.interlocked",
  io: "pinion.error.io",
  line_too_long: "pinion.error.line_too_long",
  no_permission: "pinion.error.no_permission",
  no_such_device: "pinion.error.no_such_device",
  not_an_output: ErrorUri.invalidArgument,
  not_claimed: "pinion.error.not_claimed",
  not_open: "pinion.error.not_open",
  queue_full: "pinion.error.queue_full",
  rate_limited: "pinion.error.rate_limited",
  timeout: ErrorUri.timeout,
  too_soon: "pinion.error.too_soon",
  unavailable: ErrorUri.unavailable,
  undeclared: "pinion.error.undeclared",
  unknown_action: ErrorUri.noSuchProcedure,
  unknown_channel: ErrorUri.invalidArgument,
};

/** As it crosses the wire: args [words], kwargs {code, what, cure}. */
export function toApplicationError(error: DriverError): ApplicationError {
  const { code, message, what, cure } = error;
  return new ApplicationError(driverErrorUris[code], [message], { code, what, cure });
}
