/** Real sockets on loopback for the tests of the socket half; everything opened here is closed when its test ends. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { FramingError, type FramingErrorCode } from "../../../packages/net-socket-raw-framing/index.ts";
import {
  acceptRawSocket,
  type AcceptRawSocketOptions,
  connectRawSocket,
  type ConnectRawSocketOptions,
  type RawSocketConnection,
} from "../../../packages/net-socket-raw-framing/node/index.ts";

/** What one end of a connection got, and when it ended. */
export class Recorder {
  readonly messages: Uint8Array[] = [];
  readonly closed: Promise<FramingError | undefined>;
  drains = 0;
  #close: (error: FramingError | undefined) => void = () => undefined;
  #wake: () => void = () => undefined;

  constructor(connection: RawSocketConnection, onMessage?: (payload: Uint8Array) => void) {
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    connection.start({
      onMessage: (payload) => {
        this.messages.push(payload);
        this.#wake();
        onMessage?.(payload);
      },
      onDrain: () => {
        this.drains += 1;
        this.#wake();
      },
      onClose: (error) => this.#close(error),
    });
  }

  /** Resolves once the condition holds, looked at after each message and drain. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        if (condition()) resolve();
      };
      this.#wake();
    });
  }
}

/** Starts a connection whose messages only have to be taken. */
export function record(connection: RawSocketConnection, onMessage?: (payload: Uint8Array) => void): Recorder {
  return new Recorder(connection, onMessage);
}

/** A peer that speaks octets only. */
export class RawPeer {
  readonly socket: Socket;
  readonly ended: Promise<void>;
  #octets = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      this.#octets = Buffer.concat([this.#octets, chunk]);
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      socket.once("close", () => resolve()).once("end", () => resolve());
    });
  }

  /** The next octets, as hexadecimal digits. */
  read(count: number): Promise<string> {
    return new Promise((resolve) => {
      this.#wake = () => {
        if (this.#octets.length < count) return;
        this.#wake = () => undefined;
        const taken = this.#octets.subarray(0, count);
        this.#octets = this.#octets.subarray(count);
        resolve(taken.toString("hex"));
      };
      this.#wake();
    });
  }

  get unread(): number {
    return this.#octets.length;
  }

  write(hex: string): void {
    this.socket.write(Buffer.from(hex, "hex"));
  }
}

export async function listening(
  t: TestContext,
  onSocket: (socket: Socket) => void,
  path?: string,
): Promise<{ server: Server; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.listen(path === undefined ? { host: "127.0.0.1", port: 0 } : { path });
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  return { server, port: typeof address === "string" ? 0 : (address as AddressInfo).port }; // listening over TCP
}

/** A plain client of `port`. */
export async function dial(t: TestContext, port: number): Promise<RawPeer> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  t.after(() => socket.destroy());
  const peer = new RawPeer(socket);
  await once(socket, "connect");
  return peer;
}

/** One of our server connections with a peer of bare octets at the other end, handshake done. */
export async function servedPeer(
  t: TestContext,
  options: Partial<AcceptRawSocketOptions> = {},
  request = "7ff10000",
): Promise<{ connection: RawSocketConnection; peer: RawPeer; socket: Socket }> {
  const accepted = Promise.withResolvers<RawSocketConnection>();
  let socket: Socket | undefined;
  const { port } = await listening(t, (one) => {
    socket = one;
    acceptRawSocket(one, { serializers: [1, 2, 3], ...options }).then(accepted.resolve, accepted.reject);
  });
  const peer = await dial(t, port);
  if (options.handshake !== "none") {
    peer.write(request);
    assert.equal((await peer.read(4)).length, 8);
  }
  const connection = await accepted.promise;
  t.after(() => connection.abort());
  assert.ok(socket);
  return { connection, peer, socket };
}

/** Two of our connections, linked. */
export async function linked(
  t: TestContext,
  client: Partial<ConnectRawSocketOptions> = {},
  server: Partial<AcceptRawSocketOptions> = {},
): Promise<{ client: RawSocketConnection; server: RawSocketConnection }> {
  const accepted = Promise.withResolvers<RawSocketConnection>();
  const { port } = await listening(t, (socket) => {
    acceptRawSocket(socket, { serializers: [1, 2, 3], ...server }).then(accepted.resolve, accepted.reject);
  });
  const connection = await connectRawSocket({ host: "127.0.0.1", port, serializer: 2, ...client });
  const other = await accepted.promise;
  t.after(() => {
    connection.abort();
    other.abort();
  });
  return { client: connection, server: other };
}

/** For `assert.rejects` and `assert.throws`. */
export const withCode =
  (code: FramingErrorCode) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FramingError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
