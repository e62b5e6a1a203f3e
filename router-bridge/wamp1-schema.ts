/** Settings of WAMP v1, as part of the one schema. */
import { Type } from "typebox";
import { count, milliseconds, octets } from "./bounded-number.ts";

const closed = { additionalProperties: false } as const;
const address = Type.String({ minLength: 1, maxLength: 512, examples: ["http://example.com/device#"] });

export const wamp1 = Type.Object(
  {
    realm: Type.Optional(Type.String({ minLength: 1, description: "that v1 clients join; default: the first" })),
    flavour: Type.Union([Type.Literal("autobahn"), Type.Literal("clj-wamp")], {
      default: "autobahn",
      description: "whose ways are followed where the servers of v1 differ",
    }),
    auth: Type.Optional(
      Type.Union([
        Type.Literal(false),
        Type.Object(
          {
            anonymous: Type.Boolean({
              default: false,
              description: "who asks with null for a key gets auth.anonymous",
            }),
            timeout: milliseconds(20_000, "a session that has not authenticated by then is closed"),
          },
          closed,
        ),
      ]),
    ),
    publisherReceives: Type.Optional(
      Type.Boolean({ description: "its own event, unless PUBLISH says; default: as the flavour has it" }),
    ),
    uris: Type.Array(Type.Object({ v1: address, v2: Type.String({ maxLength: 512, examples: ["device."] }) }, closed), {
      default: [],
      maxItems: 1000,
      description: "how URIs of v1 and v2 belong together",
    }),
    base: Type.String({
      pattern: "^[a-z][a-z0-9+.-]*://.*[#/:=]$",
      maxLength: 512,
      default: "http://pinion.local/#",
      description: "stands before v2 URIs that no rule speaks for",
    }),
    unlisted: Type.Union([Type.Literal("derive"), Type.Literal("refuse")], {
      default: "derive",
      description: "what a v1 URI that no rule speaks for is: what stands behind its host, or nothing",
    }),
    maxMessage: octets(1_048_576, "one message received"),
    maxPrefixes: count(256, "prefixes of one session"),
    maxFaults: count(1000, "messages of one session that had to be dropped; one more closes it"),
  },
  closed,
);
