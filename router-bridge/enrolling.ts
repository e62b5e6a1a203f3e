/** Puts the account of a board into the accounts file, for whoever may call `pinion.accounts.enroll`. */
import { nodeCrypto, readAccounts, writeAccounts } from "@pinion/client";
import { ApplicationError, readEnrollRequest, UsageError, withEnrolled } from "@pinion/wamp";
import type { Log } from "./log.ts";
import type { Enroll } from "./router/index.ts";

export function enrolling(file: string, log: Log): Enroll {
  return (text, replace) => {
    try {
      const request = readEnrollRequest(nodeCrypto, text);
      const before = readAccounts(file);
      const after = withEnrolled(before, request, replace);
      if (after !== before) writeAccounts(file, after);
      log.info(request, `the board ${request.authid} is enrolled`);
      return { authid: request.authid };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      log.warn({ err: error }, "a board was not enrolled");
      throw new ApplicationError("pinion.error.not_enrolled", [error.message], { code: "not_enrolled" });
    }
  };
}
