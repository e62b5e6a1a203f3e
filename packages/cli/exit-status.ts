/** How a command ends. The README lists them. */
export const ExitStatus = {
  done: 0,
  /** The callee, the broker or the router said no; the URI is on stderr. */
  applicationError: 1,
  usage: 2,
  cannotConnect: 3,
} as const;

export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];

/** Ends the command with a status and words for stderr. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly status: ExitStatus;

  constructor(status: ExitStatus, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.status = status;
  }
}
