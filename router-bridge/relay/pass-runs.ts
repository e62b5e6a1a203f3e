/**
 * From a raw socket to another one, or to a WebSocket, with the same serializer: what came side by side goes on so, without an
 * object for each message. Whatever the relay has to look at, or the receiver cannot take, ends such a run and goes the ordinary way.
 */
import type { Link } from "../link.ts";
import { LONGEST_AFTER_SHORT_HEADER } from "../listeners/web-socket-frame.ts";
import { messageCode, MessageCode } from "./message-code.ts";

/** From `sender` to `receiver`, where both can; until either is closed. */
export function passRuns(sender: Link, receiver: Link): void {
  if (sender.serializer !== receiver.serializer || receiver.sendRun === undefined) return;
  // one read brings no longer ones anyhow
  const longest = Math.min(receiver.maxSend, LONGEST_AFTER_SHORT_HEADER);
  const { name } = sender.serializer;
  sender.passRuns?.({
    takes: (octets, at, length) => {
      if (length > longest) return false;
      const code = messageCode(octets, name, at, at + length);
      return code !== MessageCode.welcome && code !== MessageCode.abort && code !== MessageCode.goodbye;
    },
    onRun: (frames) => {
      if (receiver.sendRun?.(frames) === false) sender.pause();
    },
  });
}
