/**
 * A router whose every word is the test's: it records what a client sends and says what it is told to. For what no sound
 * router would do.
 */
import type { Connector, Dict, Message, MessageType, SessionId, TransportHandlers } from "@pinion/wamp";
import { CloseUri, toId } from "@pinion/wamp";
import { LinkedTransport } from "./linked-transport.ts";
import { settle } from "./virtual-clock.ts";

const EVERYTHING: Dict = {
  broker: { features: { pattern_based_subscription: true, publisher_exclusion: true } },
  dealer: { features: { call_canceling: true, call_timeout: true } },
};

export class ScriptedPeer {
  readonly transport: LinkedTransport;
  readonly client: LinkedTransport;
  readonly received: Message[] = [];
  answersGoodbye = true;
  closed: { error: Error | undefined } | undefined;

  constructor() {
    [this.client, this.transport] = LinkedTransport.pair();
    const handlers: TransportHandlers = {
      onMessage: (message) => {
        this.received.push(message);
        if (message.type !== "GOODBYE" || !this.answersGoodbye) return;
        this.transport.send({ type: "GOODBYE", details: {}, reason: CloseUri.goodbyeAndOut });
      },
      onClose: (error) => {
        this.closed = { error };
      },
    };
    this.transport.start(handlers);
  }

  async say(message: Message): Promise<void> {
    this.transport.send(message);
    await settle();
  }

  async welcome(roles: Dict = EVERYTHING): Promise<void> {
    await this.say({ type: "WELCOME", session: toId<SessionId>(4711), details: { roles } });
  }

  /** The one message of that type that was received. Throws when there is none, or more than one. */
  only<T extends MessageType>(type: T): Extract<Message, { type: T }> {
    const found = this.all(type);
    const [first] = found;
    if (first === undefined || found.length > 1) {
      const seen = this.received.map((message) => message.type).join(", ");
      throw new Error(`${String(found.length)} ${type} among: ${seen}`);
    }
    return first;
  }

  all<T extends MessageType>(type: T): Extract<Message, { type: T }>[] {
    return this.received.filter((message): message is Extract<Message, { type: T }> => message.type === type);
  }
}

export class ScriptedRouter {
  readonly peers: ScriptedPeer[] = [];
  /** What the next tries to connect get instead of a connection. */
  readonly refusals: Error[] = [];

  readonly connector: Connector = () => {
    const refusal = this.refusals.shift();
    if (refusal) return Promise.reject(refusal);
    const peer = new ScriptedPeer();
    this.peers.push(peer);
    return Promise.resolve(peer.client);
  };

  get last(): ScriptedPeer {
    const peer = this.peers.at(-1);
    if (!peer) throw new Error("nobody has connected");
    return peer;
  }
}
