/** A client of WAMP v1 as plain as can be: what is sent is what the test says, what came is a queue. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { WebSocket } from "ws";

const PATIENCE = 20_000;

export class V1Client {
  readonly socket: WebSocket;
  readonly #came: unknown[][] = [];
  readonly #waiting: ((message: unknown[]) => void)[] = [];
  readonly #closed: Promise<{ code: number; words: string }>;
  #calls = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString()) as unknown[]; // the adapter sends lists only; asserted by every test
      const next = this.#waiting.shift();
      if (next === undefined) this.#came.push(message);
      else next(message);
    });
    socket.on("error", () => undefined);
    this.#closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => resolve({ code, words: reason.toString() }));
    });
  }

  send(message: unknown): void {
    this.raw(JSON.stringify(message));
  }

  raw(text: string | Buffer): void {
    this.socket.send(text);
  }

  async next(): Promise<readonly unknown[]> {
    const known = this.#came.shift();
    if (known !== undefined) return known;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("nothing came")), PATIENCE);
    });
    try {
      return await Promise.race([new Promise<unknown[]>((resolve) => this.#waiting.push(resolve)), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The answer without type and call id; nothing else may come before it. */
  async call(procedure: string, ...args: readonly unknown[]): Promise<readonly unknown[]> {
    const id = `call-${String((this.#calls += 1))}`;
    this.send([2, id, procedure, ...args]);
    const [type, answered, ...rest] = await this.next();
    assert.equal(answered, id);
    return [type, ...rest];
  }

  /** Resolves when the router has done all that was sent before. */
  async settled(): Promise<void> {
    const [type, error] = await this.call("http://nowhere.example/no:such::#");
    assert.equal(type, 4);
    assert.match(String(error), /NoSuchRPCEndpoint|notfound/);
  }

  closed(): Promise<{ code: number; words: string }> {
    return this.#closed;
  }

  get unread(): number {
    return this.#came.length;
  }
}

/** Connected, nothing read. */
export async function v1Connect(t: TestContext, at: string, protocols: string | string[] = "wamp"): Promise<V1Client> {
  const socket = new WebSocket(`ws://${at}/ws`, protocols);
  t.after(() => socket.terminate());
  const client = new V1Client(socket);
  await once(socket, "open");
  return client;
}

/** Welcomed, with its session id. */
export async function v1Client(t: TestContext, at: string): Promise<V1Client & { readonly id: string }> {
  const client = await v1Connect(t, at);
  const [type, id, version] = await client.next();
  assert.deepEqual([type, version], [0, 1]);
  return Object.assign(client, { id: String(id) });
}

export const AUTHREQ = "http://api.wamp.ws/procedure#authreq";
export const AUTH = "http://api.wamp.ws/procedure#auth";
export const ERROR = "http://api.wamp.ws/error#";

export function hmac(key: string, message: string): string {
  return createHmac("sha256", key).update(message).digest("base64");
}
