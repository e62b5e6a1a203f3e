/** Several slow peers that wait for the same messages: what they wait for lies in memory that is shared and used again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { payloadOf, toId, type Message, type PublicationId, type SubscriptionId } from "@pinion/wamp";
import { serializers } from "@pinion/wamp/serializer";
import { encodeFrame, FrameType, MAX_STANDARD_LENGTH } from "net-socket-raw-framing";
import { Outgoing, waitingMemory, type Encoded } from "../../router-bridge/encoded.ts";
import { webSocketFrame } from "../../router-bridge/listeners/web-socket-frame.ts";
import { Peer, type SlowPolicy } from "../../router-bridge/peer.ts";
import type { Block } from "../../router-bridge/waiting-memory.ts";
import { FillingLink } from "../support/filling-link.ts";

const PEERS = 4;
const SUBSCRIPTIONS = 2;

function event(number: number, subscription: number, topic: string, length: number): Message {
  return {
    type: "EVENT",
    subscription: toId<SubscriptionId>(subscription),
    publication: toId<PublicationId>(number),
    details: topic === "" ? {} : { topic },
    payload: payloadOf([String(number).padEnd(length, String(number % 10))]),
  };
}

/** Frames each message as a transport would, now and then twice. */
class FramingLink extends FillingLink {
  readonly frames: { readonly kind: "raw" | "web"; readonly frame: Uint8Array }[] = [];

  override send(encoded: Encoded): boolean {
    const kind = this.sent.length % 3 === 1 ? "web" : "raw";
    this.frames.push({ kind, frame: kind === "raw" ? encoded.rawSocketFrame : encoded.webSocketFrame });
    return super.send(encoded);
  }
}

class Slow {
  readonly link = new FramingLink(1000);
  readonly peer: Peer;
  readonly published: Message[] = [];
  readonly policy: SlowPolicy;
  /** Left before it had taken everything. */
  gone = false;

  constructor(policy: SlowPolicy) {
    this.policy = policy;
    const bounds = { octets: 60_000, messages: 12, grace: 1e9, hardOctets: 150_000, pressureOctets: 1e9 };
    this.peer = new Peer(this.link, { ...bounds, policy: () => policy }, () => 0);
  }

  send(outgoing: Outgoing): void {
    if (this.peer.closed) return;
    this.published.push(outgoing.message);
    if (this.peer.send(outgoing) === "overflow") this.close();
  }

  /** It takes what its link holds. */
  drain(): void {
    this.link.bufferedAmount = 0;
    if (!this.peer.closed) this.peer.drained();
  }

  close(): void {
    this.peer.close({ code: 1000, words: "" });
  }

  end(): void {
    this.gone ||= this.peer.queuedMessages > 0;
    this.peer.ended();
  }

  check(): void {
    const { link, published, gone, policy } = this;
    const byNumber = new Map(published.map((message) => [numberOf(message), message]));
    const told = new Map<number, number>();
    const came: number[] = [];
    for (const [i, { octets }] of link.sent.entries()) {
      const message = serializers.json.parse(octets.slice());
      assert.ok(message.type === "EVENT");
      const original = byNumber.get(numberOf(message));
      assert.ok(original?.type === "EVENT", "it was sent something that was not published to it");
      const { pinion_dropped: dropped = 0 } = message.details;
      const notice = dropped === 0 ? {} : { pinion_dropped: dropped };
      const expected = serializers.json.marshal({ ...original, details: { ...original.details, ...notice } }).slice();
      assert.deepEqual(octets, expected);
      assert.deepEqual(link.frames[i]?.frame, frame(link.frames[i]?.kind, expected));
      told.set(message.subscription, (told.get(message.subscription) ?? 0) + 1 + Number(dropped));
      came.push(numberOf(message));
    }
    assert.deepEqual(
      came,
      came.toSorted((a, b) => a - b),
    );
    if (gone) return;
    if (policy === "disconnect") assert.equal(came.length, published.length);
    for (const [subscription, count] of told) {
      const sent = published.filter((one) => one.type === "EVENT" && one.subscription === subscription);
      assert.equal(count, sent.length, "what came and what was told of is all that was published");
    }
  }
}

const numberOf = (message: Message): number => (message.type === "EVENT" ? message.publication : 0);

function frame(kind: "raw" | "web" | undefined, octets: Uint8Array): Uint8Array {
  if (kind === "web") return webSocketFrame(octets, serializers.json.binary);
  return encodeFrame(FrameType.MESSAGE, octets, { maxLength: MAX_STANDARD_LENGTH });
}

interface Publish {
  readonly what: "publish";
  readonly to: readonly number[];
  readonly subscription: number;
  readonly topic: string;
  readonly length: number;
  readonly times: number;
}

type Step = Publish | { readonly what: "drain" | "close" | "end"; readonly who: number };

function play(slow: readonly Slow[], steps: readonly Step[]): void {
  let number = 0;
  for (const one of steps) {
    if (one.what !== "publish") {
      slow[one.who]?.[one.what]();
      continue;
    }
    for (let i = 0; i < one.times; i++) {
      number += 1;
      const outgoing = new Outgoing(event(number, one.subscription, one.topic, one.length));
      for (const who of one.to) slow[who]?.send(outgoing);
    }
  }
}

const one = fc.nat(PEERS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      what: fc.constant("publish" as const),
      to: fc.uniqueArray(one, { minLength: 1 }),
      subscription: fc.integer({ min: 1, max: SUBSCRIPTIONS }),
      topic: fc.constantFrom("", "a", "b"),
      length: fc.oneof(fc.integer({ min: 10, max: 3000 }), fc.integer({ min: 10, max: 70_000 })),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constant("drain" as const), who: one }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom("close" as const, "end" as const), who: one }) },
);
const policies = fc.array(fc.constantFrom<SlowPolicy>("coalesce", "drop-oldest", "disconnect"), {
  minLength: PEERS,
  maxLength: PEERS,
});

test("what slow peers read at last is what was published, octet by octet, or told as left out, whoever waited beside them", (t) => {
  let blocks = 0;
  const put = waitingMemory.put.bind(waitingMemory);
  const free = waitingMemory.free.bind(waitingMemory);
  t.mock.method(waitingMemory, "put", (octets: Uint8Array) => {
    blocks += 1;
    return put(octets);
  });
  t.mock.method(waitingMemory, "free", (block: Block) => {
    blocks -= 1;
    block.slab.octets.fill(0x2e, block.start, block.start + block.slab.blockSize);
    free(block);
  });
  fc.assert(
    fc.property(policies, fc.array(step, { minLength: 20, maxLength: 80 }), (chosen, steps) => {
      const slow = chosen.map((policy) => new Slow(policy));
      play(slow, steps);
      for (const it of slow) while (!it.peer.closed && it.link.bufferedAmount > 0) it.drain();
      for (const it of slow) it.check();
      assert.equal(blocks, 0, "nobody waits, yet something is held");
    }),
    { numRuns: 80 },
  );
});
