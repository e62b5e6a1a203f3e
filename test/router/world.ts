/**
 * A router with named peers around it, on a clock that moves when the test says so. It plays the outer room: it carries out
 * deliveries in order and fails the test if one reaches a peer whose connection was closed.
 */
import assert from "node:assert/strict";
import {
  payloadOf,
  type Dict,
  type Message,
  type MessageType,
  type ProtocolViolation,
  type RequestId,
  type Uri,
} from "../../packages/wamp/index.ts";
import {
  Router,
  type Delivery,
  type PeerInfo,
  type RouterOptions,
  type RouterSession,
} from "../../router-bridge/router/index.ts";

export type Of<Type extends MessageType> = Extract<Message, { type: Type }>;

export const LOCAL: PeerInfo = { transport: "memory", local: true, tls: false };
export const REMOTE: PeerInfo = { transport: "websocket", local: false, tls: true, address: "192.0.2.7:40000" };

export const ALL_ROLES = {
  publisher: {},
  subscriber: {},
  caller: {},
  callee: { features: { call_canceling: true, progressive_call_results: true } },
};
export const PLAIN_ROLES = { publisher: {}, subscriber: {}, caller: {}, callee: {} };

/** Tests name URIs as they like, also wrong ones; the router has to find out. */
export const uri = (text: string): Uri => text as Uri; // see above
/** The same for ids of any scope. */
export const id = (value: number): never => value as never; // never is assignable to every brand

/** The same numbers in every run. */
export function sequence(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

export class Peer {
  readonly name: string;
  readonly inbox: Message[] = [];
  closed: string | undefined;
  readonly #world: World;
  #session: RouterSession<Peer> | undefined;
  #request = 0;

  constructor(name: string, world: World) {
    this.name = name;
    this.#world = world;
  }

  get session(): RouterSession<Peer> {
    assert.ok(this.#session, `${this.name} is not connected`);
    return this.#session;
  }

  connect(info: PeerInfo): void {
    this.#session = this.#world.router.open(this, info, this.#world.now);
  }

  get sessionId(): number {
    const { member } = this.session;
    assert.ok(member, `${this.name} has not joined`);
    return member.id;
  }

  /** The id of the last request made. */
  get lastRequest(): number {
    return this.#request;
  }

  nextRequest(): RequestId {
    this.#request += 1;
    return id(this.#request);
  }

  send(message: Message): this {
    this.#world.carryOut(this.#world.router.receive(this.session, message, this.#world.now));
    return this;
  }

  violate(violation: ProtocolViolation): void {
    this.#world.carryOut(this.#world.router.violate(this.session, violation, this.#world.now));
  }

  /** The connection breaks. */
  vanish(): void {
    this.closed = "gone";
    this.#world.carryOut(this.#world.router.leave(this.session, this.#world.now));
  }

  /** Everything received since the last call. */
  take(): Message[] {
    return this.inbox.splice(0);
  }

  /** The one message received since the last call, of this type. */
  takeOne<Type extends MessageType>(type: Type): Of<Type> {
    const messages = this.take();
    assert.deepEqual(
      messages.map((message) => message.type),
      [type],
      `what ${this.name} received`,
    );
    return messages[0] as Of<Type>; // its type was compared on the line above
  }

  takeError(error: string, requestType: number): Of<"ERROR"> {
    const message = this.takeOne("ERROR");
    assert.equal(message.error, error);
    assert.equal(message.requestType, requestType);
    return message;
  }

  hello(details: Dict = { roles: ALL_ROLES }, realm = "realm1"): this {
    return this.send({ type: "HELLO", realm: uri(realm), details });
  }

  subscribe(topic: string, options: Dict = {}): number {
    this.send({ type: "SUBSCRIBE", request: this.nextRequest(), options, topic: uri(topic) });
    return this.takeOne("SUBSCRIBED").subscription;
  }

  unsubscribe(subscription: number): this {
    return this.send({ type: "UNSUBSCRIBE", request: this.nextRequest(), subscription: id(subscription) });
  }

  publish(topic: string, args: readonly unknown[] = [], options: Dict = {}): this {
    const request = this.nextRequest();
    return this.send({ type: "PUBLISH", request, options, topic: uri(topic), payload: payloadOf(args) });
  }

  register(procedure: string, options: Dict = {}): number {
    this.send({ type: "REGISTER", request: this.nextRequest(), options, procedure: uri(procedure) });
    return this.takeOne("REGISTERED").registration;
  }

  unregister(registration: number): this {
    return this.send({ type: "UNREGISTER", request: this.nextRequest(), registration: id(registration) });
  }

  /** Gives the request id of the CALL. */
  call(procedure: string, args: readonly unknown[] = [], options: Dict = {}): RequestId {
    const request = this.nextRequest();
    this.send({ type: "CALL", request, options, procedure: uri(procedure), payload: payloadOf(args) });
    return request;
  }

  cancel(request: RequestId, options: Dict = {}): this {
    return this.send({ type: "CANCEL", request, options });
  }

  yield(request: number, args: readonly unknown[] = [], options: Dict = {}): this {
    return this.send({ type: "YIELD", request: id(request), options, payload: payloadOf(args) });
  }

  fail(request: number, error = "com.example.broken", args: readonly unknown[] = [], kwargs: Dict = {}): this {
    const payload = payloadOf(args, kwargs);
    return this.send({
      type: "ERROR",
      requestType: 68,
      request: id(request),
      details: {},
      error: uri(error),
      payload,
    });
  }
}

export class World {
  readonly router: Router<Peer>;
  now = 1_000_000;

  constructor(options: Partial<RouterOptions> = {}) {
    this.router = new Router<Peer>({ random: sequence(), ...options });
  }

  /** A connected peer that has said nothing. */
  connect(name: string, info: PeerInfo = LOCAL): Peer {
    const peer = new Peer(name, this);
    peer.connect(info);
    return peer;
  }

  /** A peer that has joined. */
  join(name: string, details: Dict = { roles: ALL_ROLES }, realm = "realm1"): Peer {
    const peer = this.connect(name).hello(details, realm);
    peer.takeOne("WELCOME");
    return peer;
  }

  /** Lets time pass, and the router do what is due on the way. */
  wait(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (let due = this.router.nextDeadline(); due !== undefined && due <= end; due = this.router.nextDeadline()) {
      this.now = Math.max(this.now, due);
      this.carryOut(this.router.expire(this.now));
    }
    this.now = end;
  }

  carryOut(deliveries: readonly Delivery<Peer>[]): void {
    for (const delivery of deliveries) {
      if ("close" in delivery) {
        assert.equal(delivery.close.closed, undefined, `${delivery.close.name} is closed twice`);
        delivery.close.closed = delivery.reason;
        continue;
      }
      for (const peer of delivery.to) {
        assert.equal(peer.closed, undefined, `${delivery.message.type} for ${peer.name}, whose connection is closed`);
        peer.inbox.push(delivery.message);
      }
    }
  }

  /** Fails the test unless the router forgot everything. */
  assertEmpty(): void {
    for (const [what, count] of Object.entries(this.router.size())) assert.equal(count, 0, `${what} left behind`);
  }
}

export function argsOf(message: Message | undefined): readonly unknown[] {
  assert.ok(message && "payload" in message, "a message with a payload");
  return message.payload.args;
}

/** What kind of messages these are. */
export function types(messages: readonly Message[]): string[] {
  return messages.map((message) => message.type);
}
