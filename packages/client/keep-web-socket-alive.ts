import type { PingOptions } from "net-socket-raw-framing/node";
import type { WebSocket } from "ws";

/** Pings at every interval and calls `dead` when neither a pong nor anything else came for `timeout` after a ping. */
export function keepWebSocketAlive(socket: WebSocket, ping: PingOptions, dead: (error: Error) => void): void {
  let deadline: NodeJS.Timeout | undefined;
  const alive = (): void => {
    clearTimeout(deadline);
    deadline = undefined;
  };
  const late = (): void => {
    if (deadline === undefined || socket.isPaused) return;
    dead(new Error(`no answer to a WebSocket ping within ${ping.timeout} ms: the link is dead`));
  };
  const pinging = setInterval(() => {
    if (socket.readyState !== socket.OPEN) return;
    socket.ping();
    // A process that was itself stopped finds the timer due before it has read what came meanwhile.
    deadline ??= setTimeout(() => setImmediate(() => setImmediate(late)), ping.timeout);
  }, ping.interval);
  pinging.unref();
  socket.on("pong", alive);
  socket.on("message", alive);
  socket.once("close", () => {
    clearInterval(pinging);
    alive();
  });
}
