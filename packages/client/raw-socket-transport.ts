/**
 * A Transport over an open raw socket: one frame is one serialized message. Owns nothing but the order of ends: after
 * the peer's first octets that are no WAMP message, nothing more of it is looked at.
 */
import {
  ApplicationError,
  type ChannelBindingType,
  ErrorUri,
  type Message,
  noPayload,
  ProtocolViolation,
  type Transport,
  type TransportHandlers,
} from "@pinion/wamp";
import type { Serializer, SerializerName } from "@pinion/wamp/serializer";
import { FramingError } from "net-socket-raw-framing";
import type { RawSocketConnection } from "net-socket-raw-framing/node";
import { answersPings } from "./answers-pings.ts";
import { channelId } from "./channel-id.ts";

export class RawSocketTransport implements Transport {
  readonly serializer: SerializerName;
  readonly url: string;
  readonly local: boolean;
  readonly #connection: RawSocketConnection;
  readonly #serializer: Serializer;
  #violation: ProtocolViolation | undefined;
  #dropped: Error | undefined;
  #closing = false;

  /** For either end of a connection, in the turn in which it was opened. */
  constructor(connection: RawSocketConnection, serializer: Serializer, url: string) {
    this.#connection = connection;
    this.#serializer = serializer;
    this.serializer = serializer.name;
    this.url = url;
    this.local = connection.remote.local;
  }

  /** As the end that opened the connection has it. */
  channelId(type: ChannelBindingType): Uint8Array | undefined {
    return channelId(this.#connection.socket, type, "client");
  }

  start(handlers: TransportHandlers): void {
    this.#connection.start({
      onMessage: (payload) => this.#received(payload, handlers),
      onClose: (error) => handlers.onClose(this.#violation ?? this.#dropped ?? error),
      onDrain: () => handlers.onDrain?.(),
    });
  }

  send(message: Message): boolean {
    if (this.#closing) return true;
    const bytes = this.#serializer.marshal(message);
    if (bytes.length > this.#connection.maxSend) throw tooLong(message, bytes.length, this.#connection.maxSend);
    try {
      return this.#connection.send(bytes);
    } catch (error) {
      if (error instanceof FramingError) throw tooLong(message, bytes.length, this.#connection.maxSend, error);
      throw error;
    }
  }

  close(): void {
    this.#closing = true;
    this.#connection.close();
  }

  abort(error?: Error): void {
    this.#closing = true;
    this.#dropped ??= error;
    this.#connection.abort(error);
  }

  #received(payload: Uint8Array, handlers: TransportHandlers): void {
    if (this.#violation) return;
    let message: Message;
    try {
      message = this.#serializer.parse(payload);
    } catch (error) {
      this.#violated(error instanceof ProtocolViolation ? error : new ProtocolViolation(String(error)));
      return;
    }
    if (message.type === "WELCOME") this.#acquaint(message.details["agent"]);
    handlers.onMessage(message);
  }

  /** A router that answers PINGs is sent one at once, for it is a proof to the router as well: it may ping this end now. */
  #acquaint(agent: unknown): void {
    if (!answersPings(agent)) return;
    this.#connection.expectPongs();
    this.#connection.ping().catch(() => {
      // Whether the router is there is for the regular PING to judge.
    });
  }

  /** The peer broke the protocol: ABORT, then the end (spec "Protocol Violations"). */
  #violated(violation: ProtocolViolation): void {
    this.#violation = violation;
    try {
      const details = { message: violation.message };
      this.send({ type: "ABORT", details, reason: violation.reason, payload: noPayload });
    } catch {
      // The reason is lost, the end is not.
    }
    this.close();
  }
}

function tooLong(message: Message, length: number, limit: number, cause?: FramingError): ApplicationError {
  const text = `the ${message.type} takes ${length} octets, the peer receives at most ${limit}`;
  return Object.assign(new ApplicationError(ErrorUri.payloadSizeExceeded, [text]), { cause });
}
