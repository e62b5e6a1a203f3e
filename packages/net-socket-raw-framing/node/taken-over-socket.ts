/** What others have set up on a socket, and its new owner does not need. */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";

/**
 * From now on its owner alone hears of errors and the end: a single listener needs no list, which is 200 octets for each event.
 * Node's own listener for `end` only serves sockets without allowHalfOpen. All are taken away and the others put back, since the
 * table of listeners keeps the size that it once needed: 200 octets more.
 */
export function withoutListeners(socket: Socket): void {
  const others = socket.eventNames().filter((name) => name !== "error" && name !== "end");
  const kept = others.map((name) => [name, socket.rawListeners(name)] as const);
  // by a stream's own methods it would think that it may flow again
  EventEmitter.prototype.removeAllListeners.call(socket);
  for (const [name, listeners] of kept) {
    for (const listener of listeners) {
      EventEmitter.prototype.on.call(socket, name, listener as (...values: unknown[]) => void); // it was one of these
    }
  }
}
