/** Something that was asked for and is not done: why, and what to do. Nothing was changed. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: RefusalCode;
  readonly cure: string;

  constructor(code: RefusalCode, what: string, cure: string, options?: { cause?: unknown }) {
    super(what, options);
    this.code = code;
    this.cure = cure;
  }
}

export type RefusalCode =
  | "bad_artefact"
  | "bad_signature"
  | "bad_config"
  | "busy"
  | "corrupt"
  | "does_not_start"
  | "no_space"
  | "not_newer"
  | "nothing_pending"
  | "same_session"
  | "too_large"
  | "wrong_target";
