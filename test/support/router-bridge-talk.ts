/** One WAMP connection, message by message, over any transport: says exactly what the test says and keeps what comes. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { payloadOf, toId, toUri, type Message, type RequestId, type Transport } from "@pinion/wamp";
import { connect } from "@pinion/client";
import type { SerializerName } from "@pinion/wamp/serializer";

export class Talk {
  readonly transport: Transport;
  readonly #inbox: Message[] = [];
  readonly #waiting: ((message: Message) => void)[] = [];
  readonly closed: Promise<Error | undefined>;
  #last = 0;

  constructor(transport: Transport) {
    this.transport = transport;
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.closed = promise;
    transport.start({
      onMessage: (message) => {
        const first = this.#waiting.shift();
        if (first) first(message);
        else this.#inbox.push(message);
      },
      onClose: resolve,
    });
  }

  get unread(): number {
    return this.#inbox.length;
  }

  send(message: Message): boolean {
    return this.transport.send(message);
  }

  next(): Promise<Message> {
    const message = this.#inbox.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next message, which has to be of this type. */
  async expect<T extends Message["type"]>(type: T): Promise<Extract<Message, { type: T }>> {
    const message = await this.next();
    assert.equal(message.type, type, JSON.stringify(message));
    return message as Extract<Message, { type: T }>; // checked on the line above
  }

  id(): RequestId {
    this.#last += 1;
    return toId<RequestId>(this.#last);
  }

  async join(realm = "realm1"): Promise<this> {
    const roles = { caller: {}, callee: {}, publisher: {}, subscriber: {} };
    this.send({ type: "HELLO", realm: toUri(realm), details: { roles } });
    await this.expect("WELCOME");
    return this;
  }

  async subscribe(topic: string, options: Record<string, unknown> = {}): Promise<void> {
    this.send({ type: "SUBSCRIBE", request: this.id(), options, topic: toUri(topic) });
    await this.expect("SUBSCRIBED");
  }

  async register(procedure: string): Promise<void> {
    this.send({ type: "REGISTER", request: this.id(), options: {}, procedure: toUri(procedure) });
    await this.expect("REGISTERED");
  }

  publish(topic: string, args: readonly unknown[], options: Record<string, unknown> = {}): void {
    this.send({ type: "PUBLISH", request: this.id(), options, topic: toUri(topic), payload: payloadOf(args) });
  }

  call(procedure: string, args: readonly unknown[] = []): void {
    const payload = payloadOf(args);
    this.send({ type: "CALL", request: this.id(), options: {}, procedure: toUri(procedure), payload });
  }
}

export async function talk(t: TestContext, url: string, serializer: SerializerName = "json"): Promise<Talk> {
  const transport = await connect(url, { serializer });
  t.after(() => transport.abort());
  return new Talk(transport);
}
