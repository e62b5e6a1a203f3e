/**
 * One open raw socket. Owns the socket from the end of the handshake to its close: reading, decoding, delivery, answers
 * to PINGs, and the single word that it ended. Reading stops while the user has paused or while answers to PINGs wait
 * for a peer that does not read; octets received but not yet decoded are then held, at most one chunk.
 * Knows neither who opened the socket nor what a message means.
 */
import type { Socket } from "node:net";
import {
  type Agreement,
  checkFrame,
  checkMessages,
  encodePrefix,
  FrameDecoder,
  FrameType,
  FramingError,
  type SendLimits,
  type Wire,
} from "../index.ts";
import { type ConnectionSettings, DEFAULTS, type PingOptions } from "./options.ts";
import { Pings } from "./pings.ts";
import type { RawSocketConnection, RawSocketHandlers, RawSocketRemote, RunHandlers } from "./raw-socket-connection.ts";
import { describeRemote } from "./remote.ts";
import { SendQueue, type SendQueueEvents } from "./send-queue.ts";
import { receiveShared, type SharedReceiver } from "./shared-receiving.ts";
import { openError } from "./socket-error.ts";
import { retransmissions } from "./tcp-table.ts";
import { withoutListeners } from "./taken-over-socket.ts";
import { UserTimeout, type UserTimeoutContext } from "./user-timeout.ts";

const NOTHING: Uint8Array = new Uint8Array(0);
/** Octets before a payload in memory of its own, for what somebody puts in front of it to pass it on. */
const ROOM_BEFORE = 128;

export interface Established {
  readonly agreement: Agreement;
  readonly wire: Wire;
  /** What came glued to the handshake. */
  readonly rest: Uint8Array;
}

/** Its own parts report to it by its public methods: objects of closures instead are a kilobyte for each idle connection. */
export class SocketConnection implements RawSocketConnection, SendQueueEvents, UserTimeoutContext, SharedReceiver {
  readonly serializer: number;
  readonly maxSend: number;
  readonly maxReceive: number;
  readonly remote: RawSocketRemote;
  readonly socket: Socket;
  readonly #socket: Socket;
  readonly #wire: Wire;
  readonly #limits: SendLimits;
  readonly #queue: SendQueue;
  readonly #decoder: FrameDecoder;
  readonly #pingOptions: PingOptions | undefined;
  readonly #pingTimeout: number;
  /** Made for the first PING or PONG: most connections never see one. */
  #pings: Pings | undefined;
  readonly #userTimeout: UserTimeout | undefined;
  readonly #closeTimeout: number;
  #handlers: RawSocketHandlers | undefined;
  #held: Uint8Array;
  #received = 0;
  #paused = false;
  /** Answers to PINGs wait for a peer that does not read. */
  #answersWait = false;
  #userWaits = false;
  #delivering = false;
  #peerEnded = false;
  #closing = false;
  #closeTimer: NodeJS.Timeout | undefined;
  #failure: FramingError | undefined;
  #dropped = false;
  #closed = false;

  constructor(socket: Socket, established: Established, settings: ConnectionSettings) {
    const { agreement, wire, rest } = established;
    this.serializer = agreement.serializer;
    this.maxSend = agreement.maxSend;
    this.maxReceive = agreement.maxReceive;
    this.remote = describeRemote(socket);
    this.socket = socket;
    this.#socket = socket;
    this.#wire = wire;
    this.#limits = { maxLength: agreement.maxSend, wire, allowLengthBit: settings.allowLengthBit ?? false };
    // an empty view of the handshake would keep that in memory
    this.#held = rest.length === 0 ? NOTHING : rest;
    this.#closeTimeout = settings.closeTimeout ?? DEFAULTS.closeTimeout;
    this.#queue = new SendQueue(
      socket,
      {
        highWaterMark: settings.highWaterMark ?? DEFAULTS.highWaterMark,
        maxBuffered: settings.maxBuffered ?? DEFAULTS.maxBuffered,
      },
      this,
    );
    const { maxReceive } = agreement;
    this.#decoder = new FrameDecoder({ maxLength: maxReceive, wire, allocate }, (type, payload, room) =>
      this.#onFrame(type, payload, room),
    );
    this.#pingOptions = settings.ping;
    this.#pingTimeout = settings.ping?.timeout ?? DEFAULTS.pingTimeout;
    this.#userTimeout = this.#watchOver(settings.userTimeout ?? DEFAULTS.userTimeout);
    this.#adopt();
  }

  get answersPings(): boolean {
    return this.#pings?.answers ?? false;
  }

  get bufferedAmount(): number {
    return this.#queue.bufferedAmount;
  }

  start(handlers: RawSocketHandlers): void {
    if (this.#handlers !== undefined) throw new FramingError("bad_option", "start was called twice: once is enough");
    this.#handlers = handlers;
    if (this.#closed) {
      queueMicrotask(() => handlers.onClose(this.#failure));
      return;
    }
    if (this.#pings !== undefined) this.#pings.start();
    else if (this.#pingOptions !== undefined && this.#pingOptions.towards !== "proven") this.#needPings();
    this.#userTimeout?.start();
    process.nextTick(() => this.#deliver());
  }

  send(payload: Uint8Array): boolean {
    return this.#remember(this.#sendTyped(FrameType.MESSAGE, payload, this.#limits));
  }

  sendFrame(frame: Uint8Array): boolean {
    if (checkFrame(frame, this.#limits) !== FrameType.MESSAGE) {
      throw new FramingError("bad_frame", "sendFrame takes messages: use ping for a PING");
    }
    return this.#remember(this.#queue.pushShared(frame));
  }

  passRuns(runs: RunHandlers): void {
    const onRun = (frames: Uint8Array): boolean => {
      runs.onRun(frames);
      return this.#reads();
    };
    this.#decoder.passRuns({ takes: runs.takes, onRun });
  }

  sendRun(frames: Uint8Array): boolean {
    checkMessages(frames, this.#limits);
    return this.#remember(this.#queue.pushCopy(frames));
  }

  pause(): void {
    this.#paused = true;
    if (!this.#closing) this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    process.nextTick(() => this.#deliver());
  }

  ping(payload?: Uint8Array): Promise<number> {
    if (this.#wire === "standard") return this.#needPings().ping(payload);
    return Promise.reject(new FramingError("ping_unsupported", "a raw socket without handshake has no PING"));
  }

  expectPongs(): void {
    if (this.#wire === "standard") this.#needPings().proven();
  }

  close(): void {
    if (this.#closing || this.#dropped) return;
    this.#closing = true;
    this.#held = NOTHING;
    this.#pings?.stop(closedError());
    this.#queue.end();
    this.#closeTimer = setTimeout(() => this.#giveUpClosing(), this.#closeTimeout);
    // What the peer still sends is read and dropped: unread octets would turn the end into a reset.
    this.#socket.resume();
  }

  abort(error?: Error): void {
    if (error === undefined || error instanceof FramingError) this.#fail(error);
    else this.#fail(new FramingError("aborted", `the connection was dropped: ${error.message}`, { cause: error }));
  }

  #needPings(): Pings {
    if (this.#pings !== undefined) return this.#pings;
    const socket = this.#socket;
    const pings = new Pings(
      {
        send: (payload) => void this.#sendTyped(FrameType.PING, payload, this.#limits),
        received: () => this.#received,
        taken: () => (socket.writableLength > 0 ? socket.bytesWritten - socket.writableLength : 0),
        deaf: () => this.#paused || this.#answersWait,
        onLost: (error) => this.#fail(error),
      },
      this.#pingTimeout,
      this.#pingOptions,
    );
    this.#pings = pings;
    if (this.#closing || this.#dropped) pings.stop(this.#failure ?? closedError());
    else if (this.#handlers !== undefined) pings.start();
    return pings;
  }

  /** Unix sockets have no ports, and nothing between their ends that could be lost. */
  #watchOver(timeout: number | false): UserTimeout | undefined {
    const { localPort, remotePort } = this.#socket;
    if (timeout === false || localPort === undefined || remotePort === undefined) return undefined;
    return new UserTimeout(this, timeout);
  }

  /** For the user timeout. */
  received(): number {
    return this.#received;
  }

  /** For the user timeout. */
  sent(): number {
    return this.#socket.bytesWritten;
  }

  /** For the user timeout. */
  retransmissions(): number {
    const { localPort, remotePort } = this.#socket;
    return localPort === undefined || remotePort === undefined ? 0 : retransmissions(localPort, remotePort);
  }

  /** From the user timeout. */
  onLost(error: FramingError): void {
    this.#fail(error);
  }

  #adopt(): void {
    const socket = this.#socket;
    // Without it Node ends the sending side by itself when the peer ends, before what is queued here has been written.
    socket.allowHalfOpen = true;
    withoutListeners(socket);
    const isShared = receiveShared(socket, this);
    // what the stream holds already comes as `data` even then, and first
    if (!isShared || socket.readableLength > 0) socket.on("data", (chunk: Uint8Array) => this.#onData(chunk));
    socket
      .on("end", () => this.#onEnd())
      .on("error", (error) => this.#onError(error))
      .on("close", () => this.#onClosed());
    socket.pause();
  }

  #onData(chunk: Uint8Array): void {
    this.#received += chunk.length;
    if (this.#closing || this.#dropped) return;
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#deliver();
  }

  /** From the socket. The chunk's memory is every connection's: what is not decoded now has to be copied. */
  onShared(chunk: Uint8Array): void {
    if (this.#handlers === undefined || this.#held.length > 0 || !this.#reads()) return this.#onData(chunk.slice());
    this.#received += chunk.length;
    this.#deliver(chunk);
  }

  #deliver(reused: Uint8Array = NOTHING): void {
    if (this.#delivering || this.#handlers === undefined || this.#closing || this.#dropped) return;
    this.#delivering = true;
    try {
      if (reused.length > 0) {
        const consumed = this.#decoder.push(reused, true);
        if (consumed < reused.length && !this.#closing) this.#held = reused.slice(consumed);
      }
      while (this.#held.length > 0 && this.#reads()) {
        const chunk = this.#held;
        this.#held = NOTHING;
        const consumed = this.#decoder.push(chunk);
        if (consumed < chunk.length && !this.#closing) this.#held = chunk.subarray(consumed);
      }
    } catch (error) {
      this.#fail(error instanceof FramingError ? error : handlerError(error));
    }
    this.#delivering = false;
    this.#afterDelivery();
  }

  #afterDelivery(): void {
    if (this.#closing || this.#dropped) return;
    if (!this.#reads()) this.#socket.pause();
    else if (this.#peerEnded) this.#finishAfterPeer();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #reads(): boolean {
    return !this.#paused && !this.#answersWait && !this.#closing && !this.#dropped;
  }

  #onFrame(type: FrameType, payload: Uint8Array, room: number): boolean {
    if (type === FrameType.MESSAGE) this.#handlers?.onMessage(payload, room);
    else if (type === FrameType.PONG) this.#needPings().answered(payload);
    else {
      this.#answer(payload);
      this.#needPings().proven();
    }
    return this.#reads();
  }

  /** A peer that sends the 25th length bit reads it too. A PING over the peer's own limit cannot be echoed: that ends it. */
  #answer(payload: Uint8Array): void {
    const taken = this.#sendTyped(FrameType.PONG, payload, { ...this.#limits, allowLengthBit: true });
    if (!taken) this.#answersWait = true;
  }

  #sendTyped(type: FrameType, payload: Uint8Array, limits: SendLimits): boolean {
    return this.#queue.push(encodePrefix(type, payload.length, limits), payload);
  }

  #remember(below: boolean): boolean {
    if (!below && !this.#closing && !this.#dropped) this.#userWaits = true;
    return below;
  }

  /** From the queue. */
  onDrain(): void {
    if (this.#answersWait) {
      this.#answersWait = false;
      process.nextTick(() => this.#deliver());
    }
    if (!this.#userWaits || this.#closing) return;
    this.#userWaits = false;
    try {
      this.#handlers?.onDrain?.();
    } catch (error) {
      this.#fail(handlerError(error));
    }
  }

  /** From the queue. */
  onOverflow(octets: number): void {
    const words = `${String(octets)} octets wait for a peer that does not read fast enough: the connection was dropped`;
    this.#fail(new FramingError("send_queue_full", words));
  }

  #onEnd(): void {
    this.#peerEnded = true;
    this.#deliver();
  }

  #finishAfterPeer(): void {
    try {
      this.#decoder.end();
      this.close();
    } catch (error) {
      this.#fail(error instanceof FramingError ? error : handlerError(error));
    }
  }

  #onError(error: Error): void {
    // After the peer's end, or once all is sent, a reset loses nothing that anybody waits for.
    const done = this.#closing && this.bufferedAmount === 0;
    if (this.#peerEnded || done) this.#fail();
    else this.#fail(openError(error));
  }

  #giveUpClosing(): void {
    const left = this.bufferedAmount;
    if (left === 0) this.#fail();
    else this.#fail(new FramingError("close_timeout", `the peer did not take the last ${String(left)} octets in time`));
  }

  #fail(error?: FramingError): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#failure = error;
    this.#held = NOTHING;
    this.#queue.stop();
    this.#socket.destroy();
  }

  #onClosed(): void {
    this.#closed = true;
    this.#dropped = true;
    clearTimeout(this.#closeTimer);
    this.#queue.stop();
    this.#userTimeout?.stop();
    this.#pings?.stop(this.#failure ?? closedError());
    this.#handlers?.onClose(this.#failure);
  }
}

/** A plain array, as all payloads are. Zeros in it would cost a large frame as much as its copy. */
function allocate(octets: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(ROOM_BEFORE + octets).buffer, ROOM_BEFORE);
}

function closedError(): FramingError {
  return new FramingError("connection_closed", "the connection was closed");
}

function handlerError(cause: unknown): FramingError {
  return new FramingError("handler_failed", `a handler of this connection threw: ${String(cause)}`, { cause });
}
