/**
 * Two raw sockets that speak the same serializer: what came side by side goes on as it lies, without an object for each
 * message. Whatever the relay has to look at, or the receiver cannot take, ends such a run and goes the ordinary way.
 */
import type { Link } from "../link.ts";
import { messageCode, MessageCode } from "./message-code.ts";

/** From `sender` to `receiver`, where both can; until either is closed. */
export function passRuns(sender: Link, receiver: Link): void {
  if (sender.serializer !== receiver.serializer || receiver.sendRun === undefined) return;
  const { maxSend } = receiver;
  const { name } = sender.serializer;
  sender.passRuns?.({
    takes: (octets, at, length) => {
      if (length > maxSend) return false;
      const code = messageCode(octets, name, at, at + length);
      return code !== MessageCode.welcome && code !== MessageCode.abort && code !== MessageCode.goodbye;
    },
    onRun: (frames) => {
      if (receiver.sendRun?.(frames) === false) sender.pause();
    },
  });
}
