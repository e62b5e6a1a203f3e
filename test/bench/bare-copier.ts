/**
 * The bare limit: a Node program that moves octets and does nothing else. `bare-copier.ts copy` writes what its first
 * connection sends to all others; `bare-copier.ts relay` writes what either of its two connections sends to the other one.
 * A raw-socket handshake is sent back as it came. A child of the benchmarks; says its port.
 */
import { createServer, type Socket } from "node:net";

const relays = process.argv[2] === "relay";
let sockets: Socket[] = [];
const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  // A measuring ends by closing all its connections; the next one begins with none.
  socket.on("close", () => {
    sockets = sockets.filter((one) => one !== socket);
  });
  socket.once("data", (handshake) => {
    socket.write(handshake);
    const first = sockets.push(socket) === 1;
    if (relays || first) socket.on("data", (chunk: Buffer) => copy(socket, chunk));
    else socket.resume();
  });
});

/** The slowest receiver holds the source back, as a fair router would. */
function copy(source: Socket, chunk: Buffer): void {
  for (const receiver of sockets) {
    if (receiver === source || receiver.write(chunk)) continue;
    source.pause();
    receiver.once("drain", () => source.resume());
  }
}

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.send?.(address.port);
});
process.on("disconnect", () => process.exit(0));
