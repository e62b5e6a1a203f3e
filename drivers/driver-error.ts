/** What a caller or operator can do about it, by code, in words. The README's table is this one. */
export const driverErrorCures = Object.freeze({
  aborted: "Nothing to do: it was asked to stop.",
  bad_config: "Correct the configuration and start again.",
  busy: "Stop the other user of it, or choose another one.",
  closed: "The driver is shutting down: try again after the restart.",
  driver_fault: "This is a fault of the driver: tell its author, or take it out of the configuration.",
  invalid_argument: "Give an argument that the action's description allows.",
  interlocked: "Switch the other one off first.",
  io: "Check the wiring and the kernel's log (dmesg), then try again.",
  line_too_long: "Check baud rate and delimiter, or raise framing.maxLength.",
  no_permission: "Add the process's user to the group that owns the device (gpio, dialout) and start it again.",
  no_such_device: "Check that it is plugged in and that the configured name is right.",
  not_an_output: "Choose a channel with direction: out, or change the direction in the configuration.",
  not_claimed: "The driver must name the resource in its plan before it may use it.",
  not_open: "Wait until the device is back; health tells when.",
  queue_full: "Send less at once and wait for each answer.",
  rate_limited: "Switch it less often.",
  timeout: "Check that the device answers, then try again.",
  too_soon: "Try again when the time is over.",
  unavailable: "Install the hardware library for this machine, or use the simulated board.",
  undeclared: "The driver must declare the stream in its description before it may publish it.",
  unknown_action: "Choose one of the actions that describe lists.",
  unknown_channel: "Choose one of the configured channels.",
} as const);

export type DriverErrorCode = keyof typeof driverErrorCures;

/** Every code, sorted; the device maps each to the suffix of a WAMP error URI. */
export const driverErrorCodes: readonly DriverErrorCode[] = Object.freeze(
  // Object.keys forgets the literal keys of a frozen constant.
  (Object.keys(driverErrorCures) as DriverErrorCode[]).toSorted(),
);

export interface DriverErrorOptions {
  /** What to do, when the code's general cure is not good enough. */
  readonly cure?: string;
  readonly cause?: unknown;
}

/**
 * A failure of hardware, configuration or call. `code` is stable; `message` is `what` (the thing and the place) followed
 * by `cure`, and may be shown to a person as it is.
 */
export class DriverError extends Error {
  override readonly name = "DriverError";
  readonly code: DriverErrorCode;
  readonly what: string;
  readonly cure: string;

  constructor(code: DriverErrorCode, what: string, options: DriverErrorOptions = {}) {
    const cure = options.cure ?? driverErrorCures[code];
    super(`${what.replace(/\.$/, "")}. ${cure}`, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.what = what;
    this.cure = cure;
  }
}
