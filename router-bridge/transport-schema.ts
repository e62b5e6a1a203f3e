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
