/** Errors in words: the URI's meaning, then what the other side said itself. */
import { ApplicationError, ErrorUri, UsageError } from "@pinion/wamp";
import { plainText } from "../state/untrusted.ts";
import { sentence } from "./link.ts";

const MEANINGS: ReadonlyMap<string, string> = new Map<string, string>([
  [ErrorUri.noSuchProcedure, "The board does not offer this at the moment: nobody has registered it."],
  [ErrorUri.invalidArgument, "The board refused the value."],
  [ErrorUri.notAuthorized, "This page may not do that."],
  [ErrorUri.authorizationFailed, "The router could not find out whether this page may do that."],
  [ErrorUri.timeout, "No answer in time. It may still have happened: look at what is read back."],
  [ErrorUri.canceled, "The board or the router broke it off. It may have happened: look at what is read back."],
  [ErrorUri.unavailable, "The board is busy or cannot do it now."],
  [ErrorUri.noAvailableCallee, "The board is busy or cannot do it now."],
  [ErrorUri.noAvailableCallee, "The board left before it answered."],
  [
    ErrorUri.networkFailure,
    "The link was lost before the answer came. It may have happened: look at what is read back.",
  ],
  [ErrorUri.payloadSizeExceeded, "That is more than the router takes in one message."],
  [ErrorUri.runtimeError, "The board failed while doing it."],
]);

/** One or two sentences for any failure of a call. */
export function errorWords(error: unknown): string {
  if (error instanceof ApplicationError) {
    const said = error.args.map(plainText).find((text) => text !== "" && text !== error.uri);
    const meaning = MEANINGS.get(error.uri);
    if (meaning === undefined) return said === undefined ? `The board answered ${error.uri}.` : sentence(said);
    return said === undefined ? meaning : `${meaning} ${sentence(said)}`;
  }
  if (error instanceof UsageError && error.code === "not_connected")
    return "There is no link to the router; nothing was sent.";
  if (error instanceof Error) return sentence(plainText(error.message));
  return sentence(plainText(error));
}
