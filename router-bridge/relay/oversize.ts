import { ErrorUri, payloadOf, type Message, type RequestId } from "@pinion/wamp";
import { RequestCode } from "../router/delivery.ts";

/** Who gets which message instead of one that the receiver cannot take; undefined if it is an EVENT or the like. */
export interface Substitute {
  readonly to: "sender" | "receiver";
  readonly message: Message;
}

/**
 * What becomes of a message over the receiver's limit, so that nobody waits for ever: a request is answered with
 * `wamp.error.payload_size_exceeded`, an answer is replaced by it. `fatal`: the conversation cannot go on without it.
 */
export function substituteFor(message: Message): Substitute | "dropped" | "fatal" {
  switch (message.type) {
    case "CALL":
      return { to: "sender", message: tooLarge(RequestCode.call, message.request) };
    case "REGISTER":
      return { to: "sender", message: tooLarge(RequestCode.register, message.request) };
    case "SUBSCRIBE":
      return { to: "sender", message: tooLarge(RequestCode.subscribe, message.request) };
    case "INVOCATION":
      return { to: "sender", message: tooLarge(RequestCode.invocation, message.request) };
    case "PUBLISH":
      if (message.options["acknowledge"] !== true) return "dropped";
      return { to: "sender", message: tooLarge(RequestCode.publish, message.request) };
    case "RESULT":
      return { to: "receiver", message: tooLarge(RequestCode.call, message.request) };
    case "YIELD":
      return { to: "receiver", message: tooLarge(RequestCode.invocation, message.request) };
    case "ERROR":
      return { to: "receiver", message: tooLarge(message.requestType, message.request) };
    case "EVENT":
      return "dropped";
    default:
      return "fatal";
  }
}

function tooLarge(requestType: number, request: RequestId): Message {
  const payload = payloadOf(["the message is larger than what the other side of the relay takes"]);
  return { type: "ERROR", requestType, request, details: {}, error: ErrorUri.payloadSizeExceeded, payload };
}
