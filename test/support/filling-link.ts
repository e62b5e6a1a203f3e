/** A link whose kernel is the test: what is sent stays until the test takes it. */
import { serializers } from "@pinion/wamp/serializer";
import type { Message } from "@pinion/wamp";
import type { Encoded } from "../../router-bridge/encoded.ts";
import type { Farewell, Link, LinkHandlers } from "../../router-bridge/link.ts";

export class FillingLink implements Link {
  readonly serializer = serializers.json;
  readonly info = { transport: "memory", local: true, tls: false, address: "memory" } as const;
  maxSend = 1_000_000;
  /** `send` answers false above this many octets. */
  readonly highWater: number;
  readonly sent: Encoded[] = [];
  readonly farewells: Farewell[] = [];
  paused = false;
  bufferedAmount = 0;
  #handlers: LinkHandlers | undefined;

  constructor(highWater = 100) {
    this.highWater = highWater;
  }

  get messages(): readonly Message[] {
    return this.sent.map(({ octets }) => this.serializer.parse(octets));
  }

  start(handlers: LinkHandlers): void {
    this.#handlers = handlers;
  }
  send(encoded: Encoded): boolean {
    this.sent.push(encoded);
    this.bufferedAmount += encoded.length;
    return this.bufferedAmount <= this.highWater;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  close(farewell: Farewell): void {
    this.farewells.push(farewell);
  }
  abort(words: string): void {
    this.#handlers?.onClose(words);
  }

  /** The peer takes all that the link holds. */
  take(): void {
    this.bufferedAmount = 0;
    this.#handlers?.onDrain();
  }

  says(text: string): void {
    this.#handlers?.onMessage(Buffer.from(text));
  }
}
