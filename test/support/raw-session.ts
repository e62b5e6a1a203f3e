/** A raw-socket session that the test lets read or not, and that says whether the router reads: JSON texts in, messages out. */
import type { TestContext } from "node:test";
import { connectRawSocket, type RawSocketConnection } from "net-socket-raw-framing/node";
import { serializers } from "@pinion/wamp/serializer";
import type { Message } from "@pinion/wamp";
import { eventually } from "./router-bridge-fixture.ts";

export interface RawSession {
  readonly connection: RawSocketConnection;
  /** All messages after WELCOME, and after SUBSCRIBED for a subscriber. */
  readonly got: Message[];
  readonly closed: Promise<void>;
  /** False: more than the connection likes to hold; `drained` then tells when to go on. */
  say(text: string): boolean;
  drained(): Promise<void>;
}

/** Joined, and reading. */
export async function rawSession(t: TestContext, at: string): Promise<RawSession> {
  const [host, port] = at.split(":");
  const connection = await connectRawSocket({ host: String(host), port: Number(port), serializer: 1 });
  t.after(() => connection.abort());
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const got: Message[] = [];
  let wake = (): void => {};
  connection.start({
    onMessage: (octets) => got.push(serializers.json.parse(octets)),
    onDrain: () => wake(),
    onClose: () => {
      wake();
      resolve();
    },
  });
  const session: RawSession = {
    connection,
    got,
    closed,
    say: (text) => connection.send(Buffer.from(text)),
    drained: () => new Promise((done) => (wake = done)),
  };
  await answered(session, '[1,"realm1",{"roles":{"subscriber":{},"publisher":{},"caller":{},"callee":{}}}]');
  return session;
}

/** Joined and subscribed. */
export async function rawSubscriber(t: TestContext, at: string, topic: string): Promise<RawSession> {
  const session = await rawSession(t, at);
  await answered(session, `[32,1,{},"${topic}"]`);
  return session;
}

async function answered(session: RawSession, text: string): Promise<void> {
  session.say(text);
  await eventually(() => session.got.length > 0, "an answer");
  session.got.length = 0;
}
