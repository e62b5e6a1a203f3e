/**
 * The octets before a connection stands: feeds what a socket receives to a judge until it has decided, within a time.
 * Leaves the socket paused, with no listener but one that keeps late errors from ending the process.
 */
import type { Socket } from "node:net";
import { FramingError } from "../index.ts";
import { openError } from "./socket-error.ts";

export interface ExchangeOptions {
  /** Milliseconds. */
  readonly timeout: number;
  readonly head?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves with the first value that `judge` returns. Whatever else happens rejects with a FramingError and destroys the
 * socket, except an error thrown by `judge`: then the socket is left to the caller.
 */
export function exchange<T>(
  socket: Socket,
  options: ExchangeOptions,
  judge: (chunk: Uint8Array) => T | undefined,
): Promise<T> {
  const { promise, resolve, reject } = settling<T>();
  const fail = (error: FramingError): void => {
    leave();
    socket.destroy();
    reject(error);
  };
  const onData = (chunk: Uint8Array): void => {
    try {
      const decided = judge(chunk);
      if (decided === undefined) return;
      leave();
      resolve(decided);
    } catch (error) {
      leave();
      reject(error);
    }
  };
  const onEnd = (): void => fail(closedEarly());
  const onError = (error: unknown): void => {
    const mapped = openError(error);
    fail(mapped.code === "connection_reset" ? closedEarly(error) : mapped);
  };
  const onAbort = (): void => fail(abortedError(options.signal));
  const timer = setTimeout(() => {
    fail(new FramingError("handshake_timeout", `no complete handshake within ${String(options.timeout)} ms`));
  }, options.timeout);
  const leave = (): void => {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    socket.off("data", onData).off("end", onEnd).off("close", onEnd).off("error", onError);
    // Paused, so that what follows the handshake waits for `start`.
    socket.pause();
  };

  socket.on("error", ignoreLateError);
  if (options.signal?.aborted === true) onAbort();
  else if (socket.destroyed) fail(closedEarly(socket.errored ?? undefined));
  else {
    options.signal?.addEventListener("abort", onAbort, { once: true });
    socket.on("end", onEnd).on("close", onEnd).on("error", onError).on("data", onData);
    if (options.head !== undefined && options.head.length > 0) onData(options.head);
    // `judge` may have decided from the head alone.
    if (socket.listeners("data").includes(onData)) socket.resume();
  }
  return promise;
}

export function abortedError(signal: AbortSignal | undefined): FramingError {
  return new FramingError("aborted", "the attempt was called off", { cause: signal?.reason });
}

/** Some routers answer a serializer they do not have by just closing; the words help with that. */
function closedEarly(cause?: unknown): FramingError {
  const words = "the peer closed during the handshake: it may not speak raw socket or not support the serializer";
  return new FramingError("handshake_closed", words, cause === undefined ? {} : { cause });
}

/** An 'error' event without listener would end the process; whoever must know has been told already. */
export function ignoreLateError(): void {
  // Nothing is left to do.
}

/** Promise.withResolvers, which Node 20 does not have. */
function settling<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve: (value: T) => void = ignoreLateError;
  let reject: (error: unknown) => void = ignoreLateError;
  const promise = new Promise<T>((take, refuse) => {
    resolve = take;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
