/** Settings of the transports that are no WebSocket, as part of the one schema. */
import { Type } from "typebox";

const closed = { additionalProperties: false, default: {} } as const;
const milliseconds = (fallback: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 86_400_000, default: fallback, description: `milliseconds; ${description}` });

export const maxMessage = Type.Integer({
  minimum: 512,
  maximum: 16_777_216,
  default: 16_777_216,
  description: "octets of one message received at most; a raw socket rounds down to a power of two",
});

export const rawSocket = Type.Object(
  {
    maxMessage,
    ping: Type.Union([Type.Literal("proven"), Type.Literal("always"), Type.Literal("never")], {
      default: "proven",
      description:
        "who is pinged. proven: who announced itself as Pinion or has sent a PING or PONG; some die of a PING",
    }),
    pingInterval: milliseconds(15_000, "how often a peer that answers is pinged"),
    pingTimeout: milliseconds(
      30_000,
      "a peer silent for this long is gone; one that is not pinged, if TCP finds it dead",
    ),
  },
  closed,
);

export const longPoll = Type.Object(
  {
    enabled: Type.Boolean({ default: true }),
    path: Type.String({ pattern: "^(/[^\\s?#/]+)+$", default: "/lp", examples: ["/lp"] }),
    maxMessage,
    maxBatch: Type.Integer({
      minimum: 1,
      maximum: 10_000_000,
      default: 1024,
      description: "messages of one batch received",
    }),
    receiveTimeout: milliseconds(10_000, "how long a receive is held open while there is nothing to tell"),
    idleTimeout: milliseconds(20_000, "a peer that does not ask again for this long is gone"),
    sessions: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 256, description: "transports open at a time" }),
    emptyStatus: Type.Union([Type.Literal(202), Type.Literal(204)], {
      default: 202,
      description: "of a send or close that went well; 204 is what autobahn-js wants",
    }),
  },
  closed,
);
