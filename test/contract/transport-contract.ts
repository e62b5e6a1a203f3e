/** What every Transport keeps, whatever carries it. Run by transport.test.ts for each transport with each serializer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ApplicationError,
  ErrorUri,
  payloadOf,
  toId,
  toUri,
  type Message,
  type RequestId,
  type Transport,
} from "@pinion/wamp";

export interface TransportPair {
  readonly client: Transport;
  readonly server: Transport;
  /** Octets that the server receives at most; Infinity where messages are no octets. */
  readonly limit: number;
}

export type MakePair = (context: { after(run: () => Promise<void> | void): void }) => Promise<TransportPair>;

interface Recorder {
  readonly messages: Message[];
  readonly ends: (Error | undefined)[];
  drains: number;
  /** Resolves when there are `count` messages. */
  received(count: number): Promise<void>;
  readonly ended: Promise<void>;
}

function record(transport: Transport): Recorder {
  let check = (): void => {};
  const { promise, resolve } = Promise.withResolvers<void>();
  const recorder: Recorder = {
    messages: [],
    ends: [],
    drains: 0,
    ended: promise,
    received: (count) =>
      new Promise<void>((done) => {
        check = () => {
          if (recorder.messages.length >= count) done();
        };
        check();
      }),
  };
  transport.start({
    onMessage: (message) => {
      recorder.messages.push(message);
      check();
    },
    onClose: (error) => {
      recorder.ends.push(error);
      resolve();
    },
    onDrain: () => {
      recorder.drains += 1;
    },
  });
  return recorder;
}

function publication(request: number, args: readonly unknown[]): Message {
  const payload = payloadOf(args);
  return { type: "PUBLISH", request: toId<RequestId>(request), options: {}, topic: toUri("a.b"), payload };
}

function numberOf(message: Message): unknown {
  return message.type === "PUBLISH" ? message.payload.args[0] : message.type;
}

export function transportContract(name: string, makePair: MakePair): void {
  deliveryContract(name, makePair);
  endingContract(name, makePair);
}

/** What transports of octets keep besides. */
export function octetTransportContract(name: string, makePair: MakePair): void {
  transportContract(name, makePair);
  refusalContract(name, makePair);
}

function deliveryContract(name: string, makePair: MakePair): void {
  test(`${name}: messages arrive whole and in order, both ways at once`, async (context) => {
    const { client, server } = await makePair(context);
    const [near, far] = [record(client), record(server)];
    const numbers = Array.from({ length: 500 }, (_, index) => index + 1);
    for (const number of numbers) {
      client.send(publication(number, [number]));
      server.send(publication(number, [-number]));
    }
    await Promise.all([near.received(500), far.received(500)]);
    assert.deepEqual(far.messages.map(numberOf), numbers);
    assert.deepEqual(
      near.messages.map(numberOf),
      numbers.map((number) => -number),
    );
  });

  test(`${name}: a large message arrives as it was`, async (context) => {
    const { client, server } = await makePair(context);
    record(client);
    const far = record(server);
    const text = "temperature °C ".repeat(40_000);
    client.send(publication(1, [text, { nested: [1, 2.5, null, true] }]));
    await far.received(1);
    const [message] = far.messages;
    assert.ok(message?.type === "PUBLISH");
    assert.deepEqual(message.payload.args, [text, { nested: [1, 2.5, null, true] }]);
  });

  test(`${name}: a sender that is told to wait is told when to go on, and loses nothing`, async (context) => {
    const { client, server } = await makePair(context);
    const near = record(client);
    const text = "x".repeat(60_000);
    let sent = 0;
    while (sent < 600) {
      sent += 1;
      if (!client.send(publication(sent, [sent, text]))) break;
    }
    assert.ok(sent < 600, "nobody told the sender to wait");
    const far = record(server);
    await far.received(sent);
    for (let turn = 0; turn < 200 && near.drains === 0; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.ok(near.drains > 0);
    assert.deepEqual(
      far.messages.map(numberOf),
      Array.from({ length: sent }, (_, index) => index + 1),
    );
  });
}

function endingContract(name: string, makePair: MakePair): void {
  test(`${name}: close sends what is queued first; both ends are told once, without error`, async (context) => {
    const { client, server } = await makePair(context);
    const [near, far] = [record(client), record(server)];
    for (let number = 1; number <= 50; number += 1) client.send(publication(number, [number]));
    client.close();
    client.close();
    client.send(publication(51, [51]));
    await Promise.all([near.ended, far.ended]);
    assert.equal(far.messages.length, 50);
    assert.deepEqual([near.ends, far.ends], [[undefined], [undefined]]);
  });

  test(`${name}: abort ends at once with its error here, and ends the other side`, async (context) => {
    const { client, server } = await makePair(context);
    const [near, far] = [record(client), record(server)];
    const error = new Error("the link is of no use");
    client.abort(error);
    client.abort();
    await Promise.all([near.ended, far.ended]);
    assert.deepEqual([near.ends, far.ends.length], [[error], 1]);
  });
}

function refusalContract(name: string, makePair: MakePair): void {
  test(`${name}: a message over the peer's limit is refused at the sender, and the connection lives on`, async (context) => {
    const { client, server, limit } = await makePair(context);
    record(client);
    const far = record(server);
    assert.throws(
      () => client.send(publication(1, ["x".repeat(limit)])),
      (error) => error instanceof ApplicationError && error.uri === ErrorUri.payloadSizeExceeded,
    );
    client.send(publication(1, ["fits"]));
    await far.received(1);
    assert.deepEqual(far.messages.map(numberOf), ["fits"]);
  });

  test(`${name}: what cannot be serialized is refused at the sender, and the connection lives on`, async (context) => {
    const { client, server } = await makePair(context);
    record(client);
    const far = record(server);
    assert.throws(() => client.send(publication(1, [Symbol("pin")])), { code: "not_serializable" });
    client.send(publication(1, ["fits"]));
    await far.received(1);
    assert.deepEqual(far.messages.map(numberOf), ["fits"]);
  });
}
