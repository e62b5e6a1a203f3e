/**
 * The embedded router core behind any transports: what a router process is, without its listeners. Owns the router, the
 * transports joined to it and its timer; time comes from the clock it is given. `crash` and `restart` stand for a process
 * that dies and comes back with nothing in memory.
 */
import type { Connector, ProtocolViolation, Transport } from "@pinion/wamp";
import { Router, type Delivery, type PeerInfo, type RouterOptions } from "../../router-bridge/router/index.ts";
import { LinkedTransport } from "./linked-transport.ts";

export interface HostClock {
  readonly now: () => number;
  readonly setTimeout: (run: () => void, ms: number) => unknown;
  readonly clearTimeout: (timer: never) => void;
}

type Options = Partial<RouterOptions>;
type Session = ReturnType<Router<Transport>["open"]>;

const IN_MEMORY: PeerInfo = { transport: "memory", local: true, tls: false };

export class RouterHost {
  readonly #clock: HostClock;
  readonly #options: Options;
  readonly #sessions = new Map<Transport, Session>();
  #router: Router<Transport> | undefined;
  #timer: unknown;
  /** Both ends of the connections made by `connector`, client's first. */
  readonly links: [LinkedTransport, LinkedTransport][] = [];

  constructor(clock: HostClock, options: Options = {}) {
    this.#clock = clock;
    this.#options = options;
    this.restart();
  }

  get router(): Router<Transport> {
    if (!this.#router) throw new Error("the router is down");
    return this.#router;
  }

  /** A Connector of clients in this process. Refuses while the router is down. */
  readonly connector: Connector = (signal) => {
    signal.throwIfAborted();
    if (!this.#router) return Promise.reject(new Error("connection refused by memory:"));
    const [near, far] = LinkedTransport.pair();
    this.links.push([near, far]);
    this.accept(far, IN_MEMORY);
    return Promise.resolve(near);
  };

  accept(transport: Transport, info: PeerInfo): void {
    const { router } = this;
    const session = router.open(transport, info, this.#clock.now());
    this.#sessions.set(transport, session);
    transport.start({
      onMessage: (message) => this.#work(router, router.receive(session, message, this.#clock.now())),
      onClose: (error) => {
        if (!this.#sessions.delete(transport)) return;
        const violated = error?.name === "ProtocolViolation";
        // told apart by its name, which is the class's own
        if (violated) this.#work(router, router.violate(session, error as ProtocolViolation, this.#clock.now()));
        this.#work(router, router.leave(session, this.#clock.now()));
      },
    });
    this.#arm();
  }

  /** Every connection breaks, nothing is said. */
  crash(): void {
    this.#router = undefined;
    const transports = [...this.#sessions.keys()];
    this.#sessions.clear();
    for (const transport of transports) transport.abort();
  }

  restart(): void {
    this.#router = new Router<Transport>({ random: Math.random, ...this.#options });
  }

  /** GOODBYE to all. */
  shutdown(): void {
    this.#work(this.router, this.router.shutdown(this.#clock.now()));
  }

  #work(router: Router<Transport>, deliveries: readonly Delivery<Transport>[]): void {
    if (router !== this.#router) return;
    for (const delivery of deliveries) {
      if ("close" in delivery) {
        this.#sessions.delete(delivery.close);
        delivery.close.close();
      } else {
        for (const transport of delivery.to) this.#send(router, transport, delivery);
      }
    }
    this.#arm();
  }

  #send(
    router: Router<Transport>,
    transport: Transport,
    delivery: Extract<Delivery<Transport>, { to: unknown }>,
  ): void {
    try {
      transport.send(delivery.message);
    } catch {
      const session = this.#sessions.get(transport);
      if (session) this.#work(router, router.undeliverable(session, delivery.message, this.#clock.now()));
    }
  }

  #arm(): void {
    // whatever setTimeout gave is what clearTimeout takes
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer as never);
    this.#timer = undefined;
    const at = this.#router?.nextDeadline();
    if (at === undefined) return;
    const wait = Math.min(2 ** 31 - 1, Math.max(0, at - this.#clock.now()));
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#router) this.#work(this.#router, this.#router.expire(this.#clock.now()));
    }, wait);
  }
}
