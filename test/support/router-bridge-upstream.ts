/** A router of the test's own behind a relay: takes raw sockets, keeps what comes, says what the test says. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { toId, toUri, type SessionId } from "@pinion/wamp";
import { acceptRawSocket, type RawSocketConnection } from "net-socket-raw-framing/node";
import { eventually } from "./router-bridge-fixture.ts";
import { type Talk, talk } from "./router-bridge-talk.ts";

export interface ScriptedUpstream {
  readonly url: string;
  readonly connections: RawSocketConnection[];
  readonly received: string[];
  readonly closes: (Error | undefined)[];
}

export async function scriptedUpstream(
  t: TestContext,
  options: { serializers?: number[]; maxReceive?: number } = {},
): Promise<ScriptedUpstream> {
  const connections: RawSocketConnection[] = [];
  const received: string[] = [];
  const closes: (Error | undefined)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    void acceptRawSocket(socket, { serializers: [1], ...options }).then(
      (connection) => {
        connections.push(connection);
        connection.start({
          onMessage: (octets) => received.push(Buffer.from(octets).toString()),
          onClose: (error) => closes.push(error),
        });
      },
      () => undefined,
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { url: `rs://127.0.0.1:${String(address.port)}`, connections, received, closes };
}

export const relayTo = (url: string, more = ""): string => `upstream: { url: "${url}"${more} }\n`;
export const WELCOME = '[2,77,{"roles":{"broker":{},"dealer":{}}}]';

export async function joinedThrough(
  t: TestContext,
  at: string,
  upstream: ScriptedUpstream,
): Promise<{ client: Talk; connection: RawSocketConnection }> {
  const client = await talk(t, `ws://${at}/ws`);
  const before = upstream.connections.length;
  client.send({ type: "HELLO", realm: toUri("realm1"), details: { roles: { caller: {} } } });
  const connection = await eventually(() => upstream.connections[before], "the relay's connection");
  await eventually(() => upstream.received.length > 0, "HELLO");
  connection.send(Buffer.from(WELCOME));
  assert.equal((await client.expect("WELCOME")).session, toId<SessionId>(77));
  return { client, connection };
}
