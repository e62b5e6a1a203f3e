/**
 * One client joined to one connection of its own to the existing router. Octets pass untouched where both sides speak the
 * same serializer. Owns both links, what was said before the router answered, and who was told what at the end. It must
 * not know realms, rights or ids: the router sees every client itself.
 */
import {
  CloseUri,
  ErrorUri,
  noPayload,
  ProtocolViolation,
  UsageError,
  type Dict,
  type Message,
  type Uri,
} from "@pinion/wamp";
import { MARSHAL_ROOM } from "@pinion/wamp/serializer";
import type { Counters } from "../counters.ts";
import { Encoded, Outgoing } from "../encoded.ts";
import type { Link } from "../link.ts";
import type { FoldedLog } from "../log.ts";
import { messageCode, MessageCode } from "./message-code.ts";
import type { Upstream } from "./open-upstream.ts";
import { substituteFor } from "./oversize.ts";
import { passRuns } from "./pass-runs.ts";

/** WebSocket close codes (RFC 6455, 7.4 and IANA). */
const Code = { normal: 1000, goingAway: 1001, violation: 1002, policy: 1008, badGateway: 1014 } as const;

const NOT_LOCAL =
  "only peers on this machine may pass to a router that is on it too; " +
  "if that router authenticates local peers, write upstream.acceptRemote: true";

export interface RelaySessionOptions {
  readonly upstream: Upstream;
  readonly joinTimeout: number;
  /** Octets that a client may send before the router is reached; all it has to say before WELCOME is HELLO. */
  readonly heldOctets: number;
  readonly counters: Counters;
  readonly folded: FoldedLog;
  readonly onEnd: (session: RelaySession) => void;
}

type Side = "client" | "upstream";

export class RelaySession {
  /** Nothing waits behind the connections: for a side that is full the other one is not read. */
  readonly queuedMessages = 0;
  readonly #client: Link;
  readonly #options: RelaySessionOptions;
  readonly #giveUp = new AbortController();
  #upstream: Link | undefined;
  #held: Uint8Array[] = [];
  #heldOctets = 0;
  #timer: NodeJS.Timeout | undefined;
  #joined = false;
  #over = false;
  /** Links that have not closed yet. */
  #open = 1;
  /** Who has said GOODBYE or ABORT, so that nothing is added to it. */
  readonly #parted = { client: false, upstream: false };

  constructor(client: Link, options: RelaySessionOptions) {
    this.#client = client;
    this.#options = options;
  }

  get joined(): boolean {
    return this.#joined && !this.#over;
  }

  /** Octets that either side has not taken. */
  get queuedOctets(): number {
    return this.#client.bufferedAmount + (this.#upstream?.bufferedAmount ?? 0);
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#end(ErrorUri.timeout, `no HELLO within ${String(this.#options.joinTimeout)} ms`, Code.policy);
    }, this.#options.joinTimeout);
    this.#client.start({
      onMessage: (octets, room) => this.#fromClient(octets, room),
      onViolation: (words) => this.#end(ErrorUri.protocolViolation, words, Code.violation),
      onDrain: () => this.#upstream?.resume(),
      onClose: (words) => this.#clientClosed(words),
    });
  }

  /** The bridge stops: both sides are told. */
  stop(): void {
    this.#end(CloseUri.systemShutdown, "the router-bridge shuts down", Code.goingAway);
  }

  /** Drops both connections at once. */
  abort(words: string): void {
    this.#over = true;
    this.#giveUp.abort(new Error(words));
    this.#client.abort(words);
    this.#upstream?.abort(words);
  }

  #fromClient(octets: Uint8Array, room?: number): void {
    if (this.#over) return;
    if (this.#upstream !== undefined) return this.#forward("client", octets, room);
    this.#held.push(octets);
    this.#heldOctets += octets.length;
    const { heldOctets } = this.#options;
    if (this.#heldOctets > heldOctets) {
      const words = `more than ${String(heldOctets)} octets were sent before the router was reached`;
      this.#end(ErrorUri.protocolViolation, words, Code.policy);
    } else if (this.#held.length === 1) void this.#connect();
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#timer);
    const { upstream, counters, folded } = this.#options;
    // such a client comes through a proxy on this machine: listeners that others reach are refused by the configuration
    if (!this.#client.info.local && !upstream.takesRemote) {
      return this.#end(ErrorUri.authenticationRequired, NOT_LOCAL, Code.policy);
    }
    try {
      const link = await upstream.open({ serializer: this.#client.serializer.name, signal: this.#giveUp.signal });
      if (this.#over) return link.abort("the client is gone");
      this.#reached(link);
    } catch (error) {
      if (this.#over) return;
      counters.add("upstreamFailures");
      const why = error instanceof Error ? error.message : String(error);
      folded.warn("upstream_unreachable", { peer: this.#client.info.address }, why);
      this.#end(ErrorUri.unavailable, `the router behind this relay cannot be reached: ${why}`, Code.badGateway);
    }
  }

  #reached(link: Link): void {
    this.#upstream = link;
    this.#open += 1;
    link.start({
      onMessage: (octets, room) => {
        if (!this.#over) this.#forward("upstream", octets, room);
      },
      onViolation: (words) => this.#upstreamBroke(words),
      onDrain: () => this.#client.resume(),
      onClose: (words) => this.#upstreamClosed(words),
    });
    const held = this.#held;
    this.#held = [];
    for (const octets of held) if (!this.#over) this.#forward("client", octets);
    passRuns(this.#client, link);
    passRuns(link, this.#client);
  }

  #forward(from: Side, octets: Uint8Array, room = 0): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    const [sender, receiver] = from === "client" ? [this.#client, upstream] : [upstream, this.#client];
    const code = messageCode(octets, sender.serializer.name);
    let encoded: Encoded | undefined;
    try {
      encoded = recode({ octets, room }, sender, receiver);
    } catch (fault) {
      if (!(fault instanceof ProtocolViolation)) throw fault;
      this.#options.counters.add("violations");
      if (from === "client") return this.#end(fault.reason, fault.message, Code.violation);
      return this.#upstreamBroke(fault.message);
    }
    if (encoded === undefined || encoded.length > receiver.maxSend) return this.#oversize(from, octets);
    if (code === MessageCode.goodbye || code === MessageCode.abort) this.#parted[from] = true;
    if (code === MessageCode.welcome && from === "upstream") this.#joined = true;
    if (!receiver.send(encoded)) sender.pause();
  }

  /** A message that the receiver cannot take. */
  #oversize(from: Side, octets: Uint8Array): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    const [sender, receiver] = from === "client" ? [this.#client, upstream] : [upstream, this.#client];
    const { counters, folded } = this.#options;
    const substitute = substituteOf(octets, sender);
    const fields = { peer: this.#client.info.address, from, octets: octets.length };
    folded.warn("message_over_peer_limit", fields, "a message did not cross the relay: the receiver cannot take it");
    if (substitute === "dropped") return counters.add("oversizeDropped");
    counters.add("oversizeAnswered");
    if (substitute === "fatal") {
      const words = "a message that the session cannot do without is larger than what the receiver takes";
      return this.#end(ErrorUri.payloadSizeExceeded, words, Code.policy);
    }
    tell(substitute.to === "sender" ? sender : receiver, substitute.message);
  }

  #clientClosed(words: string): void {
    this.#closed();
    if (this.#over) return;
    this.#over = true;
    const said = `the client's connection ended: ${words}`;
    this.#giveUp.abort(new Error(said));
    this.#partFromUpstream(said);
    this.#upstream?.close({ code: Code.goingAway, words: said });
  }

  #upstreamClosed(words: string): void {
    this.#closed();
    if (this.#over) return;
    this.#over = true;
    if (this.#parted.upstream || this.#parted.client) {
      this.#client.close({ code: Code.normal, words: `the router closed the session: ${words}` });
      return;
    }
    const said = `the router ended the connection: ${words}`;
    this.#options.counters.add("upstreamFailures");
    tell(this.#client, abortMessage(ErrorUri.networkFailure, said));
    this.#client.close({ code: Code.badGateway, words: said });
  }

  #upstreamBroke(words: string): void {
    const said = `the router behind this relay broke the protocol: ${words}`;
    this.#options.folded.warn("upstream_violation", { peer: this.#client.info.address }, said);
    this.#end(ErrorUri.networkFailure, said, Code.badGateway);
  }

  /** Ends both sides for a reason of this relay's own; each is told. */
  #end(reason: Uri, words: string, code: number): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#giveUp.abort(new Error(words));
    if (!this.#parted.upstream) {
      const shuttingDown = this.#joined && reason === CloseUri.systemShutdown;
      tell(this.#client, shuttingDown ? goodbyeMessage(reason, words) : abortMessage(reason, words));
    }
    this.#client.close({ code, words });
    this.#partFromUpstream(words);
    this.#upstream?.close({ code: Code.goingAway, words });
  }

  /** GOODBYE from a session that stands, ABORT from one that never did; nothing if the client said so itself. */
  #partFromUpstream(words: string): void {
    if (this.#upstream === undefined || this.#parted.client) return;
    tell(
      this.#upstream,
      this.#joined ? goodbyeMessage(CloseUri.normal, words) : abortMessage(ErrorUri.networkFailure, words),
    );
  }

  #closed(): void {
    clearTimeout(this.#timer);
    this.#open -= 1;
    if (this.#open === 0) this.#options.onEnd(this);
  }
}

/** The same message for the receiver's serializer; undefined if that cannot carry it. @throws ProtocolViolation */
function recode(
  { octets, room }: { readonly octets: Uint8Array; readonly room: number },
  sender: Link,
  receiver: Link,
): Encoded | undefined {
  // what came side by side goes on side by side, in the memory that it came in
  if (sender.serializer === receiver.serializer) {
    if (room < MARSHAL_ROOM) return new Encoded(octets, receiver.serializer);
    const whole = new Uint8Array(octets.buffer, octets.byteOffset - MARSHAL_ROOM, MARSHAL_ROOM + octets.length);
    return new Encoded(whole, receiver.serializer, MARSHAL_ROOM);
  }
  const message = sender.serializer.parse(octets);
  try {
    return new Encoded(receiver.serializer.marshalWithRoom(message), receiver.serializer, MARSHAL_ROOM);
  } catch (fault) {
    if (fault instanceof UsageError) return undefined;
    throw fault;
  }
}

function substituteOf(octets: Uint8Array, sender: Link): ReturnType<typeof substituteFor> {
  try {
    return substituteFor(sender.serializer.parse(octets));
  } catch {
    return "fatal";
  }
}

function tell(link: Link, message: Message): void {
  const encoded = new Outgoing(message).encoded(link.serializer.name);
  if (encoded.length <= link.maxSend) link.send(encoded);
}

function abortMessage(reason: Uri, message: string): Message {
  return { type: "ABORT", details: { message } satisfies Dict, reason, payload: noPayload };
}

function goodbyeMessage(reason: Uri, message: string): Message {
  return { type: "GOODBYE", details: { message } satisfies Dict, reason };
}
