/** WAMP over raw socket or WebSocket, JSON or MessagePack; also its frames without a session, for the bare programs. */
import { decode, encode } from "@msgpack/msgpack";
import type { Endpoint } from "./endpoint.ts";
import type { Expectation } from "./frame-scanner.ts";
import type { Link } from "./link.ts";
import {
  digitsOf,
  integerLength,
  integerWidth,
  maskedFrame,
  maskedHeader,
  maskNumber,
  rawFrame,
  writeDigits,
  writeInteger,
} from "./wamp-octets.ts";
import { ask, type NumberedFrame, type Wire } from "./wire.ts";

const CODES = { welcome: 2, publish: 16, published: 17, subscribe: 32, subscribed: 33, event: 36 } as const;
const CALLS = { call: 48, result: 50, register: 64, registered: 65, yield: 70 } as const;
const REQUESTS_AT_ONCE = 500;
const ROLES = { publisher: {}, subscriber: {}, caller: {}, callee: {} };

interface Codec {
  readonly json: boolean;
  /** Where in a message the request id begins: behind `[16,`, or behind the octets of list and type. */
  readonly idAt: number;
  readonly frame: (message: Uint8Array) => Buffer;
  readonly pack: (message: readonly unknown[]) => Buffer;
  readonly isType: (code: number) => (message: Buffer) => boolean;
  /** A message that carries its number as request id. */
  numbered(body: (number: number) => readonly unknown[]): NumberedFrame;
}

function codecOf({ framing, serializer }: Endpoint): Codec {
  const json = serializer === "json";
  const masked = framing === "websocket";
  const idAt = json ? 4 : 2;
  const width = json ? digitsOf : integerWidth;
  const write = json ? writeDigits : writeInteger;
  const frame = (message: Uint8Array): Buffer =>
    masked ? maskedFrame(message, json ? 0x81 : 0x82) : rawFrame(message);
  const pack = (message: readonly unknown[]): Buffer =>
    frame(json ? Buffer.from(JSON.stringify(message)) : encode(message));
  return {
    json,
    idAt,
    frame,
    pack,
    isType: (code) => (message) => {
      const list: unknown = json ? JSON.parse(message.toString()) : decode(message);
      return Array.isArray(list) && list[0] === code;
    },
    numbered: (body) => ({
      make: (number) => pack(body(number)),
      width,
      patch: (frames, at, number) => {
        const message = at + (masked ? maskedHeader(frames, at) : 4);
        write(frames, message + idAt, number);
        if (masked) maskNumber(frames, message, idAt, width(number));
      },
    }),
  };
}

/** Several requests in one write, as many answers. */
async function request(
  link: Link,
  { pack, isType }: Codec,
  bodies: readonly (readonly unknown[])[],
  answer: number,
): Promise<void> {
  for (let at = 0; at < bodies.length; at += REQUESTS_AT_ONCE) {
    const some = bodies.slice(at, at + REQUESTS_AT_ONCE);
    const answers = some.map(() => isType(answer));
    await ask(link, Buffer.concat(some.map(pack)), answers);
  }
}

export function wampWire(endpoint: Endpoint): Wire {
  const codec = codecOf(endpoint);
  const bare = endpoint.protocol === "bare";
  const opening = bare
    ? { join: nothing, subscribe: nothing, register: nothing }
    : {
        join: (link: Link) => ask(link, codec.pack([1, "realm1", { roles: ROLES }]), [codec.isType(CODES.welcome)]),
        subscribe: (link: Link, topics: readonly string[], match: string) => {
          const options = match === "exact" ? {} : { match };
          const bodies = topics.map((topic, i) => [CODES.subscribe, i + 1, options, topic]);
          return request(link, codec, bodies, CODES.subscribed);
        },
        register: (link: Link, procedure: string) =>
          request(link, codec, [[CALLS.register, 1, {}, procedure]], CALLS.registered),
      };
  return {
    ...opening,
    name: (words, match) => words.join(".") + (match === "prefix" ? "." : ""),
    publication: ({ topic, payload, acknowledge }) =>
      codec.numbered((id) => [CODES.publish, id, acknowledge ? { acknowledge } : {}, topic, [payload]]),
    call: (procedure, payload) => codec.numbered((id) => [CALLS.call, id, {}, procedure, [payload]]),
    answer: (payload) => answers(codec, payload),
    expectation: (what, payload) => expectation(what, payload, { json: codec.json, bare }),
  };
}

const nothing = (): Promise<void> => Promise.resolve();

/** YIELD to each INVOCATION, its request id copied as the octets that it came in. */
function answers({ json, idAt, frame }: Codec, payload: string): ReturnType<Wire["answer"]> {
  const head = json ? Buffer.from(`[${String(CALLS.yield)},`) : Buffer.from([0x94, CALLS.yield]);
  const tail = json ? Buffer.from(`,{},${JSON.stringify([payload])}]`) : Buffer.concat([encode({}), encode([payload])]);
  return (message, from) => {
    const at = from + idAt;
    const end = json ? message.indexOf(0x2c, at) : at + integerLength(message[at] ?? 0);
    return frame(Buffer.concat([head, message.subarray(at, end), tail]));
  };
}

function expectation(
  what: "event" | "acknowledgement" | "result",
  payload: number,
  { json, bare }: { json: boolean; bare: boolean },
): Expectation {
  const answered = { event: CODES.event, acknowledgement: CODES.published, result: CALLS.result }[what];
  const copied = { event: CODES.publish, acknowledgement: CODES.published, result: CALLS.yield }[what];
  const code = bare ? copied : answered;
  const digits = String(code);
  const minimum = what === "acknowledgement" ? 0 : payload;
  return json
    ? { offset: 1, first: digits.charCodeAt(0), second: digits.charCodeAt(1), minimum }
    : { offset: 1, first: code, second: -1, minimum };
}
