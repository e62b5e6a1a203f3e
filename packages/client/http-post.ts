/** POST requests to one router, over TCP, TLS or a Unix socket, on connections that are kept. Owns the agent. */
import { Agent, request as requestHttp, type RequestOptions } from "node:http";
import { Agent as TlsAgent, request as requestHttps } from "node:https";
import type { ConnectionOptions } from "node:tls";

export interface HttpTarget {
  /** `http:` or `https:`, host, port and the path of long-poll. */
  readonly base: URL;
  /** A Unix socket to make requests on. */
  readonly socketPath?: string | undefined;
  readonly tls?: ConnectionOptions | undefined;
  /** Octets of an answer. */
  readonly maxBody: number;
}

export interface Post {
  readonly body?: Uint8Array | undefined;
  readonly type?: string | undefined;
  /** Until the whole answer is there, ms; absent: for ever. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The answer is of no interest: on a connection of its own, which keeps no process running. */
  readonly parting?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

export class HttpPost {
  readonly #target: HttpTarget;
  readonly #agent: Agent;

  constructor(target: HttpTarget) {
    this.#target = target;
    const secure = target.base.protocol === "https:";
    const tls: object = target.tls ?? {}; // an agent hands them to tls.connect
    this.#agent = secure ? new TlsAgent({ ...tls, keepAlive: true }) : new Agent({ keepAlive: true });
  }

  /** Rejects with what the socket reports, with the signal's reason, or in words. */
  post(path: string, post: Post = {}): Promise<Answer> {
    const { base, socketPath, tls } = this.#target;
    const { body = new Uint8Array(0), type, timeout, signal, parting = false } = post;
    const options: RequestOptions = {
      method: "POST",
      agent: parting ? false : this.#agent,
      headers: { "Content-Length": body.length, ...(type === undefined ? {} : { "Content-Type": type }) },
      ...(socketPath === undefined ? {} : { socketPath }),
      ...(parting && tls ? tls : {}),
    };
    const url = new URL(`${base.pathname.replace(/\/$/, "")}${path}`, base);
    return new Promise((resolve, reject) => {
      const request = (base.protocol === "https:" ? requestHttps : requestHttp)(url, options);
      const late = (): void => {
        request.destroy(new Error(`the router did not answer within ${String(timeout)} ms: the link is dead`));
      };
      const timer = timeout === undefined ? undefined : setTimeout(late, timeout);
      const onAbort = (): void => {
        request.destroy(signal?.reason instanceof Error ? signal.reason : new Error("it was given up"));
      };
      if (parting) timer?.unref();
      request.once("socket", (socket) => {
        if (parting) socket.unref();
      });
      request.once("close", () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        reject(new Error("the connection was closed before the answer was complete"));
      });
      request.on("error", reject);
      request.once("response", (response) => {
        response.on("error", reject);
        this.#collect(response, (status, whole) => resolve({ status, body: whole }), reject);
      });
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener("abort", onAbort, { once: true });
      request.end(body);
    });
  }

  destroy(): void {
    this.#agent.destroy();
  }

  #collect(
    response: NodeJS.ReadableStream & { statusCode?: number | undefined; destroy(error?: Error): unknown },
    done: (status: number, body: Uint8Array) => void,
    failed: (error: Error) => void,
  ): void {
    const chunks: Buffer[] = [];
    let octets = 0;
    response.on("data", (chunk: Buffer) => {
      octets += chunk.length;
      chunks.push(chunk);
      if (octets <= this.#target.maxBody) return;
      const error = new Error(`the router's answer is longer than ${String(this.#target.maxBody)} octets`);
      failed(error);
      response.destroy(error);
    });
    response.once("end", () => done(response.statusCode ?? 0, Buffer.concat(chunks)));
  }
}
