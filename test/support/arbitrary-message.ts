/** Arbitrary WAMP messages, made from the message table: a message type added there is generated here. */
import * as fc from "fast-check";
import { MAX_ID, type Message, type MessageType, payloadOf, type Payload } from "../../packages/wamp/index.ts";
import { type ElementKind, messageTable } from "../../packages/wamp/message-table.ts";

export const anyId = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  fc.maxSafeInteger().map((value) => Math.abs(value) + 1),
  fc.constantFrom(1, 23, 24, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, MAX_ID),
);

export const anyUri = fc
  .array(fc.oneof(fc.stringMatching(/^[a-z0-9_]{1,12}$/), fc.stringMatching(/^[^\s.#\ud800-\udfff]{1,6}$/u)), {
    minLength: 1,
    maxLength: 5,
  })
  .map((components) => components.join("."));

/** Text that every serialization can carry: no lone surrogates, no U+0000 in front (JSON would read it as binary). */
export const anyText = fc.string({ unit: "binary", maxLength: 40 }).filter((text) => !text.startsWith("\0"));

const anyInteger = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    -1,
    -24,
    -25,
    -32,
    -33,
    -128,
    -129,
    -32_768,
    -32_769,
    -(2 ** 31),
    -(2 ** 31) - 1,
    -(2 ** 40),
    2 ** 60,
  ),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).filter((value) => BigInt(Number(value)) !== value),
);

const anyScalar = fc.oneof(
  fc.constantFrom(null, true, false),
  anyInteger,
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  anyText,
  fc.uint8Array({ maxLength: 40 }),
);

export const anyValue = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4, depthSize: "small" }, anyScalar, tie("list"), tie("dict")),
  list: fc.array(tie("value"), { maxLength: 20 }),
  dict: fc.dictionary(fc.oneof(anyText, fc.constantFrom("__proto__", "constructor", "toString")), tie("value"), {
    maxKeys: 18,
    noNullPrototype: true,
  }),
}));

/* Keys that WAMP does not know, so that no rule applies to their values. */
const anyOptions = fc.dictionary(fc.stringMatching(/^x_[a-z]{1,8}$/), anyValue.value, {
  maxKeys: 3,
  noNullPrototype: true,
});

export const anyPayload: fc.Arbitrary<Payload> = fc
  .tuple(fc.array(anyValue.value, { maxLength: 4 }), anyValue.dict)
  .map(([args, kwargs]) => payloadOf(args, kwargs as Readonly<Record<string, unknown>>)); // a dictionary, as it says

function element(type: MessageType, kind: ElementKind): fc.Arbitrary<unknown> {
  switch (kind) {
    case "id":
      return anyId;
    case "request-or-zero":
      return fc.oneof(anyId, fc.constant(0));
    case "request-type":
      return fc.constantFrom(16, 32, 34, 48, 64, 66, 68);
    case "uri":
    case "pattern":
      return anyUri;
    case "string":
      return anyText;
    case "dict":
      break;
  }
  if (type === "HELLO")
    return anyOptions.map((rest) => ({ roles: { caller: { features: { call_canceling: true } } }, ...rest }));
  if (type === "WELCOME") return anyOptions.map((rest) => ({ roles: { broker: {} }, ...rest }));
  return anyOptions;
}

function ofType(type: MessageType): fc.Arbitrary<Message> {
  const shape = messageTable[type];
  const fields: Record<string, fc.Arbitrary<unknown>> = { type: fc.constant(type) };
  for (const [field, kind] of shape.elements) fields[field] = element(type, kind);
  if (shape.payload) fields["payload"] = anyPayload;
  return fc.record(fields).map((message) => {
    const revocation = message["request"] === 0 ? { details: { reason: "gone" } } : {};
    return { ...message, ...revocation } as unknown as Message; // made by the table, which is typed by the messages
  });
}

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  ...Object.values(messageTable).map(({ type }) => ofType(type)),
);

/** A message with its payload taken out, so that two can be compared by value. */
export function plain(message: Message): Readonly<Record<string, unknown>> {
  if (!("payload" in message)) return { ...message };
  const { payload, ...envelope } = message;
  return { ...envelope, args: payload.args, kwargs: payload.kwargs };
}
