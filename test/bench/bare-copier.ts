/** The bare limit: takes frames from its first connection and writes them, unread, to all others. A child of the benchmark. */
import { createServer, type Socket } from "node:net";

const sockets: Socket[] = [];
const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.once("data", (handshake) => {
    socket.write(handshake);
    if (sockets.push(socket) === 1) socket.on("data", copy);
    else socket.resume();
  });
});

/** The slowest receiver holds the source back, as a fair router would. */
function copy(chunk: Buffer): void {
  let full = false;
  for (const receiver of sockets.slice(1)) full = !receiver.write(chunk) || full;
  if (!full) return;
  const [source] = sockets;
  source?.pause();
  setImmediate(() => source?.resume());
}

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.send?.(address.port);
});
process.on("disconnect", () => process.exit(0));
