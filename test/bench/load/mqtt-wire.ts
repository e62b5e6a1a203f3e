/** As much of MQTT 3.1.1 as a load needs, made by hand: clean sessions, QoS 0, and QoS 1 from publisher to broker. */
import type { Link } from "./link.ts";
import { ask, type Match, type NumberedFrame, type PublishOptions, type Wire } from "./wire.ts";

const TOPICS_AT_ONCE = 100;
const PACKET_IDS = 0xffff;
let clients = 0;

export const mqttWire: Wire = {
  join: (link) => {
    clients += 1;
    const id = string(`load-${String(process.pid)}-${String(clients)}`);
    // Level 4, clean session, no keep-alive.
    const connect = packet(0x10, Buffer.concat([string("MQTT"), Buffer.from([4, 2, 0, 0]), id]));
    return ask(link, connect, [(answer) => answer[0] === 0x20 && answer[3] === 0]);
  },
  subscribe,
  register: () => Promise.reject(new Error("MQTT has no calls")),
  name: (words, match: Match) =>
    words.map((word) => (word === "" ? "+" : word)).join("/") + (match === "prefix" ? "/#" : ""),
  publication,
  call: () => {
    throw new Error("MQTT has no calls");
  },
  answer: () => {
    throw new Error("MQTT has no calls");
  },
  expectation: (what, payload) =>
    what === "event"
      ? { offset: 0, first: 0x30, second: -1, minimum: payload }
      : { offset: 0, first: 0x40, second: 2, minimum: 4 },
};

async function subscribe(link: Link, topics: readonly string[]): Promise<void> {
  for (let at = 0; at < topics.length; at += TOPICS_AT_ONCE) {
    const some = topics.slice(at, at + TOPICS_AT_ONCE).map((topic) => Buffer.concat([string(topic), Buffer.of(0)]));
    const id = Buffer.from([0, 1]);
    // Every code of the SUBACK grants QoS 0.
    await ask(link, packet(0x82, Buffer.concat([id, ...some])), [
      (answer) => answer[0] === 0x90 && answer.subarray(-some.length).every((code) => code === 0),
    ]);
  }
}

function publication({ topic, payload, acknowledge }: PublishOptions): NumberedFrame {
  const name = string(topic);
  const body = Buffer.from(payload);
  const id = (number: number): number => ((number - 1) % PACKET_IDS) + 1;
  if (!acknowledge) {
    const frame = packet(0x30, Buffer.concat([name, body]));
    return { make: () => Buffer.from(frame), width: () => 0, patch: () => {} };
  }
  const frame = packet(0x32, Buffer.concat([name, Buffer.from([0, 0]), body]));
  const idAt = frame.length - body.length - 2;
  const patch = (frames: Buffer, at: number, number: number): void => {
    frames.writeUInt16BE(id(number), at + idAt);
  };
  return {
    make: (number) => {
      const one = Buffer.from(frame);
      patch(one, 0, number);
      return one;
    },
    width: () => 2,
    patch,
  };
}

function string(text: string): Buffer {
  const octets = Buffer.from(text);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(octets.length);
  return Buffer.concat([length, octets]);
}

function packet(type: number, body: Buffer): Buffer {
  const header = [type];
  let rest = body.length;
  do {
    const octet = rest & 0x7f;
    rest >>>= 7;
    header.push(rest > 0 ? octet | 0x80 : octet);
  } while (rest > 0);
  return Buffer.concat([Buffer.from(header), body]);
}
